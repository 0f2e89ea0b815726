package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"

	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// backend is a tree written to a driver.
type backend struct {
	driver storage.Driver
	// read tells what is there now.
	read func() *fixture.Tree
}

// filesystemOf writes a tree to a filesystem.
func filesystemOf(t *testing.T, tree *fixture.Tree) backend {
	t.Helper()
	root := t.TempDir()
	if err := tree.WriteDir(root); err != nil {
		t.Fatal(err)
	}
	d, err := filesystem.New(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return backend{d, func() *fixture.Tree { return readDir(t, root) }}
}

// readDir reads what is below a directory now.
func readDir(t *testing.T, root string) *fixture.Tree {
	t.Helper()
	tree, err := fixture.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// memoryOf writes a tree's files to a flat store.
func memoryOf(t *testing.T, tree *fixture.Tree) backend {
	t.Helper()
	d, objects := memory.New(), tree.Clone()
	for name, file := range tree.Files {
		if key, id, ok := cutIncomplete(name); ok {
			d.BeginUpload(key, id, file.ModTime, int64(len(file.Content)))
			delete(objects.Files, name)
		}
	}
	if err := objects.Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return backend{d, func() *fixture.Tree {
		now := fixture.New(start)
		for _, key := range d.Keys() {
			content, err := d.Get(t.Context(), key, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			o, err := d.Stat(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			now.Files[key] = fixture.File{Content: content, ModTime: o.ModTime}
		}
		for _, u := range d.Uploads() {
			parts, err := d.MultipartParts(t.Context(), u)
			if err != nil {
				t.Fatal(err)
			}
			now.Files[incomplete(u.Key, u.ID)] = fixture.File{Content: make([]byte, parts.Bytes), ModTime: u.Initiated}
		}
		return now
	}}
}

var errRefused = errors.New("refused by the test")

// watched is a driver that remembers what it was asked to remove, and refuses
// what it is told to. It has the powers of the driver below.
type watched struct {
	storage.Driver
	refuse func(key string) bool

	mu      sync.Mutex
	keys    []string // of Delete, and what is aborted, in the order asked for
	dirs    []string // of RemoveDir
	running map[int]int
	faults  []string // against the order of law 9
}

func watch(d storage.Driver, refuse func(key string) bool) *watched {
	return &watched{Driver: d, refuse: refuse, running: map[int]int{}}
}

func (w *watched) Hierarchical() bool {
	_, ok := storage.AsTree(w.Driver)
	return ok
}

func (w *watched) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	tree, ok := storage.AsTree(w.Driver)
	if !ok {
		return nil, &storage.Error{Op: "list", Key: prefix, Err: errors.ErrUnsupported}
	}
	return tree.ReadDir(ctx, prefix)
}

func (w *watched) LeadsOut(ctx context.Context, key, prefix, name string) (bool, error) {
	prober, ok := w.Driver.(storage.LinkProber)
	if !ok {
		return false, &storage.Error{Op: "stat", Key: key, Err: errors.ErrUnsupported}
	}
	return prober.LeadsOut(ctx, key, prefix, name)
}

func (w *watched) RemoveDir(ctx context.Context, prefix string) error {
	w.mu.Lock()
	w.dirs = append(w.dirs, prefix)
	w.mu.Unlock()
	remover, ok := w.Driver.(storage.DirRemover)
	if !ok {
		return &storage.Error{Op: "rmdir", Key: prefix, Err: errors.ErrUnsupported}
	}
	if w.refuse != nil && w.refuse(prefix) {
		return &storage.Error{Op: "rmdir", Key: prefix, Err: errRefused}
	}
	return remover.RemoveDir(ctx, prefix)
}

func (w *watched) Delete(ctx context.Context, keys ...string) error {
	w.begin(keys, +1)
	defer w.begin(keys, -1)
	var refused []*storage.Error
	var rest []string
	for _, key := range keys {
		if w.refuse != nil && w.refuse(key) {
			refused = append(refused, &storage.Error{Op: "delete", Key: key, Err: errRefused})
		} else {
			rest = append(rest, key)
		}
	}
	if err := w.Driver.Delete(ctx, rest...); err != nil {
		return fmt.Errorf("deleting %q: %w", rest, err)
	}
	if refused != nil {
		return &storage.DeleteError{Failed: refused}
	}
	return nil
}

func (w *watched) ListMultipartUploads(ctx context.Context, prefix string) iter.Seq2[storage.MultipartUpload, error] {
	lister, ok := w.Driver.(storage.MultipartLister)
	if !ok {
		return func(yield func(storage.MultipartUpload, error) bool) {
			yield(storage.MultipartUpload{}, errors.ErrUnsupported)
		}
	}
	return lister.ListMultipartUploads(ctx, prefix)
}

func (w *watched) MultipartParts(ctx context.Context, u storage.MultipartUpload) (storage.MultipartParts, error) {
	return w.Driver.(storage.MultipartLister).MultipartParts(ctx, u)
}

func (w *watched) AbortMultipartUpload(ctx context.Context, u storage.MultipartUpload) error {
	name := incomplete(u.Key, u.ID)
	w.begin([]string{name}, +1)
	defer w.begin([]string{name}, -1)
	if w.refuse != nil && w.refuse(name) {
		return &storage.Error{Op: "abort multipart upload", Key: u.Key, Err: errRefused}
	}
	return w.Driver.(storage.MultipartAborter).AbortMultipartUpload(ctx, u)
}

func (w *watched) KeepsVersions(ctx context.Context) (bool, error) {
	keeper, ok := w.Driver.(storage.VersionKeeper)
	if !ok {
		return false, errors.ErrUnsupported
	}
	return keeper.KeepsVersions(ctx)
}

// begin notes keys whose removal begins (+1) or ends (-1), and every one that
// begins before all of an earlier rank are done with.
func (w *watched) begin(keys []string, by int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		own := rank(key)
		w.running[own] += by
		if by < 0 {
			continue
		}
		for other, n := range w.running {
			if n > 0 && other < own {
				w.faults = append(w.faults, "removed while what goes first was under way: "+key)
			}
		}
		if n := len(w.keys); n > 0 && rank(w.keys[n-1]) > own {
			w.faults = append(w.faults, fmt.Sprintf("%s was removed after %s", key, w.keys[n-1]))
		}
		w.keys = append(w.keys, key)
	}
}

// rank is the place of a key in the order of law 9.
func rank(key string) int {
	if _, _, ok := cutIncomplete(key); ok {
		return 6
	}
	p, _ := layout.Parse(key)
	switch p.Kind {
	case layout.TagIndexLink:
		return 1
	case layout.RevisionLink, layout.SignatureLink:
		return 2
	case layout.LayerLink:
		return 3
	case layout.BlobData:
		return 4
	case layout.UploadData, layout.UploadStartedAt, layout.UploadHashState:
		return 5
	}
	if strings.HasSuffix(key, "/") {
		return 7
	}
	return 0 // nothing of ours
}
