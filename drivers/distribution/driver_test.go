package distribution_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/drivers/distribution"
	"github.com/blobsweep/blobsweep/storage"
	storagedriver "github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/google/go-cmp/cmp"
)

func TestGet(t *testing.T) {
	_, d := open(t, distribution.Options{}, "a/b")
	for _, c := range []struct {
		key   string
		limit int64
		want  error
	}{
		{"a/b", 3, nil},
		{"a/b", 2, storage.ErrTooLarge},
		{"a/x", 3, storage.ErrNotFound},
		{"a/b/", 3, storage.ErrIrregular},
	} {
		content, err := d.Get(t.Context(), c.key, c.limit)
		if !errors.Is(err, c.want) || c.want == nil && string(content) != c.key {
			t.Errorf("Get(%q, %d) = %q, %v; want %v", c.key, c.limit, content, err, c.want)
		}
	}
}

func TestKeysThatLeadElsewhereAreRefused(t *testing.T) {
	f, d := open(t, distribution.Options{PruneDirectories: true}, "a/b")
	f.fail = func(op, path string) error {
		t.Errorf("%s was asked for %s", path, op)
		return errBroken
	}
	for _, key := range []string{"../a", "a/../b", "a//b", "/a", "a/./b", "a/.."} {
		_, getErr := d.Get(t.Context(), key, 10)
		_, statErr := d.Stat(t.Context(), key)
		_, listErr := d.ReadDir(t.Context(), key+"/")
		for op, err := range map[string]error{
			"get": getErr, "stat": statErr, "list": listErr,
			"delete": d.Delete(t.Context(), key),
			"rmdir":  d.RemoveDir(t.Context(), key+"/"),
		} {
			if err == nil || errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s %q: %v; want a refusal", op, key, err)
			}
		}
	}
	if err := d.RemoveDir(t.Context(), ""); err == nil {
		t.Error("the root was removed")
	}
}

// Law 5: nothing but a driver's own PathNotFoundError is absence.
func TestLaw05ErrorsAreNotAbsence(t *testing.T) {
	odd := map[string]error{
		"broken":   errBroken,
		"no path":  storagedriver.InvalidPathError{Path: "/a/b"},
		"wrapped":  storagedriver.Error{DriverName: "flat", Detail: storagedriver.PathNotFoundError{}},
		"pretends": errors.New("flat: Path not found: /a/b"),
	}
	for name, odd := range odd {
		f, d := open(t, distribution.Options{PruneDirectories: true}, "a/b")
		f.fail = func(string, string) error { return odd }
		_, getErr := d.Get(t.Context(), "a/b", 10)
		_, statErr := d.Stat(t.Context(), "a/b")
		_, listErr := d.ReadDir(t.Context(), "a/")
		var flatErr error
		for _, err := range d.List(t.Context(), "a/", storage.ListOptions{}) {
			flatErr = err
		}
		for op, err := range map[string]error{
			"get": getErr, "stat": statErr, "readdir": listErr, "list": flatErr,
			"delete": d.Delete(t.Context(), "a/b"),
			"rmdir":  d.RemoveDir(t.Context(), "a/"),
		} {
			if err == nil || errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%s error of %s became %v", name, op, err)
			}
		}
	}
}

func TestCancelledIsNotAbsence(t *testing.T) {
	f, d := open(t, distribution.Options{})
	f.fail = func(_, path string) error { return storagedriver.PathNotFoundError{Path: path} }
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.ReadDir(ctx, "a/")
	if !errors.Is(err, context.Canceled) || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a cancelled listing: %v", err)
	}
	if err := d.Delete(ctx, "a/b"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled delete: %v", err)
	}
}

// A driver that has no word of its own for a missing directory is asked again.
func TestUnclearListErrors(t *testing.T) {
	f, d := open(t, distribution.Options{}, "dir/file")
	f.fail = func(op, path string) error {
		if op == "list" && path != "/dir" {
			return storagedriver.Error{Detail: errors.New("not a directory")}
		}
		return nil
	}
	for prefix, want := range map[string]error{
		"missing/":  storage.ErrNotFound,
		"dir/file/": storage.ErrIrregular,
		"dir/":      nil,
	} {
		if _, err := d.ReadDir(t.Context(), prefix); !errors.Is(err, want) {
			t.Errorf("ReadDir(%q): %v; want %v", prefix, err, want)
		}
	}
}

