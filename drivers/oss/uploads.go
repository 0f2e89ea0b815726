package oss

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
)

// ListUploads implements [objectstore.API].
func (b *bucket) ListUploads(ctx context.Context, q objectstore.UploadsQuery) (objectstore.UploadsPage, error) {
	out, err := b.client.ListMultipartUploads(ctx, &oss.ListMultipartUploadsRequest{
		Bucket: &b.name, Prefix: optional(q.Prefix), MaxUploads: pageSize,
		KeyMarker: optional(q.KeyMarker), UploadIdMarker: optional(q.IDMarker),
	})
	if err != nil {
		return objectstore.UploadsPage{}, b.fault(err, "")
	}
	if value(out.Bucket) != b.name {
		return objectstore.UploadsPage{}, noAnswer()
	}
	page := objectstore.UploadsPage{
		Truncated: out.IsTruncated, KeyMarker: value(out.NextKeyMarker), IDMarker: value(out.NextUploadIdMarker),
	}
	for _, u := range out.Uploads {
		if u.Key == nil || u.UploadId == nil {
			return objectstore.UploadsPage{}, noAnswer()
		}
		page.Uploads = append(page.Uploads, storage.MultipartUpload{Key: *u.Key, ID: *u.UploadId, Initiated: value(u.Initiated)})
	}
	return page, nil
}

// ListParts implements [objectstore.API].
func (b *bucket) ListParts(ctx context.Context, u storage.MultipartUpload, after string) (objectstore.PartsPage, error) {
	in := &oss.ListPartsRequest{Bucket: &b.name, Key: &u.Key, UploadId: &u.ID, MaxParts: pageSize}
	if after != "" {
		number, err := strconv.ParseInt(after, 10, 32)
		if err != nil {
			return objectstore.PartsPage{}, fmt.Errorf("the number of a part: %w", err)
		}
		in.PartNumberMarker = int32(number)
	}
	out, err := b.client.ListParts(ctx, in)
	if err != nil {
		return objectstore.PartsPage{}, b.fault(err, noSuchUpload)
	}
	if value(out.UploadId) != u.ID {
		return objectstore.PartsPage{}, noAnswer()
	}
	page := objectstore.PartsPage{Truncated: out.IsTruncated, Next: strconv.Itoa(int(out.NextPartNumberMarker))}
	for _, part := range out.Parts {
		page.Add(part.Size, value(part.LastModified))
	}
	return page, nil
}

// Abort implements [objectstore.API].
func (b *bucket) Abort(ctx context.Context, u storage.MultipartUpload) error {
	_, err := b.client.AbortMultipartUpload(ctx, &oss.AbortMultipartUploadRequest{
		Bucket: &b.name, Key: &u.Key, UploadId: &u.ID,
	})
	if err != nil {
		return b.fault(err, noSuchUpload)
	}
	return nil
}
