package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
)

// noSuchUpload is the code for an upload that was completed or aborted.
const noSuchUpload = "NoSuchUpload"

// ListUploads implements [objectstore.API].
func (b *bucket) ListUploads(ctx context.Context, q objectstore.UploadsQuery) (objectstore.UploadsPage, error) {
	var page objectstore.UploadsPage
	out, err := b.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{
		Bucket: &b.name, Prefix: optional(q.Prefix), MaxUploads: aws.Int32(pageSize), EncodingType: types.EncodingTypeUrl,
		KeyMarker: optional(q.KeyMarker), UploadIdMarker: optional(q.IDMarker),
	})
	if err == nil && out.IsTruncated == nil {
		err = noListing()
	}
	if err != nil {
		return page, b.fault(err, "")
	}
	for _, u := range out.Uploads {
		key, err := decode(out.EncodingType, u.Key)
		if err != nil {
			return objectstore.UploadsPage{}, err
		}
		page.Uploads = append(page.Uploads, storage.MultipartUpload{
			Key: key, ID: aws.ToString(u.UploadId), Initiated: aws.ToTime(u.Initiated),
		})
	}
	if page.Truncated = *out.IsTruncated; page.Truncated {
		page.IDMarker = aws.ToString(out.NextUploadIdMarker)
		if page.KeyMarker, err = decode(out.EncodingType, out.NextKeyMarker); err != nil {
			return objectstore.UploadsPage{}, err
		}
	}
	return page, nil
}

// ListParts implements [objectstore.API].
func (b *bucket) ListParts(ctx context.Context, u storage.MultipartUpload, after string) (objectstore.PartsPage, error) {
	out, err := b.client.ListParts(ctx, &s3.ListPartsInput{
		Bucket: &b.name, Key: &u.Key, UploadId: &u.ID, MaxParts: aws.Int32(pageSize), PartNumberMarker: optional(after),
	})
	if err == nil && out.IsTruncated == nil {
		err = noListing()
	}
	if err != nil {
		return objectstore.PartsPage{}, b.fault(err, noSuchUpload)
	}
	page := objectstore.PartsPage{Truncated: *out.IsTruncated, Next: aws.ToString(out.NextPartNumberMarker)}
	for _, part := range out.Parts {
		page.Add(aws.ToInt64(part.Size), aws.ToTime(part.LastModified))
	}
	return page, nil
}

// Abort implements [objectstore.API].
func (b *bucket) Abort(ctx context.Context, u storage.MultipartUpload) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket: &b.name, Key: &u.Key, UploadId: &u.ID,
	})
	if err != nil {
		return b.fault(err, noSuchUpload)
	}
	return nil
}
