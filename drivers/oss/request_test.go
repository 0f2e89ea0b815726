package oss

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage"
)

// of is the configuration for a server.
func of(s *osstest.Server) Config {
	return Config{
		Bucket: osstest.Bucket, Region: osstest.Region, Endpoint: s.URL,
		AccessKeyID: osstest.AccessKeyID, AccessKeySecret: osstest.AccessKeySecret,
	}
}

// open makes a driver that gives up soon, and whose errors are free of secrets.
func open(t *testing.T, c Config) *Driver {
	t.Helper()
	d, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	d.Attempts, d.Backoff = 3, time.Millisecond
	return d
}

// start has a server with one object, and a driver on it.
func start(t *testing.T) (*osstest.Server, *Driver) {
	t.Helper()
	s := osstest.Start(t, osstest.Config{})
	put(t, s, "key")
	return s, open(t, of(s))
}

func put(t *testing.T, s *osstest.Server, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := s.Put(t.Context(), key, []byte("content of "+key), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// always answers every request with the fault.
func always(f osstest.Fault) func(osstest.Op, *http.Request) osstest.Fault {
	return func(osstest.Op, *http.Request) osstest.Fault { return f }
}

// once answers the first request with the fault.
func once(f osstest.Fault) func(osstest.Op, *http.Request) osstest.Fault {
	first := make(chan osstest.Fault, 1)
	first <- f
	return func(osstest.Op, *http.Request) osstest.Fault {
		select {
		case f := <-first:
			return f
		default:
			return osstest.Fault{}
		}
	}
}

func get(ctx context.Context, d *Driver) error {
	body, _, err := d.API.Get(ctx, "key")
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, body)
	return errors.Join(err, body.Close())
}

func list(ctx context.Context, d *Driver) error {
	_, err := d.API.List(ctx, objectstore.ListQuery{})
	return err
}

func write(ctx context.Context, d *Driver) error {
	return d.API.Put(ctx, "key", []byte("content of key"))
}

func stat(ctx context.Context, d *Driver) error {
	_, err := d.API.Stat(ctx, "key")
	return err
}

func remove(ctx context.Context, d *Driver) error {
	_, err := d.API.Delete(ctx, []string{"key"})
	return err
}

func uploads(ctx context.Context, d *Driver) error {
	_, err := d.API.ListUploads(ctx, objectstore.UploadsQuery{})
	return err
}

func parts(ctx context.Context, d *Driver) error {
	_, err := d.API.ListParts(ctx, storage.MultipartUpload{Key: "key", ID: "id"}, "")
	return err
}

func abort(ctx context.Context, d *Driver) error {
	return d.API.Abort(ctx, storage.MultipartUpload{Key: "key", ID: "id"})
}

func versioning(ctx context.Context, d *Driver) error {
	_, err := d.API.Versioned(ctx)
	return err
}

// calls are single requests.
var calls = map[string]func(context.Context, *Driver) error{
	"get": get, "write": write, "list": list, "stat": stat, "delete": remove,
	"uploads": uploads, "parts": parts, "abort": abort, "versioning": versioning,
}

// wantClass wants a fault that says some things, and no secrets.
func wantClass(t *testing.T, err error, class objectstore.Class, says ...string) {
	t.Helper()
	var fault *objectstore.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("error is %v", err)
	}
	if fault.Class != class {
		t.Errorf("class is %d, want %d: %v", fault.Class, class, err)
	}
	wantSays(t, err, says...)
}

func wantSays(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error that says %q", says)
	}
	for _, word := range says {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	for _, secret := range []string{osstest.AccessKeyID, osstest.AccessKeySecret, "hush", "<", "\n", "Authorization:"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q says %q", err, secret)
		}
	}
}
