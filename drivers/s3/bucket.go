package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
)

// pageSize is the most that the store lists at a time.
const pageSize = 1000

// bucket implements [objectstore.API] with the SDK.
type bucket struct {
	client  *s3.Client
	name    string
	keyring keyring
	writing writing
	md5     atomic.Bool // deletes carry Content-MD5
}

var _ objectstore.API = (*bucket)(nil)

// List implements [objectstore.API].
func (b *bucket) List(ctx context.Context, q objectstore.ListQuery) (objectstore.ListPage, error) {
	in := &s3.ListObjectsV2Input{
		Bucket: &b.name, Prefix: optional(q.Prefix), Delimiter: optional(q.Delimiter),
		ContinuationToken: optional(q.Token), MaxKeys: aws.Int32(pageSize), EncodingType: types.EncodingTypeUrl,
	}
	if q.Token == "" {
		in.StartAfter = optional(q.StartAfter)
	}
	return b.list(ctx, in, q.StartAfter)
}

// list sends a listing, one that began behind startAfter, and decodes the page.
func (b *bucket) list(ctx context.Context, in *s3.ListObjectsV2Input, startAfter string) (objectstore.ListPage, error) {
	out, err := b.client.ListObjectsV2(ctx, in, s3.WithAPIOptions(reading(readListing)))
	if err == nil && !b.answers(out, in, startAfter) {
		err = noListing()
	}
	if err != nil {
		return objectstore.ListPage{}, b.fault(err, "")
	}
	page := objectstore.ListPage{
		Objects: make([]storage.Object, len(out.Contents)), Prefixes: make([]string, len(out.CommonPrefixes)),
		Token: aws.ToString(out.NextContinuationToken),
	}
	// A token is more than nothing, whatever else the answer says.
	page.Truncated = *out.IsTruncated || page.Token != ""
	for i, o := range out.Contents {
		page.Objects[i] = object(o)
		if page.Objects[i].Key, err = decode(out.EncodingType, o.Key); err != nil {
			return objectstore.ListPage{}, err
		}
	}
	for i, p := range out.CommonPrefixes {
		if page.Prefixes[i], err = decode(out.EncodingType, p.Prefix); err != nil {
			return objectstore.ListPage{}, err
		}
	}
	return page, nil
}

// answers tells whether an answer is a listing, and the one that was asked for.
// One that does not say whether it is complete, such as an empty one, is none.
// What it repeats of the question has to be ours; on later pages stores may
// leave out where the first one began.
func (b *bucket) answers(out *s3.ListObjectsV2Output, in *s3.ListObjectsV2Input, startAfter string) bool {
	later := in.ContinuationToken != nil && aws.ToString(out.StartAfter) == ""
	return out.IsTruncated != nil && b.named(aws.ToString(out.Name)) &&
		objectstore.Echoes(out.Prefix, aws.ToString(in.Prefix)) &&
		(later || objectstore.Echoes(out.StartAfter, startAfter)) &&
		(aws.ToInt32(out.KeyCount) <= 0 || len(out.Contents)+len(out.CommonPrefixes) > 0)
}

// named tells whether an answer's name can be that of the bucket. Access points
// may go by another one, and a tenant's bucket by its name without the tenant.
func (b *bucket) named(name string) bool {
	_, short, tenant := strings.Cut(b.name, ":")
	return name == "" || name == b.name || tenant && name == short || strings.HasPrefix(b.name, "arn:") ||
		slices.ContainsFunc([]string{"-s3alias", "--ol-s3", "--xa-s3"}, func(alias string) bool {
			return strings.HasSuffix(b.name, alias)
		})
}

func noListing() *objectstore.Fault {
	return &objectstore.Fault{Class: objectstore.Transient, Message: "the answer is no listing"}
}

// Get implements [objectstore.API].
func (b *bucket) Get(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key},
		s3.WithAPIOptions(reading(readContent)))
	if err != nil {
		return nil, 0, b.fault(err, "NoSuchKey")
	}
	return out.Body, sizeOf(out.ContentLength), nil
}

// Put implements [objectstore.API], with what the configuration says of new
// objects. An answer without an ETag is not that of a store.
func (b *bucket) Put(ctx context.Context, key string, content []byte) error {
	out, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(content), ContentType: aws.String(contentType),
		ServerSideEncryption: b.writing.encryption, SSEKMSKeyId: optional(b.writing.keyID),
		StorageClass: b.writing.storageClass, ACL: b.writing.acl,
	})
	if err == nil && aws.ToString(out.ETag) == "" {
		return &objectstore.Fault{Class: objectstore.Transient, Message: "the answer does not say that the object was written"}
	}
	if err != nil {
		return b.fault(err, "")
	}
	return nil
}

// Stat implements [objectstore.API]. The 404 of a HEAD has no body and may as
// well be that of the bucket or of something on the way, so that only a listing
// that begins behind the key proves that it is absent.
func (b *bucket) Stat(ctx context.Context, key string) (storage.Object, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err == nil {
		return storage.Object{Size: sizeOf(out.ContentLength), ModTime: aws.ToTime(out.LastModified)}, nil
	}
	fault := b.fault(err, "")
	if fault.Status != 404 || fault.Class != objectstore.Transient {
		return storage.Object{}, fault
	}
	page, err := b.list(ctx, &s3.ListObjectsV2Input{
		Bucket: &b.name, Prefix: &key, MaxKeys: aws.Int32(1), EncodingType: types.EncodingTypeUrl,
	}, "")
	if err != nil {
		return storage.Object{}, err
	}
	return objectstore.Listed(page, key, fault.RequestID)
}

// Versioned implements [objectstore.API].
func (b *bucket) Versioned(ctx context.Context) (bool, error) {
	out, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b.name})
	if err != nil {
		return false, b.fault(err, "")
	}
	return out.Status != "", nil
}

// optional leaves out what is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// object is what a listing says of an object, but for the key.
func object(o types.Object) storage.Object {
	return storage.Object{Size: sizeOf(o.Size), ModTime: aws.ToTime(o.LastModified)}
}

// sizeOf is a size, or -1 where none is given.
func sizeOf(size *int64) int64 {
	if size == nil {
		return -1
	}
	return *size
}

// decode reads a key of a listing, which is encoded if the answer says so:
// stores are free to ignore the wish.
func decode(encoding types.EncodingType, key *string) (string, error) {
	if key == nil {
		return "", noListing()
	}
	if encoding != types.EncodingTypeUrl {
		return *key, nil
	}
	plain, err := url.QueryUnescape(*key)
	if err != nil {
		return "", &objectstore.Fault{
			Class:   objectstore.Failed,
			Message: fmt.Sprintf("the listing says that its keys are URL encoded, and %q is not", *key),
			Cause:   err,
		}
	}
	return plain, nil
}
