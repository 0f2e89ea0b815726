package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/bench/gateway"
	"github.com/blobsweep/blobsweep/drivers/s3"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	awss3 "github.com/distribution/distribution/v3/registry/storage/driver/s3-aws"
)

// sharedGateway is started by the first test that asks for it, and stopped by
// TestMain.
var (
	sharedGateway  = sync.OnceValues(startGateway)
	runningGateway atomic.Pointer[gateway.Gateway]
)

func startGateway() (*gateway.Gateway, error) {
	g, err := gateway.Start(context.Background(), "")
	runningGateway.Store(g)
	return g, err
}

// stopGateway ends the shared server, if it was started.
func stopGateway() error {
	g := runningGateway.Load()
	if g == nil {
		return nil
	}
	return g.Close()
}

// bucket is one of versitygw's.
type bucket struct {
	name, dir, endpoint string
}

var bucketCount atomic.Int64

// newBucket makes an empty bucket for one test.
func newBucket(t testing.TB) bucket {
	t.Helper()
	g, err := sharedGateway()
	if err != nil {
		t.Fatal(err)
	}
	b := bucket{name: fmt.Sprint("bucket-", bucketCount.Add(1)), endpoint: g.Endpoint}
	if b.dir, err = g.Bucket(b.name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(b.dir); err != nil {
			t.Error(err)
		}
	})
	return b
}

// through gives the bucket as it is seen behind a proxy.
func (b bucket) through(p *proxy) bucket {
	b.endpoint = p.URL
	return b
}

// parameters are what a registry's configuration says of a root in the bucket.
func (b bucket) parameters(root string) map[string]any {
	return map[string]any{
		"accesskey": gateway.AccessKey, "secretkey": gateway.SecretKey, "region": gateway.Region, "regionendpoint": b.endpoint,
		"forcepathstyle": true, "bucket": b.name, "rootdirectory": root,
	}
}

// open opens blobsweep's driver on a root in the bucket.
func (b bucket) open(t testing.TB, root string) *s3.Driver {
	t.Helper()
	config, unknown, err := s3.ParseParameters(b.parameters(root))
	if err != nil || len(unknown) > 0 {
		t.Fatalf("%v, unknown parameters %q", err, unknown)
	}
	d, err := s3.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// upstream opens Distribution's own driver on a root in the bucket.
func (b bucket) upstream(t testing.TB, root string) *awss3.Driver {
	t.Helper()
	d, err := awss3.FromParameters(context.WithoutCancel(t.Context()), b.parameters(root))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// put stores an object behind the server's back, with a time of its own.
func (b bucket) put(key string, content []byte, modTime time.Time) error {
	name := filepath.Join(b.dir, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return err
	}
	return os.Chtimes(name, modTime, modTime)
}

// objects reads the whole bucket, behind the server's back.
func (b bucket) objects(t testing.TB) map[string]fixture.File {
	t.Helper()
	tree, err := fixture.ReadDir(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	for key := range tree.Files {
		if strings.HasPrefix(key, ".sgwtmp/") { // parts of multipart uploads
			delete(tree.Files, key)
		}
	}
	return tree.Files
}

// begin leaves a multipart upload as Distribution's driver, on the top of the
// bucket, does, and sets back its time.
func (b bucket) begin(t testing.TB, top *awss3.Driver, key string) {
	t.Helper()
	w, err := top.Writer(t.Context(), "/"+key, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write([]byte("part"))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	began := longAgo()
	for _, dir := range b.multiparts(t) {
		parts, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(parts, dir) {
			if err := os.Chtimes(name, began, began); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// multiparts are the directories in which the server keeps the parts.
func (b bucket) multiparts(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(b.dir, ".sgwtmp", "multipart", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// uploads tells the keys of the multipart uploads by the names that the server
// gives their directories.
func (b bucket) uploads(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, dir := range b.multiparts(t) {
		names = append(names, filepath.Base(filepath.Dir(dir)))
	}
	return names
}
