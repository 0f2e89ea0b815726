package filesystem

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
)

// eachSystem runs a test on every implementation that the platform has.
func eachSystem(t *testing.T, test func(t *testing.T, openSys func(string) (sys, error))) {
	for name, openSys := range map[string]func(string) (sys, error){"native": openSys, "portable": openPortable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, openSys)
		})
	}
}

// tree is a driver and the directory that it is opened on.
type tree struct {
	*testing.T
	*Driver
	root string
}

func newTree(t *testing.T, openSys func(string) (sys, error)) *tree {
	t.Helper()
	root := t.TempDir()
	d, err := open(root, openSys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return &tree{t, d, root}
}

// eachTree runs a test on an empty directory under every implementation.
func eachTree(t *testing.T, test func(*tree)) {
	eachSystem(t, func(t *testing.T, openSys func(string) (sys, error)) { test(newTree(t, openSys)) })
}

func (t *tree) path(key string) string { return filepath.Join(t.root, filepath.FromSlash(key)) }

func (t *tree) ok(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (t *tree) put(key, content string) {
	t.Helper()
	t.ok(t.putAt(t.Context(), key, []byte(content), time.Now()))
}

func (t *tree) putAt(_ context.Context, key string, content []byte, modTime time.Time) error {
	path := t.path(key)
	return errors.Join(
		os.MkdirAll(filepath.Dir(path), 0o755),
		os.WriteFile(path, content, 0o644),
		os.Chtimes(path, modTime, modTime),
	)
}

func (t *tree) symlink(target, key string) {
	t.Helper()
	t.ok(os.MkdirAll(filepath.Dir(t.path(key)), 0o755))
	t.ok(os.Symlink(target, t.path(key)))
}

// want fails unless err is target.
func (t *tree) want(err, target error, what string) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: error is %v, want %v", what, err, target)
	}
}

// listing returns the keys of a listing, irregular ones marked, and its error.
func (t *tree) listing(prefix string, opts storage.ListOptions) (keys []string, err error) {
	for o, err := range t.List(t.Context(), prefix, opts) {
		if err != nil {
			return keys, err
		}
		if o.Irregular {
			o.Key += " (irregular)"
		}
		keys = append(keys, o.Key)
	}
	return keys, nil
}

// TestConformance provokes refusals with symbolic links, which are not removed.
func TestConformance(t *testing.T) {
	eachSystem(t, func(t *testing.T, openSys func(string) (sys, error)) {
		storagetest.TestDriver(t, func(t *testing.T) storagetest.Harness {
			d := newTree(t, openSys)
			return storagetest.Harness{
				Driver: d.Driver, Put: d.putAt, KeepsTimes: true,
				Refuse: func(_ *testing.T, key string) {
					d.ok(os.Remove(d.path(key)))
					d.symlink("elsewhere", key)
				},
			}
		})
	})
}

