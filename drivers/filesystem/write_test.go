package filesystem

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// TestWriteFollowsNoLink refuses a key that is a symbolic link or leads through
// one, and changes nothing behind it.
func TestWriteFollowsNoLink(t *testing.T) {
	eachTree(t, func(t *tree) {
		outside := t.TempDir()
		t.put("real/file", "old")
		t.symlink(outside, "out")
		t.symlink("real", "in")
		t.symlink("real/file", "link")
		t.symlink("nowhere", "dangling")
		for _, key := range []string{"out/file", "out/dir/file", "in/file", "in/new/file", "link", "dangling", "dangling/file"} {
			err := t.Write(t.Context(), key, []byte("new"))
			t.want(err, storage.ErrIrregular, "write "+key)
		}
		for dir, want := range map[string]int{outside: 0, t.path("real"): 1, t.root: 5} {
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
				t.Errorf("%s has %v, %v", dir, entries, err)
			}
		}
		if content, err := os.ReadFile(t.path("link")); err != nil || string(content) != "old" {
			t.Errorf("it is %q now, %v", content, err)
		}
	})
}

// TestWriteSparesOtherNames replaces a name and not the file that others have as
// well, which is what a writer in place would do.
func TestWriteSparesOtherNames(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.put("a/link", "old")
		t.ok(os.Link(t.path("a/link"), t.path("a/snapshot")))
		open, err := t.Open(t.Context(), "a/link")
		t.ok(err)
		t.ok(t.Write(t.Context(), "a/link", []byte("new")))
		if content, err := os.ReadFile(t.path("a/snapshot")); err != nil || string(content) != "old" {
			t.Errorf("the other name has %q, %v", content, err)
		}
		if content, err := io.ReadAll(open); err != nil || string(content) != "old" {
			t.Errorf("who had it open reads %q, %v", content, err)
		}
		t.ok(open.Close())
	})
}

// TestWriteLeavesNothing behind of what failed: where the name is taken by a
// directory, and where the directory is gone.
func TestWriteLeavesNothing(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.ok(os.MkdirAll(t.path("a/link/x"), 0o755))
		t.want(t.Write(t.Context(), "a/link", []byte("new")), storage.ErrIrregular, "a directory")
		if entries, err := os.ReadDir(t.path("a")); err != nil || len(entries) != 1 {
			t.Errorf("there is %v, %v", entries, err)
		}
		t.ok(os.RemoveAll(t.root))
		if err := t.Write(t.Context(), "a/b/c", nil); !errors.Is(err, errMoved) || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("without the root: %v", err)
		}
		t.ok(os.Mkdir(t.root, 0o755)) // for the cleanup
	})
}

// TestTemporaryNames are those that a registry's driver uses, all different.
func TestTemporaryNames(t *testing.T) {
	one, two := temporary("link"), temporary("link")
	if one == two || !strings.HasPrefix(one, "link.") || !strings.HasSuffix(one, ".tmp") || len(one) > 64 {
		t.Errorf("%q, %q", one, two)
	}
}

// TestOpenShrinking reads a file that became shorter than it was when it was
// opened: that is not its end.
func TestOpenShrinking(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.ok(t.putAt(t.Context(), "blob", bytes.Repeat([]byte("x"), 100), time.Now()))
		r, err := t.Open(t.Context(), "blob")
		t.ok(err)
		t.ok(os.Truncate(t.path("blob"), 40))
		content, err := io.ReadAll(r)
		t.want(err, io.ErrUnexpectedEOF, "read")
		if len(content) != 40 {
			t.Errorf("%d bytes were read", len(content))
		}
		t.ok(r.Close())
	})
}

func TestOpenIrregular(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.put("dir/file", "x")
		t.symlink("dir/file", "link")
		t.symlink("dir", "in")
		for _, key := range []string{"dir", "link", "in/file", "dir/file/x", "dir/"} {
			_, err := t.Open(t.Context(), key)
			t.want(err, storage.ErrIrregular, "open "+key)
		}
		t.ok(t.Close())
		_, err := t.Open(t.Context(), "dir/file")
		t.want(err, fs.ErrClosed, "open after Close")
		t.want(t.Write(t.Context(), "dir/file", nil), fs.ErrClosed, "write after Close")
	})
}
