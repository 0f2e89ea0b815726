package s3

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// Delete implements [objectstore.API]. A store that wants Content-MD5 says so
// once; from then on every request carries it.
func (b *bucket) Delete(ctx context.Context, keys []string) (objectstore.DeleteResult, error) {
	var result objectstore.DeleteResult
	if len(keys) > pageSize {
		return result, fmt.Errorf("%d keys in one request, of at most %d", len(keys), pageSize)
	}
	batch := make([]types.ObjectIdentifier, 0, len(keys))
	for i, key := range keys {
		if !nameable(key) {
			result.Failed = append(result.Failed, objectstore.KeyFault{Key: key, Fault: &objectstore.Fault{
				Class:   objectstore.Rejected,
				Message: "the key has characters that a request to delete cannot hold",
			}})
			continue
		}
		batch = append(batch, types.ObjectIdentifier{Key: &keys[i]})
	}
	if len(batch) == 0 {
		return result, nil
	}
	var options []func(*s3.Options)
	md5 := b.md5.Load()
	if md5 {
		options = append(options, s3.WithAPIOptions(withContentMD5))
	}
	out, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &b.name, Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(false)},
	}, options...)
	if err != nil {
		fault := b.fault(err, "")
		if !md5 && wantsMD5(fault) {
			b.md5.Store(true)
			fault.Class = objectstore.Transient
		}
		return objectstore.DeleteResult{}, fault
	}
	for _, d := range out.Deleted {
		result.Deleted = append(result.Deleted, aws.ToString(d.Key))
	}
	for _, e := range out.Errors {
		code := aws.ToString(e.Code)
		class, known := classOf(code)
		switch {
		case code == "NoSuchKey":
			class = objectstore.Absent
		case !known:
			class = objectstore.Rejected
		}
		result.Failed = append(result.Failed, objectstore.KeyFault{
			Key:   aws.ToString(e.Key),
			Fault: &objectstore.Fault{Class: class, Code: code, Message: b.keyring.redact(aws.ToString(e.Message))},
		})
	}
	return result, nil
}

// wantsMD5 recognises a store that refuses the checksums of today, or demands
// that of former days.
func wantsMD5(f *objectstore.Fault) bool {
	switch f.Code {
	case "MissingContentMD5", "MissingArgument", "InvalidDigest", "NotImplemented":
		return true
	case "BadDigest": // damaged on the way
		return false
	}
	message := strings.ToLower(f.Message)
	return f.Status/100 == 4 && (strings.Contains(message, "md5") || strings.Contains(message, "checksum"))
}

// withContentMD5 replaces the checksum of a request by Content-MD5: without this
// step of the SDK there is no other.
func withContentMD5(stack *middleware.Stack) error {
	if _, err := stack.Initialize.Remove("AWSChecksum:SetupInputContext"); err != nil {
		return err
	}
	return smithyhttp.AddContentChecksumMiddleware(stack)
}

// nameable tells whether XML can hold a key. The SDK would put another
// character in the place of one that XML cannot.
func nameable(key string) bool {
	return utf8.ValidString(key) && !strings.ContainsFunc(key, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
	})
}