func TestNewNamesThePath(t *testing.T) {
	eachSystem(t, func(t *testing.T, openSys func(string) (sys, error)) {
		root := t.TempDir()
		file := filepath.Join(root, "file")
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{filepath.Join(root, "none"), file} {
			if _, err := open(path, openSys); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: error is %v", path, err)
			}
		}
		link := filepath.Join(root, "link")
		if err := os.Symlink(".", link); err != nil {
			t.Fatal(err)
		}
		d, err := open(link, openSys)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.ReadDir(t.Context(), ""); err != nil || len(got) != 2 {
			t.Errorf("through a link: %v, %v", got, err)
		}
		if err := errors.Join(d.Close(), d.Close()); err != nil {
			t.Error(err)
		}
		if _, err := d.ReadDir(t.Context(), ""); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestBadKeys never reach the system, and are never taken for absent.
func TestBadKeys(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.put("a/b", "x")
		for _, key := range []string{"", "/", "/a/b", "a//b", "./a/b", "a/./b", "a/../a/b", "..", "../x", ".", "a/b\x00", "a\x00/b", "a/b//"} {
			_, getErr := t.Get(t.Context(), key, 10)
			_, statErr := t.Stat(t.Context(), key)
			errs := map[string]error{
				"get": getErr, "stat": statErr, "delete": t.Delete(t.Context(), key),
				"rmdir": t.RemoveDir(t.Context(), key), "rmdir slash": t.RemoveDir(t.Context(), key+"/"),
			}
			if key != "" {
				_, errs["readdir"] = t.ReadDir(t.Context(), key+"/")
				_, errs["list"] = t.listing(key+"/", storage.ListOptions{})
			}
			for op, err := range errs {
				var named *storage.Error
				if !errors.As(err, &named) || errors.Is(err, storage.ErrNotFound) || !errors.Is(err, errBadKey) {
					t.Errorf("%s %q: %v", op, key, err)
				}
			}
		}
		_, err := t.ReadDir(t.Context(), "a")
		t.want(err, errFileKey, "a directory without a slash")
		t.want(t.RemoveDir(t.Context(), "a"), errFileKey, "a directory without a slash")
		t.want(t.Delete(t.Context(), "a/b/"), storage.ErrIrregular, "a file with a slash")
		if _, err := os.Stat(t.path("a/b")); err != nil {
			t.Error(err)
		}
		// Dots are harmless where they only begin a name.
		t.put("...", "x")
		if keys, err := t.listing("..", storage.ListOptions{}); err != nil || !slices.Equal(keys, []string{"..."}) {
			t.Error(keys, err)
		}
	})
}

// TestSymlinks holds law 13: links are strangers, never followed nor removed.
func TestSymlinks(t *testing.T) {
	eachTree(t, func(t *tree) {
		outside := t.TempDir()
		secret := filepath.Join(outside, "secret")
		t.ok(os.WriteFile(secret, []byte("x"), 0o644))
		t.ok(os.Mkdir(filepath.Join(outside, "empty"), 0o755))
		t.put("real/file", "x")
		t.ok(os.Mkdir(t.path("real/empty"), 0o755))
		t.symlink("../real/file", "s/file")
		t.symlink("../real", "s/dir")
		t.symlink(outside, "s/out")
		t.symlink("../../..", "s/up")
		t.symlink(secret, "s/secret")
		t.symlink("nowhere", "s/dangling")
		t.symlink("loop", "s/loop")

		irregular := []string{"s/dangling", "s/dir", "s/file", "s/loop", "s/out", "s/secret", "s/up"}
		for _, key := range irregular {
			_, err := t.Get(t.Context(), key, 10)
			t.want(err, storage.ErrIrregular, "get "+key)
			_, err = t.ReadDir(t.Context(), key+"/")
			t.want(err, storage.ErrIrregular, "read "+key)
			_, err = t.listing(key+"/", storage.ListOptions{})
			t.want(err, storage.ErrIrregular, "list "+key)
			_, err = t.Stat(t.Context(), key+"/")
			t.want(err, storage.ErrIrregular, "stat as a directory "+key)
			t.want(t.RemoveDir(t.Context(), key+"/"), storage.ErrIrregular, "rmdir "+key)
			t.want(t.Delete(t.Context(), key), storage.ErrIrregular, "delete "+key)
			if o, err := t.Stat(t.Context(), key); err != nil || !o.Irregular || o.IsPrefix || o.Key != key {
				t.Errorf("stat %s: %+v, %v", key, o, err)
			}
		}
		for _, key := range []string{"s/dir/file", "s/out/secret", "s/dir/none", "s/dangling/x", "s/dir/empty/x"} {
			_, err := t.Get(t.Context(), key, 10)
			t.want(err, storage.ErrIrregular, "get "+key)
			_, err = t.Stat(t.Context(), key)
			t.want(err, storage.ErrIrregular, "stat "+key)
			t.want(t.Delete(t.Context(), key), storage.ErrIrregular, "delete "+key)
		}
		t.want(t.RemoveDir(t.Context(), "s/dir/empty/"), storage.ErrIrregular, "rmdir behind a link")
		t.want(t.RemoveDir(t.Context(), "s/out/empty/"), storage.ErrIrregular, "rmdir outside")

		want := make([]string, len(irregular))
		for i, key := range irregular {
			want[i] = key + " (irregular)"
		}
		for _, delimiter := range []bool{false, true} {
			keys, err := t.listing("s/", storage.ListOptions{Delimiter: delimiter})
			if err != nil || !slices.Equal(keys, want) {
				t.Errorf("listed: %q, %v", keys, err)
			}
		}
		entries, err := t.ReadDir(t.Context(), "s/")
		t.ok(err)
		for _, e := range entries {
			if e.Kind != storage.EntryOther {
				t.Errorf("%+v", e)
			}
		}
		for _, path := range []string{secret, filepath.Join(outside, "empty"), t.path("real/file"), t.path("real/empty")} {
			if _, err := os.Lstat(path); err != nil {
				t.Error(err)
			}
		}
		if len(entries) != len(irregular) {
			t.Errorf("%d links are left", len(entries))
		}
	})
}

