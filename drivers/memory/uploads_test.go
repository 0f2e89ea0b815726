package memory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
)

// TestUploadRequests counts pages of uploads at their boundaries, sizes and
// aborts.
func TestUploadRequests(t *testing.T) {
	for n, pages := range map[int]int64{0: 1, 1: 1, 1000: 1, 1001: 2, 2001: 3} {
		d := memory.New()
		for i := range n {
			d.BeginUpload("a/b", fmt.Sprint(i), time.Now(), 1)
		}
		d.BeginUpload("b", "other", time.Now(), 5)
		listed := 0
		for _, err := range d.ListMultipartUploads(t.Context(), "a/") {
			if err != nil {
				t.Fatal(err)
			}
			listed++
		}
		if r := d.Requests(); listed != n || r.List != pages {
			t.Errorf("%d uploads: %d listed, %+v", n, listed, r)
		}
		u := storage.MultipartUpload{Key: "b", ID: "other"}
		if size, err := d.MultipartSize(t.Context(), u); err != nil || size != 5 {
			t.Errorf("%d bytes, %v", size, err)
		}
		if err := d.AbortMultipartUpload(t.Context(), u); err != nil {
			t.Error(err)
		}
		if r := d.Requests(); r.List != pages+1 || r.Delete != 1 || len(d.Uploads()) != n {
			t.Errorf("%+v, %d left", r, len(d.Uploads()))
		}
	}
}

func TestKeepVersions(t *testing.T) {
	d := memory.New()
	put(t, d, "before", "deleted", "stays", "replaced")
	if err := d.Delete(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	if kept, err := d.KeepsVersions(t.Context()); err != nil || kept {
		t.Errorf("without being told: %v, %v", kept, err)
	}
	d.KeepVersions()
	put(t, d, "replaced")
	if err := d.Delete(t.Context(), "deleted", "absent"); err != nil {
		t.Fatal(err)
	}
	if kept, err := d.KeepsVersions(t.Context()); err != nil || !kept || d.Requests().Stat != 2 {
		t.Errorf("%v, %v, %+v", kept, err, d.Requests())
	}
	if got := d.Noncurrent(); !slices.Equal(got, []string{"deleted", "replaced"}) || !slices.Equal(d.Keys(), []string{"replaced", "stays"}) {
		t.Errorf("noncurrent %q, current %q", got, d.Keys())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.KeepsVersions(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := d.MultipartSize(ctx, storage.MultipartUpload{Key: "a"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
