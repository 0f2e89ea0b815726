package osstest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/blobsweep/blobsweep/internal/osstest"
)

var versions = map[string]oss.SignatureVersionType{"v4": oss.SignatureVersionV4, "v1": oss.SignatureVersionV1}

// What the maker's SDK signs is accepted, for every operation, in both styles
// and both versions, and keys that need escaping.
func TestSignaturesOfTheSDK(t *testing.T) {
	for version, v := range versions {
		for _, style := range []string{"path", "hosted"} {
			t.Run(version+"/"+style, func(t *testing.T) {
				s := osstest.Start(t, osstest.Config{SecurityToken: "token+/="})
				c := client(s, func(c *oss.Config) {
					keys(osstest.AccessKeyID, osstest.AccessKeySecret, "token+/=")(c)
					c.WithSignatureVersion(v)
					if style == "hosted" {
						hosted(s)(c)
					}
				})
				for _, key := range []string{"a", "a b/c+d", "é/日本", "%41&?#=", "~-_.!*'()", "a//b", "a/../b/"} {
					everything(t, s, c, key)
				}
			})
		}
	}
}

// everything sends a request of each kind.
func everything(t *testing.T, s *osstest.Server, c *oss.Client, key string) {
	t.Helper()
	bucket := oss.Ptr(osstest.Bucket)
	before := s.Requests()
	check := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s %q: %v", what, key, err)
		}
	}
	_, err := c.PutObject(t.Context(), &oss.PutObjectRequest{Bucket: bucket, Key: &key,
		Body: strings.NewReader("hello"), ContentType: oss.Ptr("text/x; a=b")})
	check("put", err)
	got, err := c.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: bucket, Key: &key})
	check("get", err)
	check("close", got.Body.Close())
	_, err = c.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: bucket, Key: &key})
	check("head", err)
	list, err := c.ListObjectsV2(t.Context(), &oss.ListObjectsV2Request{Bucket: bucket, Prefix: &key,
		MaxKeys: 5, Delimiter: oss.Ptr("/")})
	check("list", err)
	if len(list.Contents) != 1 || *list.Contents[0].Key != key {
		t.Errorf("%q is listed as %+v", key, list.Contents)
	}
	_, err = c.ListObjectsV2(t.Context(), &oss.ListObjectsV2Request{Bucket: bucket, StartAfter: &key, ContinuationToken: oss.Ptr("YSs+Lz4+Pz8=")})
	check("list on", err)
	_, err = c.GetBucketVersioning(t.Context(), &oss.GetBucketVersioningRequest{Bucket: bucket})
	check("versioning", err)
	up, err := c.InitiateMultipartUpload(t.Context(), &oss.InitiateMultipartUploadRequest{Bucket: bucket, Key: &key})
	check("initiate", err)
	_, err = c.UploadPart(t.Context(), &oss.UploadPartRequest{Bucket: bucket, Key: &key, UploadId: up.UploadId, PartNumber: 1,
		Body: strings.NewReader("part")})
	check("upload part", err)
	uploads, err := c.ListMultipartUploads(t.Context(), &oss.ListMultipartUploadsRequest{Bucket: bucket, Prefix: &key})
	check("list uploads", err)
	if len(uploads.Uploads) != 1 || *uploads.Uploads[0].Key != key {
		t.Errorf("the upload of %q is listed as %+v", key, uploads.Uploads)
	}
	parts, err := c.ListParts(t.Context(), &oss.ListPartsRequest{Bucket: bucket, Key: &key, UploadId: up.UploadId})
	check("list parts", err)
	if len(parts.Parts) != 1 || parts.Parts[0].Size != 4 {
		t.Errorf("parts are %+v", parts.Parts)
	}
	_, err = c.AbortMultipartUpload(t.Context(), &oss.AbortMultipartUploadRequest{Bucket: bucket, Key: &key, UploadId: up.UploadId})
	check("abort", err)
	deleted, err := c.DeleteMultipleObjects(t.Context(), &oss.DeleteMultipleObjectsRequest{
		Bucket: bucket, Delete: &oss.Delete{Objects: []oss.ObjectIdentifier{{Key: &key}}},
	})
	check("delete", err)
	if len(deleted.DeletedObjects) != 1 || *deleted.DeletedObjects[0].Key != key || len(s.Keys()) != 0 {
		t.Errorf("deleted is %+v, left is %q", deleted.DeletedObjects, s.Keys())
	}
	for op, n := range s.Requests() {
		if want := before[op] + 1; n != want && op != osstest.ListObjectsV2 || op == "" {
			t.Errorf("%q was counted %d times, want %d", op, n, want)
		}
	}
}