// TestVanishedRoot is no empty registry.
func TestVanishedRoot(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.ok(os.Remove(t.root))
		if keys, err := t.listing("", storage.ListOptions{}); err == nil {
			t.Errorf("listed %q", keys)
		}
	})
}

// TestRequestCounts pins what a walk costs: a listing describes each file once,
// reading directories describes nothing.
func TestRequestCounts(t *testing.T) {
	eachTree(t, func(t *tree) {
		for i := range 30 {
			t.put(fmt.Sprintf("d/%d/file", i%10+i), "x")
		}
		dirs := map[string]bool{"": true, "d/": true}
		keys, err := t.listing("", storage.ListOptions{})
		t.ok(err)
		for _, key := range keys {
			dirs[strings.TrimSuffix(key, "file")] = true
		}
		want := storage.Requests{List: int64(len(dirs)), Stat: int64(len(keys))}
		if got := t.Requests(); got != want {
			t.Errorf("a listing costs %+v, want %+v", got, want)
		}
		before := t.Requests()
		for dir := range maps.Keys(dirs) {
			_, err := t.ReadDir(t.Context(), dir)
			t.ok(err)
		}
		t.ok(t.Delete(t.Context(), keys...))
		t.ok(t.RemoveDir(t.Context(), strings.TrimSuffix(keys[0], "file")))
		want = storage.Requests{List: int64(len(dirs)), Delete: int64(len(keys)) + 1}
		if got := t.Requests().Sub(before); got != want {
			t.Errorf("reading directories and deleting costs %+v, want %+v", got, want)
		}
	})
}

// TestDeleteStopsAtCancellation names every key that was not tried.
func TestDeleteStopsAtCancellation(t *testing.T) {
	eachTree(t, func(t *tree) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		keys := make([]string, 100)
		for i := range keys {
			keys[i] = fmt.Sprintf("f%02d", i)
			t.put(keys[i], "x")
		}
		var failed *storage.DeleteError
		if err := t.Delete(ctx, keys...); !errors.As(err, &failed) || !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for i, f := range failed.Failed {
			if f.Key != keys[i] {
				t.Errorf("key %d is %s", i, f.Key)
			}
		}
		if left, err := t.listing("", storage.ListOptions{}); err != nil || len(left) != len(keys) {
			t.Error(len(left), err)
		}
	})
}

// TestVanishingWhileListed deletes what a listing is about to reach: a file, the
// rest of the directory that it is in, another directory.
func TestVanishingWhileListed(t *testing.T) {
	eachTree(t, func(t *tree) {
		const files = statBatch + 100
		for _, dir := range []string{"a", "b"} {
			for i := range files {
				t.put(fmt.Sprintf("%s/%03d", dir, i), "x")
			}
		}
		t.put("c/x", "x")
		t.put("d/x", "x")
		var keys []string
		for o, err := range t.List(t.Context(), "", storage.ListOptions{}) {
			t.ok(err)
			switch o.Key {
			case "a/000":
				t.ok(os.Remove(t.path(fmt.Sprintf("a/%03d", files-1))))
				t.ok(os.RemoveAll(t.path("c")))
			case "b/000":
				t.ok(os.RemoveAll(t.path("b")))
			}
			keys = append(keys, o.Key)
		}
		if want := files - 1 + statBatch + 1; len(keys) != want || keys[want-2] != "b/511" || keys[want-1] != "d/x" {
			t.Errorf("%d keys of %d, the last %q", len(keys), want, keys[len(keys)-2:])
		}
	})
}

