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
		if parts, err := d.MultipartParts(t.Context(), u); err != nil || parts.Bytes != 5 {
			t.Errorf("%+v, %v", parts, err)
		}
		if err := d.AbortMultipartUpload(t.Context(), u); err != nil {
			t.Error(err)
		}
		if r := d.Requests(); r.List != pages+1 || r.Delete != 1 || len(d.Uploads()) != n {
			t.Errorf("%+v, %d left", r, len(d.Uploads()))
		}
	}
}

// TestParts: the newest is told as long as the time of every part is known.
func TestParts(t *testing.T) {
	begun := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		bytes int64 // at the beginning
		ages  []time.Duration
		want  storage.MultipartParts
	}{
		{0, nil, storage.MultipartParts{}},
		{5, nil, storage.MultipartParts{Bytes: 5, Count: 1, Newest: begun}},
		{0, []time.Duration{time.Hour}, storage.MultipartParts{Bytes: 2, Count: 1, Newest: begun.Add(time.Hour)}},
		{5, []time.Duration{time.Hour, time.Minute}, storage.MultipartParts{Bytes: 9, Count: 3, Newest: begun.Add(time.Hour)}},
		{5, []time.Duration{time.Hour, -1, time.Minute}, storage.MultipartParts{Bytes: 11, Count: 4}},
	} {
		d := memory.New()
		d.BeginUpload("k", "id", begun, test.bytes)
		for _, age := range test.ages {
			arrived := begun.Add(age)
			if age < 0 {
				arrived = time.Time{}
			}
			d.AddPart("k", "id", arrived, 2)
		}
		if got, err := d.MultipartParts(t.Context(), storage.MultipartUpload{Key: "k", ID: "id"}); err != nil || got != test.want {
			t.Errorf("%+v: got %+v, %v", test, got, err)
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
	if _, err := d.MultipartParts(ctx, storage.MultipartUpload{Key: "a"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
