// Package oss is the driver for Alibaba Cloud OSS.
//
// It works on one bucket, below an optional prefix:
//
//	driver, err := oss.New(ctx, oss.Config{Bucket: "registry", Root: "prod", Region: "cn-hangzhou"})
//	if err != nil {
//		return err
//	}
//	plan, err := blobsweep.Plan(ctx, driver, blobsweep.Options{})
//
// [ParseParameters] reads the storage section of a registry's own
// configuration, as registries up to version 2.8 and Harbor have it, and
// [ParseURL] an oss:// URL.
//
// # Credentials
//
// Those of the configuration come first. Without them, the first of these that
// is there is used, and no other:
//
//   - OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET and, for temporary credentials,
//     OSS_SESSION_TOKEN in the environment;
//   - ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and
//     ALIBABA_CLOUD_SECURITY_TOKEN;
//   - a service account of Kubernetes (RRSA): ALIBABA_CLOUD_ROLE_ARN,
//     ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE;
//   - the profile of the aliyun command: ALIBABA_CLOUD_PROFILE in
//     ALIBABA_CLOUD_CONFIG_FILE, or the current one in ~/.aliyun/config.json;
//   - the RAM role of the ECS instance, unless ALIBABA_CLOUD_ECS_METADATA_DISABLED
//     is true.
//
// Where ALIBABA_CLOUD_ROLE_ARN is set without an OIDC token, that role is
// assumed with the keys of the environment. Temporary credentials are renewed.
//
// # What it promises
//
// A key is absent when the store says so of that key, by the code NoSuchKey or
// by a listing; never because of a mere 404. A key is deleted when the store
// names it as deleted. The SDK does not retry: the driver itself repeats what
// failed in passing, at the pace that the store allows. No error holds
// credentials.
//
// # Permissions
//
// A plan needs oss:ListObjects and oss:GetObject; it uses
// oss:ListMultipartUploads, oss:ListParts and oss:GetBucketVersioning. A
// collection needs oss:DeleteObject and oss:AbortMultipartUpload as well. Of
// these, oss:ListObjects, oss:ListMultipartUploads and oss:GetBucketVersioning
// are granted on the bucket, the others on its objects.
package oss
