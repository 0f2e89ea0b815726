package oss

import (
	"bytes"
	"context"
	"io"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
)

// pageSize is the most that the store lists at a time. Unasked it lists 100.
const pageSize = 1000

// bucket implements [objectstore.API] with the SDK.
type bucket struct {
	client  *oss.Client
	name    string
	region  string
	keyring *keyring
	encrypt bool
	keyID   string // of the key in KMS, if any
}

var _ objectstore.API = (*bucket)(nil)

// List implements [objectstore.API]. The SDK asks for encoded keys, and decodes
// them.
func (b *bucket) List(ctx context.Context, q objectstore.ListQuery) (objectstore.ListPage, error) {
	in := &oss.ListObjectsV2Request{
		Prefix: optional(q.Prefix), Delimiter: optional(q.Delimiter), ContinuationToken: optional(q.Token), MaxKeys: pageSize,
	}
	if q.Token == "" {
		in.StartAfter = optional(q.StartAfter)
	}
	return b.list(ctx, in, q.StartAfter)
}

// list sends a listing, one that began behind startAfter. An answer that does
// not name the bucket, such as an empty one, is none, and neither is one that
// repeats another question. On later pages it may leave out where the first one
// began.
func (b *bucket) list(
	ctx context.Context, in *oss.ListObjectsV2Request, startAfter string,
) (objectstore.ListPage, error) {
	in.Bucket = &b.name
	out, err := b.client.ListObjectsV2(ctx, in)
	if err != nil {
		return objectstore.ListPage{}, b.fault(err, "")
	}
	later := in.ContinuationToken != nil && value(out.StartAfter) == ""
	complete := value(out.Name) == b.name &&
		objectstore.Echoes(out.Prefix, value(in.Prefix)) && (later || objectstore.Echoes(out.StartAfter, startAfter)) &&
		(out.KeyCount <= 0 || len(out.Contents)+len(out.CommonPrefixes) > 0)
	for _, o := range out.Contents {
		complete = complete && o.Key != nil
	}
	for _, p := range out.CommonPrefixes {
		complete = complete && p.Prefix != nil
	}
	if !complete {
		return objectstore.ListPage{}, noAnswer()
	}
	page := objectstore.ListPage{
		Objects: make([]storage.Object, len(out.Contents)), Prefixes: make([]string, len(out.CommonPrefixes)),
		Token: value(out.NextContinuationToken),
	}
	// A token is more than nothing, whatever else the answer says.
	page.Truncated = out.IsTruncated || page.Token != ""
	for i, o := range out.Contents {
		page.Objects[i] = object(o)
		page.Objects[i].Key = *o.Key
	}
	for i, p := range out.CommonPrefixes {
		page.Prefixes[i] = *p.Prefix
	}
	return page, nil
}

// noAnswer is the fault of an answer of another kind than was asked for.
func noAnswer() *objectstore.Fault {
	return &objectstore.Fault{Class: objectstore.Transient, Message: "the answer is not one to the question"}
}

// Get implements [objectstore.API].
func (b *bucket) Get(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	out, err := b.client.GetObject(ctx, &oss.GetObjectRequest{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, 0, b.fault(err, noSuchKey)
	}
	if value(out.ObjectType) == symlink {
		if err := out.Body.Close(); err != nil {
			return nil, 0, b.fault(err, "")
		}
		return nil, 0, storage.ErrIrregular
	}
	size := out.ContentLength
	if out.Headers.Get("Content-Length") == "" {
		size = -1
	}
	return checked(out.Body, value(out.HashCRC64)), size, nil
}

// Put implements [objectstore.API], with the encryption of the configuration. The
// SDK compares the checksum that the store tells of what it has. An answer without
// an ETag is not that of a store.
func (b *bucket) Put(ctx context.Context, key string, content []byte) error {
	in := &oss.PutObjectRequest{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(content), ContentType: oss.Ptr(contentType),
	}
	switch {
	case b.encrypt && b.keyID != "":
		in.ServerSideEncryption, in.ServerSideEncryptionKeyId = oss.Ptr("KMS"), &b.keyID
	case b.encrypt:
		in.ServerSideEncryption = oss.Ptr("AES256")
	}
	out, err := b.client.PutObject(ctx, in)
	switch {
	case err != nil:
		return b.fault(err, "")
	case value(out.ETag) == "":
		return noAnswer()
	}
	return nil
}

// contentType is the one that registries give to all objects.
const contentType = "application/octet-stream"

// Stat implements [objectstore.API]. A 404 that has no code may as well be that
// of something on the way, so that only a listing that begins with the key
// proves that it is absent.
func (b *bucket) Stat(ctx context.Context, key string) (storage.Object, error) {
	out, err := b.client.HeadObject(ctx, &oss.HeadObjectRequest{Bucket: &b.name, Key: &key})
	if err == nil {
		return storage.Object{
			Size: out.ContentLength, ModTime: value(out.LastModified), Irregular: value(out.ObjectType) == symlink,
		}, nil
	}
	fault := b.fault(err, noSuchKey)
	if fault.Status != 404 || fault.Class != objectstore.Transient || fault.Code != "" {
		return storage.Object{}, fault
	}
	page, err := b.list(ctx, &oss.ListObjectsV2Request{Prefix: &key, MaxKeys: 1}, "")
	if err != nil {
		return storage.Object{}, err
	}
	return objectstore.Listed(page, key, fault.RequestID)
}

// Delete implements [objectstore.API]. The store answers with the keys that it
// deleted; there is no list of those that it did not.
func (b *bucket) Delete(ctx context.Context, keys []string) (objectstore.DeleteResult, error) {
	batch := &oss.Delete{Objects: make([]oss.ObjectIdentifier, len(keys))}
	for i := range keys {
		batch.Objects[i].Key = &keys[i]
	}
	out, err := b.client.DeleteMultipleObjects(ctx, &oss.DeleteMultipleObjectsRequest{Bucket: &b.name, Delete: batch})
	if err != nil {
		return objectstore.DeleteResult{}, b.fault(err, "")
	}
	var result objectstore.DeleteResult
	for _, deleted := range out.DeletedObjects {
		result.Deleted = append(result.Deleted, value(deleted.Key))
	}
	return result, nil
}

// Versioned implements [objectstore.API].
func (b *bucket) Versioned(ctx context.Context) (bool, error) {
	out, err := b.client.GetBucketVersioning(ctx, &oss.GetBucketVersioningRequest{Bucket: &b.name})
	if err != nil {
		return false, b.fault(err, "")
	}
	return value(out.VersionStatus) != "", nil
}

// symlink is the type of an object that stands for another one.
const symlink = "Symlink"

// object is what a listing says of an object, but for the key.
func object(o oss.ObjectProperties) storage.Object {
	return storage.Object{Size: o.Size, ModTime: value(o.LastModified), Irregular: value(o.Type) == symlink}
}

// optional leaves out what is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// value is what a pointer leads to, or nothing.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
