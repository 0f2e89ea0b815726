// Package s3 is the driver for Amazon S3 and for stores that speak its
// protocol.
//
// It works on one bucket, below an optional prefix:
//
//	driver, err := s3.New(ctx, s3.Config{Bucket: "registry", Root: "prod", Region: "eu-central-1"})
//	if err != nil {
//		return err
//	}
//	plan, err := blobsweep.Plan(ctx, driver, blobsweep.Options{})
//
// [ParseParameters] reads the storage section of a registry's own
// configuration, [ParseURL] an s3:// URL. Credentials that neither of them
// names come from the SDK's chain: the environment, the shared configuration
// and its profiles, a web identity, the container, the instance.
//
// # What it promises
//
// A key is absent when the store says so of that key, by the code NoSuchKey or
// by a listing; never because of a mere 404. A key is deleted when the store
// names it as deleted. Each call of the SDK is one request: the driver itself
// repeats what failed in passing, at the pace that the store allows. No error
// holds credentials.
//
// # Permissions
//
// A plan needs s3:ListBucket and s3:GetObject; it uses
// s3:ListBucketMultipartUploads, s3:ListMultipartUploadParts and
// s3:GetBucketVersioning. A collection needs s3:DeleteObject and
// s3:AbortMultipartUpload as well. Of these, s3:ListBucket,
// s3:ListBucketMultipartUploads and s3:GetBucketVersioning are granted on the
// bucket, the others on its objects.
package s3