func TestDelete(t *testing.T) {
	f, d := open(t, distribution.Options{Workers: 2}, "a/1", "a/2", "a/dir/x", "a/stuck")
	f.fail = func(op, path string) error {
		if op == "delete" && path == "/a/stuck" {
			return errBroken
		}
		return nil
	}
	err := d.Delete(t.Context(), "a/1", "a/missing", "a/stuck", "a/dir", "a/2")
	var partial *storage.DeleteError
	if !errors.As(err, &partial) {
		t.Fatalf("Delete: %v; want a DeleteError", err)
	}
	var failed []string
	for _, f := range partial.Failed {
		failed = append(failed, f.Key)
	}
	if diff := cmp.Diff([]string{"a/dir", "a/stuck"}, failed); diff != "" {
		t.Errorf("failed keys (-want +got):\n%s", diff)
	}
	if !errors.Is(err, errBroken) || !errors.Is(err, storage.ErrIrregular) {
		t.Errorf("Delete hides the causes: %v", err)
	}
	if diff := cmp.Diff([]string{"/a/dir/x", "/a/stuck"}, f.keys()); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

func TestRemoveDir(t *testing.T) {
	keys := []string{"full/x", "file"}
	f, d := open(t, distribution.Options{PruneDirectories: true}, keys...)
	f.dirs["/empty"] = true
	for prefix, want := range map[string]error{
		"empty/":   nil,
		"missing/": nil,
		"full/":    storage.ErrNotEmpty,
	} {
		if err := d.RemoveDir(t.Context(), prefix); !errors.Is(err, want) {
			t.Errorf("RemoveDir(%q): %v; want %v", prefix, err, want)
		}
	}
	f.dirs["/file"] = true // a driver that takes a file for an empty directory
	if err := d.RemoveDir(t.Context(), "file/"); !errors.Is(err, storage.ErrIrregular) {
		t.Errorf("RemoveDir of a file: %v", err)
	}
	if len(f.keys()) != len(keys) || f.dirs["/empty"] {
		t.Errorf("left are %q and %v", f.keys(), f.dirs)
	}

	f, d = open(t, distribution.Options{})
	f.dirs["/empty"] = true
	if err := d.RemoveDir(t.Context(), "empty/"); !errors.Is(err, errors.ErrUnsupported) || !f.dirs["/empty"] {
		t.Errorf("RemoveDir without leave: %v", err)
	}
}

func TestList(t *testing.T) {
	_, d := open(t, distribution.Options{}, "a-b", "a.c", "a/b", "a/c/d", "a0")
	for _, c := range []struct {
		prefix string
		opts   storage.ListOptions
		want   string
	}{
		{"", storage.ListOptions{}, "a-b a.c a/b a/c/d a0"},
		{"", storage.ListOptions{Delimiter: true}, "a-b a.c a/ a0"},
		{"a", storage.ListOptions{StartAfter: "a/b"}, "a/c/d a0"},
		{"a/", storage.ListOptions{StartAfter: "a/c/"}, "a/c/d"},
		{"a/", storage.ListOptions{StartAfter: "a/c/", Delimiter: true}, ""},
		{"", storage.ListOptions{StartAfter: "a/", Delimiter: true}, "a0"},
		{"a/c", storage.ListOptions{}, "a/c/d"},
		{"a.", storage.ListOptions{}, "a.c"},
		{"missing/", storage.ListOptions{}, ""},
	} {
		var keys []string
		for object, err := range d.List(t.Context(), c.prefix, c.opts) {
			if err != nil {
				t.Fatal(err)
			}
			if !object.IsPrefix && (object.Size != int64(len(object.Key)) || !object.ModTime.Equal(modTime)) {
				t.Errorf("%s has size %d and time %s", object.Key, object.Size, object.ModTime)
			}
			keys = append(keys, object.Key)
		}
		if got := strings.Join(keys, " "); got != c.want {
			t.Errorf("List(%q, %+v) = %q, want %q", c.prefix, c.opts, got, c.want)
		}
	}
	for object, err := range d.List(t.Context(), "", storage.ListOptions{}) {
		if err != nil || object.Key != "a-b" {
			t.Fatalf("first of the list: %+v, %v", object, err)
		}
		break // a listing may be left
	}
}

func TestListStopsAtAnError(t *testing.T) {
	f, d := open(t, distribution.Options{}, "a/1", "b/1", "c/1")
	f.fail = func(op, path string) error {
		if op == "list" && path == "/b" {
			return errBroken
		}
		return nil
	}
	var keys []string
	var last error
	for object, err := range d.List(t.Context(), "", storage.ListOptions{}) {
		keys, last = append(keys, object.Key), err
	}
	if !slices.Equal(keys, []string{"a/1", ""}) || !errors.Is(last, errBroken) {
		t.Errorf("listed %q, then %v", keys, last)
	}
}
