package e2e

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/signer"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/blobsweep/blobsweep/bench/gateway"
	ossdriver "github.com/blobsweep/blobsweep/drivers/oss"
	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// store is an object store behind a proxy, with a root in it for a registry, and
// the means to look at it and to change it behind its back.
type store struct {
	name    string
	proxy   *proxy
	open    func() *objectstore.Driver // on the root
	put     func(key string, content []byte, modTime time.Time) error
	objects func() map[string]fixture.File // of the whole bucket
	sign    func(*http.Request) error      // anew, after a change

	// begin leaves a multipart upload with a part, begun long ago. uploads are
	// names for those in progress, which tell one key from another.
	begin   func(key string)
	uploads func() []string
}

// root is where in the bucket the registry of a store is.
const root = "reg/"

// stores are the kinds of object stores.
var stores = map[string]func(t testing.TB) *store{"S3": newS3Store, "OSS": newOSSStore}

func newS3Store(t testing.TB) *store { return newBucket(t).store(t) }

// store puts a proxy in front of a bucket.
func (b bucket) store(t testing.TB) *store {
	t.Helper()
	p, top := newProxy(t, b.endpoint), b.upstream(t, "")
	return &store{
		name: "S3", proxy: p, put: b.put,
		open:    func() *objectstore.Driver { return b.through(p).open(t, root).Driver },
		objects: func() map[string]fixture.File { return b.objects(t) },
		sign: func(r *http.Request) error {
			credentials, body := aws.Credentials{AccessKeyID: gateway.AccessKey, SecretAccessKey: gateway.SecretKey}, r.Header.Get("X-Amz-Content-Sha256")
			return v4.NewSigner().SignHTTP(r.Context(), credentials, r, body, "s3", gateway.Region, time.Now(),
				func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		},
		begin:   func(key string) { b.begin(t, top, key) },
		uploads: func() []string { return b.uploads(t) },
	}
}

func newOSSStore(t testing.TB) *store {
	t.Helper()
	server := osstest.Start(t, osstest.Config{})
	p := newProxy(t, server.URL)
	s := &store{name: "OSS", proxy: p}
	s.put = func(key string, content []byte, modTime time.Time) error {
		return server.Put(context.Background(), key, content, modTime)
	}
	s.begin = func(key string) { server.PutUpload(key, longAgo(), []byte("part")) }
	s.uploads = server.Uploads
	s.sign = func(r *http.Request) error {
		_, key, _ := strings.Cut(r.URL.Path[1:], "/")
		return new(signer.SignerV4).Sign(r.Context(), &signer.SigningContext{
			Product: oss.Ptr("oss"), Region: oss.Ptr(osstest.Region), Bucket: oss.Ptr(osstest.Bucket), Key: &key, Request: r,
			Credentials: &credentials.Credentials{AccessKeyID: osstest.AccessKeyID, AccessKeySecret: osstest.AccessKeySecret},
		})
	}
	s.open = func() *objectstore.Driver {
		config, unknown, err := ossdriver.ParseParameters(map[string]any{
			"accesskeyid": osstest.AccessKeyID, "accesskeysecret": osstest.AccessKeySecret, "region": "oss-" + osstest.Region,
			"bucket": osstest.Bucket, "endpoint": p.Listener.Addr().String(), "secure": "false", "rootdirectory": "/" + root,
		})
		if err != nil || len(unknown) > 0 {
			t.Fatalf("%v, unknown parameters %q", err, unknown)
		}
		d, err := ossdriver.New(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return d.Driver
	}
	s.objects = func() map[string]fixture.File {
		objects := map[string]fixture.File{}
		for _, key := range server.Keys() {
			content, err := server.Content(context.Background(), key)
			if err != nil {
				t.Fatal(err)
			}
			objects[key] = fixture.File{Content: content}
		}
		return objects
	}
	return s
}

func longAgo() time.Time { return time.Now().Add(-30 * 24 * time.Hour) }

// shortPages lets the store list a few keys a page, for listings of many pages.
func (s *store) shortPages(keys int) {
	s.proxy.edit = func(r *http.Request) error {
		if parse(r).kind != "list" {
			return nil
		}
		query := r.URL.Query()
		query.Set("max-keys", strconv.Itoa(keys))
		r.URL.RawQuery = query.Encode()
		return s.sign(r)
	}
}

// lay puts files below the root.
func (s *store) lay(t testing.TB, files map[string]fixture.File) {
	t.Helper()
	for key, file := range files {
		if err := s.put(root+key, file.Content, file.ModTime); err != nil {
			t.Fatal(err)
		}
	}
}

// outside are the objects that are not the registry's.
func (s *store) outside() map[string]fixture.File {
	objects := s.objects()
	maps.DeleteFunc(objects, func(key string, _ fixture.File) bool { return strings.HasPrefix(key, root) })
	return objects
}
