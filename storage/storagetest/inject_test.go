package storagetest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
)

var errBroken = errors.New("broken")

// filled returns a memory driver with the objects k0 to k<n-1>.
func filled(t *testing.T, n int) *memory.Driver {
	t.Helper()
	d := memory.New()
	for i := range n {
		if err := d.Put(t.Context(), fmt.Sprintf("k%d", i), []byte("x"), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// onOp has one fault, on the operation of one index.
func onOp(index int, fault storagetest.Fault) func(storagetest.Op) storagetest.Fault {
	return func(op storagetest.Op) storagetest.Fault {
		if op.Index == index {
			return fault
		}
		return storagetest.Fault{}
	}
}

// drain returns the number of elements of a listing, and the error at its end.
func drain(t *testing.T, listing iter.Seq2[storage.Object, error]) (n int, failed error) {
	t.Helper()
	for _, err := range listing {
		if failed != nil {
			t.Fatal("something is yielded after the error")
		}
		if failed = err; err == nil {
			n++
		}
	}
	return n, failed
}

func TestNoFaultIsTransparent(t *testing.T) {
	memoryHarness := func(*testing.T) storagetest.Harness {
		d := memory.New()
		return storagetest.Harness{Driver: storagetest.Inject(d, nil), Put: d.Put, KeepsTimes: true}
	}
	storagetest.TestDriver(t, memoryHarness)
}

func TestOpsAreCountedInOrder(t *testing.T) {
	var seen []string
	f := storagetest.Inject(filled(t, 7), func(op storagetest.Op) storagetest.Fault {
		seen = append(seen, fmt.Sprintf("%d %s %s", op.Index, op.Kind, op.Key))
		return storagetest.Fault{}
	})
	f.Page = 3
	if n, err := drain(t, f.List(t.Context(), "k", storage.ListOptions{})); n != 7 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := f.Get(t.Context(), "k1", 10); err != nil {
		t.Error(err)
	}
	if _, err := f.Stat(t.Context(), "k2"); err != nil {
		t.Error(err)
	}
	if err := f.Delete(t.Context(), "k3", "k4"); err != nil {
		t.Error(err)
	}
	// Powers that the driver below lacks.
	if _, err := f.ReadDir(t.Context(), "d/"); !errors.Is(err, errors.ErrUnsupported) || f.Hierarchical() {
		t.Error(err)
	}
	if err := f.RemoveDir(t.Context(), "d/"); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	want := []string{"0 list k", "1 list k", "2 list k", "3 list k", "4 get k1", "5 stat k2", "6 delete k3", "7 readdir d/", "8 rmdir d/"}
	if !slices.Equal(seen, want) || f.Ops() != len(want) || f.Deletions() != 2 {
		t.Errorf("%d operations, %d deletions:\n got %q\nwant %q", f.Ops(), f.Deletions(), seen, want)
	}
	if r := f.Requests(); r.Get != 1 || r.Delete != 1 {
		t.Errorf("requests are not forwarded: %+v", r)
	}
}

func TestIndexIsUniqueUnderConcurrency(t *testing.T) {
	var seen [400]atomic.Int32
	f := storagetest.Inject(filled(t, 1), func(op storagetest.Op) storagetest.Fault {
		seen[op.Index].Add(1)
		return storagetest.Fault{}
	})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if _, err := f.Get(t.Context(), "k0", 10); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Fatalf("index %d was given %d times", i, n)
		}
	}
}

func TestFaultBeforeOperation(t *testing.T) {
	operations := map[string]func(*storagetest.Faulty) error{
		"list": func(f *storagetest.Faulty) error {
			n, err := drain(t, f.List(t.Context(), "k0", storage.ListOptions{}))
			if n > 0 {
				t.Errorf("%d elements before the error", n)
			}
			return err
		},
		"get":    func(f *storagetest.Faulty) error { _, err := f.Get(t.Context(), "k0", 10); return err },
		"stat":   func(f *storagetest.Faulty) error { _, err := f.Stat(t.Context(), "k0"); return err },
		"delete": func(f *storagetest.Faulty) error { return f.Delete(t.Context(), "k0", "k1") },
		"rmdir":  func(f *storagetest.Faulty) error { return f.RemoveDir(t.Context(), "k0") },
		"write":  func(f *storagetest.Faulty) error { return f.Write(t.Context(), "k0", []byte("new")) },
	}
	for name, do := range operations {
		for _, fault := range []storagetest.Fault{{Err: errBroken}, {NotFound: true}} {
			want := fault.Err
			if fault.NotFound {
				want = storage.ErrNotFound
			}
			d := filled(t, 2)
			err := do(storagetest.Inject(d, onOp(0, fault)))
			var named *storage.Error
			if !errors.Is(err, want) || !errors.As(err, &named) || named.Key != "k0" || named.Op != name {
				t.Errorf("%s with %+v: %v", name, fault, err)
			}
			if len(d.Keys()) != 2 {
				t.Errorf("%s took place: %q is left", name, d.Keys())
			}
		}
	}
}

func TestListingCutShort(t *testing.T) {
	for op, want := range map[int]int{0: 0, 1: 0, 2: 3, 3: 6} {
		f := storagetest.Inject(filled(t, 8), onOp(op, storagetest.Fault{Err: errBroken}))
		f.Page = 3
		if n, err := drain(t, f.List(t.Context(), "", storage.ListOptions{})); n != want || !errors.Is(err, errBroken) {
			t.Errorf("cut at operation %d: %d elements, %v", op, n, err)
		}
	}
}

func TestCancelDuringOperation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := storagetest.Inject(filled(t, 8), onOp(2, storagetest.Fault{Cancel: cancel}))
	f.Page = 3
	if n, err := drain(t, f.List(ctx, "", storage.ListOptions{})); n != 3 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d elements, %v", n, err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	f = storagetest.Inject(filled(t, 1), onOp(0, storagetest.Fault{Cancel: cancel}))
	if _, err := f.Get(ctx, "k0", 10); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFailOneKeyOfABatch(t *testing.T) {
	for _, test := range []struct {
		fault storagetest.Fault
		want  error
		left  []string
	}{
		{storagetest.Fault{FailKey: 1}, storagetest.ErrInjected, []string{"k0", "k3"}},
		{storagetest.Fault{FailKey: 3, Err: errBroken}, errBroken, []string{"k2", "k3"}},
		{storagetest.Fault{FailKey: 4, Err: errBroken}, nil, []string{"k3"}},
	} {
		d := filled(t, 4)
		keys := []string{"k0", "k1", "k2"}
		err := storagetest.Inject(d, onOp(0, test.fault)).Delete(t.Context(), keys...)
		var failed *storage.DeleteError
		switch {
		case !errors.Is(err, test.want):
			t.Errorf("%+v: %v", test.fault, err)
		case err != nil && (!errors.As(err, &failed) || len(failed.Failed) != 1 || failed.Failed[0].Key != test.left[0]):
			t.Errorf("%+v does not name the key: %v", test.fault, err)
		case !slices.Equal(d.Keys(), test.left):
			t.Errorf("%+v: %q is left", test.fault, d.Keys())
		}
		if !slices.Equal(keys, []string{"k0", "k1", "k2"}) {
			t.Errorf("the caller's keys are %q", keys)
		}
	}
}

func TestCrash(t *testing.T) {
	for n := range 7 {
		d := filled(t, 6)
		f := storagetest.Inject(d, nil)
		f.CrashAfter(n)
		errs := []error{f.Delete(t.Context(), "k0", "k1"), f.Delete(t.Context(), "k2"), f.Delete(t.Context(), "k3", "k4", "k5")}
		for i, last := range []int{2, 3, 6} { // deletions up to the end of the batch
			if crashed := errors.Is(errs[i], storagetest.ErrCrashed); crashed != (n < last) || !crashed && errs[i] != nil {
				t.Errorf("crash after %d: batch %d gives %v", n, i, errs[i])
			}
		}
		if f.Deletions() != n || len(d.Keys()) != 6-n {
			t.Errorf("crash after %d: %d deletions, %q is left", n, f.Deletions(), d.Keys())
		}
		_, err := f.Get(t.Context(), "k5", 10)
		_, statErr := f.Stat(t.Context(), "k5")
		_, listErr := drain(t, f.List(t.Context(), "", storage.ListOptions{}))
		for _, err := range []error{err, statErr, listErr} {
			if !errors.Is(err, storagetest.ErrCrashed) {
				t.Errorf("crash after %d: a later operation gives %v", n, err)
			}
		}
	}
}

// TestTree forwards the powers of a filesystem, and crashes between rmdirs.
func TestTree(t *testing.T) {
	root := t.TempDir()
	d, err := filesystem.New(root)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, dir := range []string{"a/b", "c"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f := storagetest.Inject(d, onOp(0, storagetest.Fault{Err: errBroken}))
	tree, ok := storage.AsTree(f)
	if !ok {
		t.Fatal("a filesystem is a tree, also when it is wrapped")
	}
	if _, err := tree.ReadDir(t.Context(), ""); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	if entries, err := tree.ReadDir(t.Context(), ""); err != nil || len(entries) != 2 {
		t.Error(entries, err)
	}
	f.CrashAfter(2)
	for i, prefix := range []string{"a/b/", "a/", "c/"} {
		if err := f.RemoveDir(t.Context(), prefix); errors.Is(err, storagetest.ErrCrashed) != (i == 2) {
			t.Errorf("%s: %v", prefix, err)
		}
	}
	if entries, err := d.ReadDir(t.Context(), ""); err != nil || len(entries) != 1 || entries[0].Name != "c" {
		t.Error(entries, err)
	}
}
