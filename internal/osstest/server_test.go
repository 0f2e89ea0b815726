package osstest_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/blobsweep/blobsweep/internal/osstest"
)

var bucket = oss.Ptr(osstest.Bucket)

// start has n objects and a client.
func start(t *testing.T, n int) (*osstest.Server, *oss.Client) {
	t.Helper()
	s := osstest.Start(t, osstest.Config{})
	for i := range n {
		put(t, s, fmt.Sprintf("k/%05d", i))
	}
	return s, client(s, nil)
}

// listed joins the keys and common prefixes of a page.
func listed(page *oss.ListObjectsV2Result) string {
	var names []string
	for _, o := range page.Contents {
		names = append(names, *o.Key)
	}
	for _, p := range page.CommonPrefixes {
		names = append(names, *p.Prefix)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// Unasked, a page has 100 keys.
func TestPages(t *testing.T) {
	s, c := start(t, 20_000)
	for _, size := range []int{0, 1, 99, 1000} {
		want := max(size, 1)
		if size == 0 {
			want = 100
		}
		page, err := c.ListObjectsV2(t.Context(), &oss.ListObjectsV2Request{Bucket: bucket, MaxKeys: int32(size)})
		if err != nil || len(page.Contents) != want || !page.IsTruncated || page.KeyCount != want {
			t.Fatalf("%d asked for: %d, %v", size, len(page.Contents), err)
		}
	}
	for _, size := range []int32{-1, 1001} {
		_, err := c.ListObjectsV2(t.Context(), &oss.ListObjectsV2Request{Bucket: bucket, MaxKeys: size})
		wantError(t, err, 400, "InvalidArgument")
	}
	var all []string
	in := &oss.ListObjectsV2Request{Bucket: bucket, MaxKeys: 1000}
	for pages := 1; ; pages++ {
		page, err := c.ListObjectsV2(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			all = append(all, *o.Key)
		}
		if in.ContinuationToken = page.NextContinuationToken; !page.IsTruncated {
			if pages != 20 || in.ContinuationToken != nil {
				t.Errorf("%d pages, the last one with the token %v", pages, in.ContinuationToken)
			}
			break
		}
	}
	if !slices.Equal(all, s.Keys()) {
		t.Errorf("%d keys are listed", len(all))
	}
}

// A listing that starts inside of a group lists the group, as OSS does.
func TestStartAfter(t *testing.T) {
	s, c := start(t, 0)
	put(t, s, "a", "b/1", "b/2", "c")
	for _, test := range []struct{ prefix, after, delimiter, want string }{
		{"", "", "/", "a b/ c"},
		{"", "a", "/", "b/ c"},
		{"", "b/1", "/", "b/ c"},
		{"", "b/2", "/", "c"},
		{"", "b/", "/", "b/ c"},
		{"", "b/1", "", "b/2 c"},
		{"b/", "b/1", "/", "b/2"},
		{"b", "", "/", "b/"},
	} {
		page, err := c.ListObjectsV2(t.Context(), &oss.ListObjectsV2Request{
			Bucket: bucket, Prefix: oss.Ptr(test.prefix), StartAfter: oss.Ptr(test.after), Delimiter: oss.Ptr(test.delimiter),
		})
		if err != nil || listed(page) != test.want {
			t.Errorf("%+v: %q, %v", test, listed(page), err)
		}
	}
}

func TestErrors(t *testing.T) {
	_, c := start(t, 1)
	_, err := c.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: bucket, Key: oss.Ptr("none")})
	wantError(t, err, 404, "NoSuchKey")
	_, err = c.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: bucket, Key: oss.Ptr("none")})
	if e := wantError(t, err, 404, "NoSuchKey"); e.Headers.Get("x-oss-err") == "" {
		t.Error("the answer to HEAD has no x-oss-err")
	}
	_, err = c.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: oss.Ptr("another"), Key: oss.Ptr("k/00000")})
	wantError(t, err, 404, "NoSuchBucket")
	_, err = c.AbortMultipartUpload(t.Context(), &oss.AbortMultipartUploadRequest{Bucket: bucket, Key: oss.Ptr("k"),
		UploadId: oss.Ptr("u")})
	wantError(t, err, 404, "NoSuchUpload")
	_, err = c.GetBucketAcl(t.Context(), &oss.GetBucketAclRequest{Bucket: bucket})
	wantError(t, err, 501, "NotImplemented")
}

// batch sends a document to delete objects by.
func batch(t *testing.T, c *oss.Client, document, digest string) (string, error) {
	t.Helper()
	out, err := c.InvokeOperation(t.Context(), &oss.OperationInput{
		OpName: "DeleteMultipleObjects", Method: http.MethodPost, Bucket: bucket, Body: strings.NewReader(document),
		Parameters: map[string]string{"delete": ""}, Headers: map[string]string{"Content-MD5": digest},
	})
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(out.Body)
	return string(content), errors.Join(err, out.Body.Close())
}

