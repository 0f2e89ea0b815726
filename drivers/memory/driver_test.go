package memory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
)

func TestConformance(t *testing.T) {
	storagetest.TestDriver(t, func(*testing.T) storagetest.Harness {
		d := memory.New()
		begun := 0
		begin := func(_ context.Context, key string, bytes int64) (storage.MultipartUpload, error) {
			begun++
			u := storage.MultipartUpload{Key: key, ID: fmt.Sprint(begun), Initiated: time.Now()}
			d.BeginUpload(u.Key, u.ID, u.Initiated, bytes)
			return u, nil
		}
		return storagetest.Harness{Driver: d, Put: d.Put, KeepsTimes: true, BeginUpload: begin}
	})
}

// refusing makes chosen deletions fail, one request per key.
type refusing struct {
	*memory.Driver
	refused sync.Map
}

var errRefused = errors.New("refused")

func (r *refusing) Delete(ctx context.Context, keys ...string) error {
	failed := &storage.DeleteError{}
	for _, key := range keys {
		if _, no := r.refused.Load(key); no {
			failed.Failed = append(failed.Failed, &storage.Error{Op: "delete", Key: key, Err: errRefused})
			continue
		}
		if err := r.Driver.Delete(ctx, key); err != nil {
			return err
		}
	}
	if len(failed.Failed) == 0 {
		return nil
	}
	return failed
}

// TestConformanceOfPartialDeletes holds the suite's own test of them.
func TestConformanceOfPartialDeletes(t *testing.T) {
	storagetest.TestDriver(t, func(*testing.T) storagetest.Harness {
		r := &refusing{Driver: memory.New()}
		return storagetest.Harness{
			Driver: struct{ storage.Driver }{r}, Put: r.Put, KeepsTimes: true,
			Refuse: func(_ *testing.T, key string) { r.refused.Store(key, true) },
		}
	})
}

func put(t *testing.T, d *memory.Driver, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := d.Put(t.Context(), key, nil, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDirectoryMarkers(t *testing.T) {
	d := memory.New()
	put(t, d, "a/", "a/b", "c/d/")
	for prefix, want := range map[string]string{"": "a/(prefix) c/(prefix) ", "a/": "a/ a/b ", "c/": "c/d/(prefix) ", "c/d/": "c/d/ "} {
		got := ""
		for o, err := range d.List(t.Context(), prefix, storage.ListOptions{Delimiter: true}) {
			if err != nil {
				t.Fatal(err)
			}
			if got += o.Key; o.IsPrefix {
				got += "(prefix)"
			}
			got += " "
		}
		if got != want {
			t.Errorf("%q lists %q, want %q", prefix, got, want)
		}
	}
	if o, err := d.Stat(t.Context(), "a/"); err != nil || o.IsPrefix || o.Size != 0 {
		t.Errorf("the marker is %+v, %v", o, err)
	}
	if err := d.Delete(t.Context(), "a/"); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(d.Keys()); got != "[a/b c/d/]" {
		t.Errorf("left: %s", got)
	}
}

// TestRequests counts pages and batches at their boundaries.
func TestRequests(t *testing.T) {
	for _, test := range []struct{ keys, pages, batches int }{
		{0, 1, 0}, {1, 1, 1}, {1000, 1, 1}, {1001, 2, 2}, {2000, 2, 2}, {2001, 3, 3},
	} {
		d := memory.New()
		keys := make([]string, test.keys)
		for i := range keys {
			keys[i] = fmt.Sprintf("%05d", i)
		}
		put(t, d, keys...)
		listed := 0
		for _, err := range d.List(t.Context(), "", storage.ListOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			listed++
		}
		if err := d.Delete(t.Context(), keys...); err != nil {
			t.Fatal(err)
		}
		r := d.Requests()
		if listed != test.keys || r.List != int64(test.pages) || r.Delete != int64(test.batches) || len(d.Keys()) != 0 {
			t.Errorf("%+v: %d listed, %+v, %d left", test, listed, r, len(d.Keys()))
		}
	}
}

func TestPutIsRefused(t *testing.T) {
	d := memory.New()
	if err := d.Put(t.Context(), "", nil, time.Now()); err == nil {
		t.Error("an object without a name was stored")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Put(ctx, "a", nil, time.Now()); !errors.Is(err, context.Canceled) || len(d.Keys()) != 0 {
		t.Error(err, d.Keys())
	}
}
