package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/blobsweep/blobsweep/storage"
)

// flat is a backend without directories that records the size of each delete.
type flat struct {
	objects int
	deletes []int
	written []string
	fail    map[string]error // by key
	broken  error            // of whole deletes
}

func (f *flat) List(context.Context, string, storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		for i := range f.objects {
			if !yield(storage.Object{Key: fmt.Sprintf("%06d", i)}, nil) {
				return
			}
		}
	}
}

func (f *flat) Get(context.Context, string, int64) ([]byte, error) { return []byte("bytes"), nil }

func (f *flat) Stat(_ context.Context, key string) (storage.Object, error) {
	return storage.Object{Key: key}, nil
}

func (f *flat) Delete(_ context.Context, keys ...string) error {
	f.deletes = append(f.deletes, len(keys))
	var failed []*storage.Error
	for _, key := range keys {
		if err := f.fail[key]; err != nil {
			failed = append(failed, &storage.Error{Op: "delete", Key: key, Err: err})
		}
	}
	if failed != nil {
		return &storage.DeleteError{Failed: failed}
	}
	return f.broken
}

func (f *flat) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("bytes")), nil
}

func (f *flat) Write(_ context.Context, key string, content []byte) error {
	f.written = append(f.written, key+" "+string(content))
	return nil
}

func (f *flat) Requests() storage.Requests { return storage.Requests{List: 7} }

// tree is a backend with directories.
type tree struct {
	flat
	removed []string
}

func (*tree) Hierarchical() bool { return true }

func (*tree) ReadDir(context.Context, string) ([]storage.Entry, error) {
	return []storage.Entry{{Name: "a", Kind: storage.EntryFile}}, nil
}

func (t *tree) RemoveDir(_ context.Context, prefix string) error {
	t.removed = append(t.removed, prefix)
	return nil
}

// meter hands out a number of tokens, then fails as an ended context does.
type meter struct{ left, taken int }

func (m *meter) wait(_ context.Context, n int) error {
	if n > m.left {
		return context.Canceled
	}
	m.left -= n
	m.taken += n
	return nil
}

func keys(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("key%d", i))
	}
	return all
}

func failedKeys(t *testing.T, err error) []string {
	t.Helper()
	var partial *storage.DeleteError
	if !errors.As(err, &partial) {
		t.Fatalf("got %v, want a DeleteError", err)
	}
	var failed []string
	for _, f := range partial.Failed {
		failed = append(failed, f.Key)
	}
	return failed
}

func TestTokensTaken(t *testing.T) {
	ctx := t.Context()
	list := func(d storage.Driver) error {
		for _, err := range d.List(ctx, "", storage.ListOptions{}) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	for _, test := range []struct {
		name string
		call func(storage.Driver) error
		flat int
		tree int
	}{
		{"list of two and a half pages", list, 3, 3},
		{"get", func(d storage.Driver) error { _, err := d.Get(ctx, "k", 9); return err }, 1, 1},
		{"open", func(d storage.Driver) error {
			r, err := storage.Open(ctx, d, "k")
			if err != nil {
				return err
			}
			_, err = io.ReadAll(iotest.OneByteReader(r))
			return errors.Join(err, r.Close())
		}, 1, 1},
		{"write", func(d storage.Driver) error { return storage.Write(ctx, d, "k", []byte("text")) }, 1, 1},
		{"stat", func(d storage.Driver) error { _, err := d.Stat(ctx, "k"); return err }, 1, 1},
		{"delete of 2,500", func(d storage.Driver) error { return d.Delete(ctx, keys(2500)...) }, 3, 2500},
		{"delete of nothing", func(d storage.Driver) error { return d.Delete(ctx) }, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			for kind, c := range map[string]struct {
				inner storage.Driver
				want  int
			}{
				"flat": {&flat{objects: 2500}, test.flat},
				"tree": {&tree{flat: flat{objects: 2500}}, test.tree},
			} {
				m := &meter{left: 10_000}
				if err := test.call(wrap(c.inner, m.wait, 10)); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
				if m.taken != c.want {
					t.Errorf("%s took %d tokens, want %d", kind, m.taken, c.want)
				}
			}
		})
	}
}