func TestDeleteMultipleObjects(t *testing.T) {
	document := func(quiet bool, keys ...string) (string, string) {
		text := fmt.Sprintf("<Delete><Quiet>%v</Quiet>", quiet)
		for _, key := range keys {
			var escaped bytes.Buffer
			if err := xml.EscapeText(&escaped, []byte(key)); err != nil {
				t.Fatal(err)
			}
			text += "<Object><Key>" + escaped.String() + "</Key></Object>"
		}
		text += "</Delete>"
		sum := md5.Sum([]byte(text))
		return text, base64.StdEncoding.EncodeToString(sum[:])
	}
	s, c := start(t, 3)
	put(t, s, "<&>")
	text, digest := document(false, "k/00000", "none")
	_, err := batch(t, c, text, "")
	wantError(t, err, 400, "MissingArgument")
	_, err = batch(t, c, text, "1B2M2Y8AsgTpgAmY7PhCfg==")
	wantError(t, err, 400, "InvalidDigest")
	for _, keys := range [][]string{nil, make([]string, 1001)} {
		text, digest := document(false, keys...)
		_, err = batch(t, c, text, digest)
		wantError(t, err, 400, "MalformedXML")
	}
	if len(s.Keys()) != 4 {
		t.Errorf("left after refusals: %q", s.Keys())
	}
	if answer, err := batch(t, c, text, digest); err != nil ||
		!strings.Contains(answer, "<Deleted><Key>k/00000</Key></Deleted><Deleted><Key>none</Key></Deleted>") {
		t.Errorf("%s, %v", answer, err)
	}
	text, digest = document(true, "k/00001", "<&>")
	if answer, err := batch(t, c, text, digest); err != nil || answer != "" {
		t.Errorf("quiet: %s, %v", answer, err)
	}
	if got := fmt.Sprint(s.Keys()); got != "[k/00002]" {
		t.Errorf("left: %s", got)
	}
}