func TestStatEach(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.put("dir/whole/link", "four")
		t.put("dir/empty/other", "x")
		t.put("dir/file", "x")
		t.ok(os.MkdirAll(t.root+"/dir/deep/link", 0o755))
		t.ok(os.Mkdir(t.root+"/dir/dangling", 0o755))
		t.ok(os.Symlink("nowhere", t.root+"/dir/dangling/link"))
		all, err := t.StatEach(t.Context(), "dir/", []string{"whole", "empty", "absent", "file", "dangling", "deep"}, "link")
		if err != nil || len(all) != 6 {
			t.Fatalf("%v, %v", all, err)
		}
		if o := all[0].Object; all[0].Err != nil || o.Size != 4 || o.ModTime.IsZero() || o.Irregular || o.IsPrefix {
			t.Errorf("whole: %+v", all[0])
		}
		for i, want := range map[int]error{1: storage.ErrNotFound, 2: storage.ErrNotFound, 3: storage.ErrIrregular} {
			if !errors.Is(all[i].Err, want) {
				t.Errorf("%d: %v, want %v", i, all[i].Err, want)
			}
		}
		if !all[4].Object.Irregular || !all[5].Object.IsPrefix {
			t.Errorf("a link and a directory: %+v, %+v", all[4], all[5])
		}
		if _, err := t.StatEach(t.Context(), "gone/", []string{"a"}, "link"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a directory that is gone: %v", err)
		}
		if _, err := t.StatEach(t.Context(), "dir/", []string{".."}, "link"); err == nil {
			t.Error("a name that leads out is taken")
		}
	})
}

// TestCloseInUse never lets an operation meet another file's descriptor.
func TestCloseInUse(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.put("dir/file", "content")
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for {
					got, err := t.Get(t.Context(), "dir/file", 100)
					if errors.Is(err, fs.ErrClosed) {
						return
					}
					if err != nil || string(got) != "content" {
						t.Errorf("%q, %v", got, err)
						return
					}
				}
			})
		}
		time.Sleep(5 * time.Millisecond)
		t.ok(t.Close())
		readers.Wait()
	})
}

func TestLeadsOut(t *testing.T) {
	eachTree(t, func(t *tree) {
		outside := t.TempDir()
		t.ok(os.MkdirAll(outside+"/team/app/_manifests", 0o755))
		t.ok(os.MkdirAll(outside+"/plain/dir", 0o755))
		t.ok(os.WriteFile(outside+"/file", nil, 0o644))
		t.put("home/app/_manifests/x", "x")
		t.put("home/_moved/app/_manifests/x", "x")
		t.ok(os.MkdirAll(outside+"/deep/1/2/3/4/5/6/_manifests", 0o755))
		t.ok(os.Mkdir(outside+"/chain", 0o755))
		t.ok(os.Symlink(outside+"/plain", outside+"/chain/link"))
		t.put("elsewhere/app/_manifests/x", "x")
		for name, test := range map[string]struct {
			target   string
			any, has bool
		}{
			"repositories": {outside, true, true},
			"one":          {outside + "/team/app", true, true},
			"plain":        {outside + "/plain", true, false},
			"file":         {outside + "/file", false, false},
			"nowhere":      {outside + "/nowhere", false, false},
			"inside":       {"app", true, false},
			"hidden":       {"_moved", true, true},
			"chain":        {outside + "/chain", true, true},
			"deep":         {outside + "/deep", true, true},
			"loop":         {"loop", false, false},
			"in the root":  {"../elsewhere", true, true},
		} {
			t.ok(os.Symlink(test.target, t.root+"/home/"+name))
			for sought, want := range map[string]bool{"": test.any, "_manifests": test.has} {
				got, err := t.Driver.LeadsOut(t.Context(), "home/"+name, "home/", sought)
				if got != want || err != nil {
					t.Errorf("%s, looking for %q: %v, %v", name, sought, got, err)
				}
			}
		}
	})
}
