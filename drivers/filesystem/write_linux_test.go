package filesystem

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/blobsweep/blobsweep/storage"
)

// TestWriteOwner has root repair a registry of somebody else's: what it makes or
// replaces is theirs, with the modes of a registry.
func TestWriteOwner(t *testing.T) {
	umask := fs.FileMode(unix.Umask(0o22))
	unix.Umask(int(umask))
	eachTree(t, func(t *tree) {
		const theirs, others = 4321, 8765
		t.put("dir/link", "old")
		t.ok(os.Chmod(t.path("dir/link"), 0o600))
		root := os.Geteuid() == 0
		if root {
			t.ok(os.Chown(t.path("dir"), theirs, theirs+1))
			t.ok(os.Chown(t.path("dir/link"), others, others+1))
		}
		for _, key := range []string{"dir/link", "dir/new", "dir/a/b/link", "mine"} {
			t.ok(t.Write(t.Context(), key, []byte("new")))
		}
		for name, want := range map[string]uint32{
			"dir": theirs, "dir/link": others, "dir/new": theirs,
			"dir/a": theirs, "dir/a/b": theirs, "dir/a/b/link": theirs,
		} {
			info, err := os.Lstat(t.path(name))
			t.ok(err)
			st := info.Sys().(*syscall.Stat_t)
			if root && (st.Uid != want || st.Gid != want+1) {
				t.Errorf("%s belongs to %d:%d, want %d:%d", name, st.Uid, st.Gid, want, want+1)
			}
			mode := 0o666 &^ umask
			if info.IsDir() {
				mode = 0o777 &^ umask
			}
			if name != "dir" && info.Mode().Perm() != mode {
				t.Errorf("%s has mode %v, want %v", name, info.Mode().Perm(), mode)
			}
		}
		info, err := os.Lstat(t.path("mine"))
		t.ok(err)
		if uid := info.Sys().(*syscall.Stat_t).Uid; int(uid) != os.Geteuid() {
			t.Errorf("mine belongs to %d", uid)
		}
	})
}

// TestWriteDenied leaves what may not be replaced, and no temporary file.
func TestWriteDenied(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.put("readonly/link", "old")
		t.ok(os.Chmod(t.path("readonly"), 0o555))
		t.Cleanup(func() { t.ok(os.Chmod(t.path("readonly"), 0o755)) })
		asNobody(t, func() {
			for _, key := range []string{"readonly/link", "readonly/new/link"} {
				err := t.Write(t.Context(), key, []byte("new"))
				t.want(err, fs.ErrPermission, "write "+key)
				var named *storage.Error
				if !errors.As(err, &named) || named.Key != key || named.Op != "write" {
					t.Errorf("it is not named: %v", err)
				}
			}
		})
		if entries, err := os.ReadDir(t.path("readonly")); err != nil || len(entries) != 1 {
			t.Errorf("there is %v, %v", entries, err)
		}
	})
}

// TestWriteFailsLate has a file that root alone may replace, in a directory where
// everybody may make files: what nobody made there must not stay.
func TestWriteFailsLate(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.put("sticky/link", "old")
		t.ok(os.Chmod(t.path("sticky"), 0o777|fs.ModeSticky))
		asNobody(t, func() {
			err := t.Write(t.Context(), "sticky/link", []byte("old"))
			if os.Geteuid() == 0 { // else it is ours
				t.want(err, fs.ErrPermission, "write")
			}
		})
		keys, err := t.listing("", storage.ListOptions{})
		if err != nil || !slices.Equal(keys, []string{"sticky/link"}) {
			t.Errorf("there is %q, %v", keys, err)
		}
	})
}
