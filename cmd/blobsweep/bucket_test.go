package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/rogpeppe/go-internal/testscript"
)

// buckets are the servers of the scripts, by their working directories.
type buckets struct{ byWork sync.Map }

// write serves a registry from a bucket, below reg/, until the script
// ends, with a neighbour in reg-2/. Its arguments are shapes, requests that are
// denied (ListObjectsV2 and the like), and "versions" for a bucket that keeps
// them. It sets $BUCKET to the URL, and writes bucket.yml.
func (b *buckets) write(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	c := osstest.Config{}
	var denied []osstest.Op
	tree := fixture.New(time.Now().Add(-30 * 24 * time.Hour))
	for _, arg := range args {
		switch shape := shapes[arg]; {
		case shape != nil:
			shape(tree)
		case arg == "versions":
			c.Versioning = "Enabled"
		default:
			denied = append(denied, osstest.Op(arg))
		}
	}
	c.Fault = func(op osstest.Op, _ *http.Request) osstest.Fault {
		if slices.Contains(denied, op) {
			return osstest.AccessDenied()
		}
		return osstest.Fault{}
	}
	s := osstest.New(c)
	server := httptest.NewServer(s)
	ts.Defer(server.Close)
	for _, root := range []string{"reg/", "reg-2/"} {
		ts.Check(tree.Write(ctx, below{s, root}))
	}
	ts.Setenv("BUCKET", "oss://"+osstest.Bucket+"/reg?region="+osstest.Region+"&endpoint="+server.URL)
	ts.Setenv("OSS_ACCESS_KEY_ID", osstest.AccessKeyID)
	ts.Setenv("OSS_ACCESS_KEY_SECRET", osstest.AccessKeySecret)
	ts.Check(os.WriteFile(ts.MkAbs("bucket.yml"), []byte(`version: 0.1
storage:
  oss:
    accesskeyid: `+osstest.AccessKeyID+`
    accesskeysecret: `+osstest.AccessKeySecret+`
    region: oss-`+osstest.Region+`
    bucket: `+osstest.Bucket+`
    endpoint: `+strings.TrimPrefix(server.URL, "http://")+`
    secure: false
    rootdirectory: /reg
`), 0o600))
	b.byWork.Store(ts.Getenv("WORK"), s)
}

// count expects so many keys below a prefix.
func (b *buckets) count(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	s, ok := b.byWork.Load(ts.Getenv("WORK"))
	if !ok {
		ts.Fatalf("there is no bucket")
	}
	got := 0
	for _, key := range s.(*osstest.Server).Keys() {
		if strings.HasPrefix(key, args[1]) {
			got++
		}
	}
	if got != want {
		ts.Fatalf("%d keys below %s, want %d", got, args[1], want)
	}
}

// below puts what a fixture writes under a prefix.
type below struct {
	*osstest.Server
	root string
}

func (b below) Put(ctx context.Context, key string, content []byte, modTime time.Time) error {
	return b.Server.Put(ctx, b.root+key, content, modTime)
}