// Who is not known, or does not know the secret, is refused.
func TestStrangersAreRefused(t *testing.T) {
	id, secret := osstest.AccessKeyID, osstest.AccessKeySecret
	for _, c := range []struct {
		name   string
		change func(*oss.Config)
		token  string // that the server wants
		skew   time.Duration
		status int
		code   string
		only   string // version of signatures
	}{
		{name: "wrong secret", change: keys(id, secret+"x"), status: 403, code: "SignatureDoesNotMatch"},
		{name: "unknown access key", change: keys(id+"x", secret), status: 403, code: "InvalidAccessKeyId"},
		{name: "wrong region", change: func(c *oss.Config) { c.WithRegion("cn-beijing") },
			status: 400, code: "InvalidArgument", only: "v4"},
		{name: "anonymous", change: func(c *oss.Config) {
			c.WithCredentialsProvider(credentials.NewAnonymousCredentialsProvider())
		}, status: 403, code: "AccessDenied"},
		{name: "behind", skew: 16 * time.Minute, status: 403, code: "RequestTimeTooSkewed"},
		{name: "ahead", skew: -16 * time.Minute, status: 403, code: "RequestTimeTooSkewed"},
		{name: "a little behind", skew: 14 * time.Minute},
		{name: "a little ahead", skew: -14 * time.Minute},
		{name: "no token", token: "token", status: 403, code: "InvalidSecurityToken"},
		{name: "wrong token", change: keys(id, secret, "other"), token: "token", status: 403, code: "InvalidSecurityToken"},
		{name: "a token for nothing", change: keys(id, secret, "token"), status: 403, code: "InvalidSecurityToken"},
	} {
		for version, v := range versions {
			if c.only != "" && c.only != version {
				continue
			}
			t.Run(c.name+"/"+version, func(t *testing.T) {
				s := osstest.Start(t, osstest.Config{SecurityToken: c.token,
					Now: func() time.Time { return time.Now().Add(c.skew) }})
				put(t, s, "key")
				client := client(s, func(o *oss.Config) {
					o.WithSignatureVersion(v)
					if c.change != nil {
						c.change(o)
					}
				})
				bucket, key := oss.Ptr(osstest.Bucket), oss.Ptr("key")
				_, list := client.ListObjectsV2(t.Context(), &oss.ListObjectsV2Request{Bucket: bucket})
				_, head := client.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: bucket, Key: key})
				_, remove := client.DeleteMultipleObjects(t.Context(), &oss.DeleteMultipleObjectsRequest{
					Bucket: bucket, Delete: &oss.Delete{Objects: []oss.ObjectIdentifier{{Key: key}}},
				})
				for _, err := range []error{list, head, remove} {
					if c.code != "" {
						wantError(t, err, c.status, c.code)
					} else if err != nil {
						t.Error(err)
					}
				}
				if left := len(s.Keys()); (left == 1) != (c.code != "") {
					t.Errorf("%d keys are left", left)
				}
			})
		}
	}
}

// A signature covers what a request does.
func TestTamperedRequestsAreRefused(t *testing.T) {
	header := func(name, value string) roundTrip {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	query := func(old, changed string) roundTrip {
		return func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, changed, 1) }
	}
	for _, c := range []struct {
		name   string
		tamper roundTrip
		only   string
		code   string
	}{
		{name: "key", tamper: func(r *http.Request) { r.URL.Path += "2" }},
		{name: "method", tamper: func(r *http.Request) { r.Method = http.MethodPut }},
		{name: "content type", tamper: header("Content-Type", "text/plain")},
		{name: "digest", tamper: header("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=x")},
		{name: "another header", tamper: header("x-oss-object-acl", "public-read")},
		{name: "upload", tamper: query("uploadId=a", "uploadId=b")},
		{name: "parameter", tamper: query("max-parts=7", "max-parts=8"), only: "v4"},
		{name: "parameter removed", tamper: query("max-parts=7", ""), only: "v4"},
		{name: "date", tamper: header("Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat)), only: "v1"},
		{name: "time", tamper: header("x-oss-date", time.Now().Add(-time.Minute).UTC().Format("20060102T150405Z")), only: "v4"},
		{name: "other algorithm", tamper: header("Authorization", "AWS4-HMAC-SHA256 Credential=x"), code: "InvalidArgument"},
		{name: "half a credential", tamper: header("Authorization", "OSS4-HMAC-SHA256 Credential=x/y"), code: "InvalidArgument"},
		{name: "no date", tamper: header("Date", ""), only: "v1", code: "AccessDenied"},
	} {
		for version, v := range versions {
			if c.only != "" && c.only != version {
				continue
			}
			t.Run(c.name+"/"+version, func(t *testing.T) {
				s := osstest.Start(t, osstest.Config{})
				put(t, s, "key")
				client := client(s, func(o *oss.Config) {
					o.WithSignatureVersion(v).WithHttpClient(&http.Client{Transport: c.tamper})
				})
				_, err := client.ListParts(t.Context(), &oss.ListPartsRequest{
					Bucket: oss.Ptr(osstest.Bucket), Key: oss.Ptr("key"), UploadId: oss.Ptr("a"), MaxParts: 7,
				})
				status, code := 403, "SignatureDoesNotMatch"
				if c.code != "" {
					code = c.code
				}
				if code == "InvalidArgument" {
					status = 400
				}
				wantError(t, err, status, code)
			})
		}
	}
}
