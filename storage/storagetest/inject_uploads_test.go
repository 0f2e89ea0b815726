package storagetest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
)

// withUploads returns a store with so many multipart uploads of the key "k".
func withUploads(n int) *memory.Driver {
	d := memory.New()
	for i := range n {
		d.BeginUpload("k", fmt.Sprint(i), time.Now(), 5)
	}
	return d
}

// What is asked of object stores alone, by the kind of the operation.
var onObjectStores = map[string]func(*testing.T, *storagetest.Faulty) error{
	"uploads": func(t *testing.T, f *storagetest.Faulty) (failed error) {
		for _, err := range f.ListMultipartUploads(t.Context(), "k") {
			failed = err
		}
		return failed
	},
	"parts": func(t *testing.T, f *storagetest.Faulty) error {
		_, err := f.MultipartParts(t.Context(), storage.MultipartUpload{Key: "k", ID: "0"})
		return err
	},
	"abort": func(t *testing.T, f *storagetest.Faulty) error {
		return f.AbortMultipartUpload(t.Context(), storage.MultipartUpload{Key: "k", ID: "0"})
	},
	"versioning": func(t *testing.T, f *storagetest.Faulty) error {
		_, err := f.KeepsVersions(t.Context())
		return err
	},
}

func TestObjectStoreOps(t *testing.T) {
	for kind, do := range onObjectStores {
		d := withUploads(2)
		var seen []string
		f := storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
			seen = append(seen, op.Kind+" "+op.Key)
			return storagetest.Fault{}
		})
		want := []string{kind + " k"}
		switch kind {
		case "uploads": // opened, and a page
			want = append(want, want...)
		case "versioning":
			want[0] = "versioning "
		}
		if err := do(t, f); err != nil || !slices.Equal(seen, want) {
			t.Errorf("%s: %v, operations %q", kind, err, seen)
		}
		if aborted := kind == "abort"; (len(d.Uploads()) == 1) != aborted || (f.Deletions() == 1) != aborted {
			t.Errorf("%s: %d deletions, left %v", kind, f.Deletions(), d.Uploads())
		}

		d = withUploads(2)
		err := do(t, storagetest.Inject(d, onOp(0, storagetest.Fault{Err: errBroken})))
		var named *storage.Error
		if !errors.Is(err, errBroken) || !errors.As(err, &named) || named.Op == kind || len(d.Uploads()) != 2 {
			t.Errorf("%s with a fault: %v, left %v", kind, err, d.Uploads())
		}
		if err := do(t, storagetest.Inject(struct{ storage.Driver }{d}, nil)); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s on a driver without the power: %v", kind, err)
		}
	}
}

func TestListingOfUploadsCutShort(t *testing.T) {
	for op, want := range map[int]int{0: 0, 1: 0, 2: 3, 3: 6} {
		f := storagetest.Inject(withUploads(8), onOp(op, storagetest.Fault{Err: errBroken}))
		f.Page = 3
		n, failed := 0, error(nil)
		for _, err := range f.ListMultipartUploads(t.Context(), "") {
			if failed = err; err == nil {
				n++
			}
		}
		if n != want || !errors.Is(failed, errBroken) {
			t.Errorf("cut at operation %d: %d uploads, %v", op, n, failed)
		}
	}
}

// TestCrashBetweenAborts counts them with the deletions.
func TestCrashBetweenAborts(t *testing.T) {
	d := withUploads(3)
	f := storagetest.Inject(d, nil)
	f.CrashAfter(2)
	for i, u := range d.Uploads() {
		if err := f.AbortMultipartUpload(t.Context(), u); errors.Is(err, storagetest.ErrCrashed) != (i == 2) {
			t.Errorf("abort %d: %v", i, err)
		}
	}
	if len(d.Uploads()) != 1 || f.Deletions() != 2 {
		t.Errorf("left %v after %d deletions", d.Uploads(), f.Deletions())
	}
}

// suited says how many requests suit it.
type suited struct{ storage.Driver }

func (suited) Concurrency() int { return 7 }

func TestConcurrencyIsForwarded(t *testing.T) {
	if n := storagetest.Inject(suited{memory.New()}, nil).Concurrency(); n != 7 {
		t.Error(n)
	}
	if n := storagetest.Inject(memory.New(), nil).Concurrency(); n != 0 {
		t.Error(n)
	}
}