func TestDirectories(t *testing.T) {
	inner, m := &tree{}, &meter{left: 2}
	d := wrap(inner, m.wait, 10)
	asTree, ok := storage.AsTree(d)
	if !ok {
		t.Fatal("the power to read directories was not forwarded")
	}
	if entries, err := asTree.ReadDir(t.Context(), "a/"); err != nil || len(entries) != 1 {
		t.Errorf("ReadDir: %v, %v", entries, err)
	}
	remover, ok := d.(storage.DirRemover)
	if !ok {
		t.Fatal("the power to remove directories was not forwarded")
	}
	if err := remover.RemoveDir(t.Context(), "a/"); err != nil || !slices.Equal(inner.removed, []string{"a/"}) {
		t.Errorf("RemoveDir: %v, removed %q", err, inner.removed)
	}
	if err := remover.RemoveDir(t.Context(), "b/"); !errors.Is(err, context.Canceled) || len(inner.removed) != 1 {
		t.Errorf("without a token: %v, removed %q", err, inner.removed)
	}
	if _, err := asTree.ReadDir(t.Context(), "b/"); !errors.Is(err, context.Canceled) {
		t.Errorf("without a token: %v", err)
	}
}

func TestFlatClaimsNoDirectories(t *testing.T) {
	d := wrap(&flat{}, (&meter{left: 9}).wait, 10)
	if _, ok := storage.AsTree(d); ok {
		t.Error("claims to read directories")
	}
	if _, ok := d.(storage.DirRemover); ok {
		t.Error("claims to remove directories")
	}
	if _, err := d.(storage.Tree).ReadDir(t.Context(), "a/"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("ReadDir: %v", err)
	}
	if got := d.(storage.Requester).Requests(); got.List != 7 {
		t.Errorf("requests are not forwarded: %+v", got)
	}
}

func TestOpenAndWriteAreForwarded(t *testing.T) {
	inner := &flat{}
	d := wrap(inner, (&meter{left: 2}).wait, 10)
	r, err := storage.Open(t.Context(), d, "a")
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(r); string(content) != "bytes" || err != nil {
		t.Errorf("read %q, %v", content, err)
	}
	if err := storage.Write(t.Context(), d, "b", []byte("text")); err != nil || !slices.Equal(inner.written, []string{"b text"}) {
		t.Errorf("wrote %q, %v", inner.written, err)
	}
	if err := storage.Write(t.Context(), d, "c", nil); !errors.Is(err, context.Canceled) || len(inner.written) != 1 {
		t.Errorf("without a token: %v, wrote %q", err, inner.written)
	}
	if _, err := storage.Open(t.Context(), d, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("without a token: %v", err)
	}

	d = wrap(struct{ storage.Driver }{inner}, (&meter{left: 9}).wait, 10)
	_, err = storage.Open(t.Context(), d, "a")
	for _, err := range []error{err, storage.Write(t.Context(), d, "b", nil)} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("without the power: %v", err)
		}
	}
}

func TestDeleteNamesWhatWasNotSent(t *testing.T) {
	inner := &tree{}
	d := wrap(inner, (&meter{left: 4}).wait, 2)
	err := d.Delete(t.Context(), keys(7)...)
	if got, want := failedKeys(t, err), keys(7)[4:]; !slices.Equal(got, want) {
		t.Errorf("failed %q, want %q", got, want)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	if !slices.Equal(inner.deletes, []int{2, 2}) {
		t.Errorf("deleted in batches of %v", inner.deletes)
	}
}

func TestDeleteGoesOnAfterFailures(t *testing.T) {
	denied := errors.New("denied")
	inner := &tree{flat: flat{fail: map[string]error{"key1": denied, "key4": denied}}}
	err := wrap(inner, (&meter{left: 9}).wait, 2).Delete(t.Context(), keys(6)...)
	if got := failedKeys(t, err); !slices.Equal(got, []string{"key1", "key4"}) || !errors.Is(err, denied) {
		t.Errorf("failed %q with %v", got, err)
	}

	broken := &flat{broken: errors.New("connection lost")}
	err = wrap(broken, (&meter{left: 9}).wait, 2).Delete(t.Context(), "a", "b")
	if got := failedKeys(t, err); !slices.Equal(got, []string{"a", "b"}) || !errors.Is(err, broken.broken) {
		t.Errorf("failed %q with %v", got, err)
	}
}

func TestListStopsWithoutToken(t *testing.T) {
	d := wrap(&flat{objects: 2500}, (&meter{left: 2}).wait, 10)
	n, last := 0, error(nil)
	for _, err := range d.List(t.Context(), "p/", storage.ListOptions{}) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 2000 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d elements, then %v", n, last)
	}
}

func TestWrapHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Wrap(&flat{}, 1).Get(ctx, "k", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := Wrap(&tree{}, 1000).Delete(t.Context(), keys(50)...); err != nil {
		t.Errorf("a batch within the burst: %v", err)
	}
}