func TestUploadPages(t *testing.T) {
	s, c := start(t, 0)
	old := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 5 {
		s.PutUpload(fmt.Sprintf("up/%d", i/2), old, make([]byte, 10), make([]byte, 20), make([]byte, 30))
	}
	s.PutUpload("other", old)
	var got []string
	in := &oss.ListMultipartUploadsRequest{Bucket: bucket, Prefix: oss.Ptr("up/"), MaxUploads: 2}
	for more := true; more; {
		page, err := c.ListMultipartUploads(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Uploads {
			got = append(got, *u.Key)
			if !u.Initiated.Equal(old) {
				t.Errorf("%s is of %v", *u.Key, u.Initiated)
			}
		}
		in.KeyMarker, in.UploadIdMarker, more = page.NextKeyMarker, page.NextUploadIdMarker, page.IsTruncated
		parts := &oss.ListPartsRequest{Bucket: bucket, Key: page.Uploads[0].Key, UploadId: page.Uploads[0].UploadId, MaxParts: 2}
		first, err := c.ListParts(t.Context(), parts)
		if err != nil || !first.IsTruncated || len(first.Parts) != 2 {
			t.Fatalf("%+v, %v", first, err)
		}
		parts.PartNumberMarker = first.NextPartNumberMarker
		if last, err := c.ListParts(t.Context(), parts); err != nil || last.IsTruncated || len(last.Parts) != 1 || last.Parts[0].Size != 30 {
			t.Errorf("%+v, %v", last, err)
		}
	}
	if fmt.Sprint(got) != "[up/0 up/0 up/1 up/1 up/2]" || len(s.Uploads()) != 6 {
		t.Errorf("listed %v of %v", got, s.Uploads())
	}
}

// Each misbehaviour is seen by the client, and ends with the hook.
func TestFaults(t *testing.T) {
	list := func(ctx context.Context, c *oss.Client) (*oss.ListObjectsV2Result, error) {
		return c.ListObjectsV2(ctx, &oss.ListObjectsV2Request{Bucket: bucket, MaxKeys: 3})
	}
	for name, test := range map[string]struct {
		fault osstest.Fault
		seen  func(page *oss.ListObjectsV2Result, err error) bool
	}{
		"no token": {osstest.Fault{NoToken: true}, func(p *oss.ListObjectsV2Result, err error) bool {
			return err == nil && p.IsTruncated && p.NextContinuationToken == nil
		}},
		"same token": {osstest.Fault{SameToken: true}, func(p *oss.ListObjectsV2Result, err error) bool {
			return err == nil && p.IsTruncated && *p.NextContinuationToken == "fg=="
		}},
		"disorder": {osstest.Fault{Disorder: true},
			func(p *oss.ListObjectsV2Result, err error) bool { return err == nil && *p.Contents[0].Key == "k/00002" }},
		"denied":    {osstest.AccessDenied(), status(403, "AccessDenied")},
		"throttled": {osstest.Throttled(), status(503, "QpsLimitExceeded")},
		"bare":      {osstest.Fault{Status: 404, Code: "NoSuchKey", Bare: true}, status(404, "BadErrorResponse")},
		"cut": {osstest.Fault{Cut: true},
			func(_ *oss.ListObjectsV2Result, err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"body": {osstest.Fault{Body: []byte("<ListBucket")}, func(_ *oss.ListObjectsV2Result, err error) bool {
			return err != nil && strings.Contains(err.Error(), "deserialization")
		}},
		"reset": {osstest.Fault{Reset: true}, func(_ *oss.ListObjectsV2Result, err error) bool { return errors.Is(err, io.EOF) }},
		"delay": {osstest.Fault{Delay: time.Hour},
			func(_ *oss.ListObjectsV2Result, err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := start(t, 4)
			s.SetFault(func(op osstest.Op, r *http.Request) osstest.Fault {
				if op != osstest.ListObjectsV2 || r.Method != http.MethodGet {
					t.Errorf("asked about %q", op)
				}
				return test.fault
			})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if page, err := list(ctx, c); !test.seen(page, err) {
				t.Errorf("%+v, %v", page, err)
			}
			s.SetFault(nil)
			if page, err := list(t.Context(), c); err != nil || listed(page) != "k/00000 k/00001 k/00002" {
				t.Errorf("without the fault: %+v, %v", page, err)
			}
			if n := s.Total(); n != 2 {
				t.Errorf("%d requests were counted", n)
			}
		})
	}
}

// status wants an error answer.
func status(status int, code string) func(*oss.ListObjectsV2Result, error) bool {
	return func(_ *oss.ListObjectsV2Result, err error) bool {
		var e *oss.ServiceError
		return errors.As(err, &e) && e.StatusCode == status && e.Code == code
	}
}

func TestFaultsOfDeletes(t *testing.T) {
	s, c := start(t, 3)
	s.SetFault(func(osstest.Op, *http.Request) osstest.Fault {
		return osstest.Fault{
			Keep:        func(key string) bool { return key == "k/00000" },
			Unconfirmed: func(key string) bool { return key == "k/00001" },
		}
	})
	batch := &oss.Delete{}
	for _, key := range s.Keys() {
		batch.Objects = append(batch.Objects, oss.ObjectIdentifier{Key: &key})
	}
	out, err := c.DeleteMultipleObjects(t.Context(), &oss.DeleteMultipleObjectsRequest{Bucket: bucket, Delete: batch})
	if err != nil || len(out.DeletedObjects) != 1 || *out.DeletedObjects[0].Key != "k/00002" {
		t.Errorf("%+v, %v", out, err)
	}
	if got := fmt.Sprint(s.Keys()); got != "[k/00000]" {
		t.Errorf("left: %s", got)
	}
}

// What is put without a request has the time that was given.
func TestPut(t *testing.T) {
	s, c := start(t, 0)
	old := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	if err := s.Put(t.Context(), "key", []byte("content"), old); err != nil {
		t.Fatal(err)
	}
	page, err := c.ListObjectsV2(t.Context(), &oss.ListObjectsV2Request{Bucket: bucket})
	if err != nil || !page.Contents[0].LastModified.Equal(old) || page.Contents[0].Size != 7 {
		t.Errorf("%+v, %v", page, err)
	}
	head, err := c.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: bucket, Key: oss.Ptr("key")})
	if err != nil || !head.LastModified.Equal(old.Truncate(time.Second)) || head.ContentLength != 7 {
		t.Errorf("%+v, %v", head, err)
	}
	if content, err := s.Content(t.Context(), "key"); err != nil || string(content) != "content" {
		t.Errorf("%q, %v", content, err)
	}
}

func TestVersioning(t *testing.T) {
	for _, want := range []string{"", "Enabled", "Suspended"} {
		s := osstest.Start(t, osstest.Config{Versioning: want})
		got, err := client(s, nil).GetBucketVersioning(t.Context(), &oss.GetBucketVersioningRequest{Bucket: bucket})
		if err != nil || oss.ToString(got.VersionStatus) != want {
			t.Errorf("%q: %+v, %v", want, got, err)
		}
	}
}

// A token survives the decoding by the SDK, whatever is in it.
func TestTokensAreEncoded(t *testing.T) {
	s, c := start(t, 0)
	put(t, s, "ab>", "ab?", "ab~")
	in := &oss.ListObjectsV2Request{Bucket: bucket, MaxKeys: 1}
	for _, want := range s.Keys() {
		page, err := c.ListObjectsV2(t.Context(), in)
		if err != nil || listed(page) != want {
			t.Fatalf("%+v, %v, want %q", page, err, want)
		}
		in.ContinuationToken = page.NextContinuationToken
	}
}
