package filesystem

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/blobsweep/blobsweep/storage"
)

// TestOpenat2IsUsed keeps the fallback from taking over unseen.
func TestOpenat2IsUsed(t *testing.T) {
	if s := newTree(t, openLinux).sys; !isLinux(s) {
		t.Errorf("opened %T", s)
	}
}

func isLinux(s sys) bool { _, ok := s.(*linuxSys); return ok }

// TestIrregular has a FIFO that nobody writes, a bound socket and a device.
func TestIrregular(t *testing.T) {
	eachTree(t, func(t *tree) {
		t.ok(os.Mkdir(t.path("i"), 0o755))
		t.ok(unix.Mkfifo(t.path("i/fifo"), 0o644))
		socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		t.ok(err)
		t.ok(bindIn(t.path("i"), socket, "socket"))
		for _, key := range []string{"i/fifo", "i/socket"} {
			done := make(chan error, 1)
			go func() { _, err := t.Get(t.Context(), key, 10); done <- err }()
			select {
			case err := <-done:
				t.want(err, storage.ErrIrregular, "get "+key)
			case <-time.After(10 * time.Second):
				t.Fatalf("get %s hangs", key)
			}
			if o, err := t.Stat(t.Context(), key); err != nil || !o.Irregular {
				t.Errorf("stat %s: %+v, %v", key, o, err)
			}
			t.want(t.Delete(t.Context(), key), storage.ErrIrregular, "delete "+key)
			_, err := t.ReadDir(t.Context(), key+"/")
			t.want(err, storage.ErrIrregular, "read "+key)
		}
		keys, err := t.listing("", storage.ListOptions{})
		if want := []string{"i/fifo (irregular)", "i/socket (irregular)"}; err != nil || !slices.Equal(keys, want) {
			t.Errorf("listed %q, %v", keys, err)
		}
		t.ok(unix.Close(socket))
	})
}

// bindIn binds a socket by way of a descriptor, because paths of sockets must
// be short.
func bindIn(dir string, socket int, name string) error {
	fd, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = unix.Bind(socket, &unix.SockaddrUnix{Name: "/proc/self/fd/" + strconv.Itoa(int(fd.Fd())) + "/" + name})
	return errors.Join(err, fd.Close())
}

// TestNotUTF8 names go through unchanged, and are shown quoted.
func TestNotUTF8(t *testing.T) {
	eachTree(t, func(t *tree) {
		keys := []string{"d\xff/a\xfe\xfd", "d\xff/b\n", "d\xff/\xc3"}
		for _, key := range keys {
			t.put(key, "x")
		}
		slices.Sort(keys)
		listed, err := t.listing("d\xff", storage.ListOptions{})
		if err != nil || !slices.Equal(listed, keys) {
			t.Errorf("listed %q, %v", listed, err)
		}
		entries, err := t.ReadDir(t.Context(), "d\xff/")
		if err != nil || len(entries) != len(keys) {
			t.Errorf("read %q, %v", entries, err)
		}
		_, err = t.Get(t.Context(), keys[0]+"?", 10)
		t.want(err, storage.ErrNotFound, "absent")
		if !strings.Contains(err.Error(), `"d\xff/a\xfe\xfd?"`) {
			t.Errorf("shown as %s", err)
		}
		t.ok(t.Delete(t.Context(), keys...))
		if entries, err = t.ReadDir(t.Context(), "d\xff/"); err != nil || len(entries) != 0 {
			t.Errorf("left %q, %v", entries, err)
		}
	})
}

// TestPermission meets a directory that cannot be read, one that cannot be
// searched, a file that cannot be read, and one that cannot be deleted.
func TestPermission(t *testing.T) {
	eachTree(t, func(t *tree) {
		for dir, mode := range map[string]os.FileMode{"closed": 0, "unsearchable": 0o444, "readonly": 0o555, "open": 0o777} {
			t.put(dir+"/file", "x")
			t.ok(os.Mkdir(t.path(dir+"/empty"), 0o777))
			t.ok(os.Chmod(t.path(dir), mode))
			t.Cleanup(func() { t.ok(os.Chmod(t.path(dir), 0o755)) })
		}
		t.put("open/secret", "x")
		t.ok(os.Chmod(t.path("open/secret"), 0))

		asNobody(t, func() {
			denied := map[string]error{
				"delete in a read-only directory": t.Delete(t.Context(), "readonly/file"),
				"rmdir in a read-only directory":  t.RemoveDir(t.Context(), "readonly/empty/"),
				"delete in a closed directory":    t.Delete(t.Context(), "closed/file"),
			}
			_, denied["read a closed directory"] = t.ReadDir(t.Context(), "closed/")
			_, denied["list a closed directory"] = t.listing("closed/", storage.ListOptions{})
			_, denied["list everything"] = t.listing("", storage.ListOptions{})
			_, denied["list without search"] = t.listing("unsearchable/", storage.ListOptions{})
			_, denied["get a secret"] = t.Get(t.Context(), "open/secret", 10)
			_, denied["get in a closed directory"] = t.Get(t.Context(), "closed/none", 10)
			_, denied["stat in a closed directory"] = t.Stat(t.Context(), "closed/none")
			for what, err := range denied {
				var named *storage.Error
				t.want(err, fs.ErrPermission, what)
				if errors.Is(err, storage.ErrNotFound) || !errors.As(err, &named) || named.Key == "" {
					t.Errorf("%s: %v", what, err)
				}
			}
			err := t.Delete(t.Context(), "open/file", "readonly/file", "open/secret")
			var failed *storage.DeleteError
			if !errors.As(err, &failed) || len(failed.Failed) != 1 || failed.Failed[0].Key != "readonly/file" {
				t.Errorf("partial: %v", err)
			}
		})
		if entries, err := t.ReadDir(t.Context(), "open/"); err != nil || len(entries) != 1 {
			t.Errorf("left in open: %v, %v", entries, err)
		}
		if _, err := os.Stat(t.path("readonly/file")); err != nil {
			t.Error(err)
		}
	})
}

// asNobody calls f without the powers of root, which no mode binds: on a thread
// of its own that has another user on the filesystem, and ends with f.
func asNobody(t *tree, f func()) {
	if os.Geteuid() != 0 {
		f()
		return
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		const nobody = 65534
		if err := unix.Setfsuid(nobody); err != nil {
			done <- err
			return
		}
		// What it was before is what it is now, if it worked.
		if was, err := unix.SetfsuidRetUid(nobody); err != nil || was != nobody {
			done <- errors.Join(err, errors.New("the thread still acts as root"))
			return
		}
		f()
		done <- nil
	}()
	t.ok(<-done)
}

// TestSizeIsNotTrusted reads a file to its end, whatever its size is said to be.
func TestSizeIsNotTrusted(t *testing.T) {
	d, err := open("/proc/self", openLinux)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("/proc/self/cmdline") // said to have 0 bytes
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Get(t.Context(), "cmdline", int64(len(want))); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %q of %q, %v", got, want, err)
	}
	if _, err := d.Get(t.Context(), "cmdline", int64(len(want))-1); !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("limit passed: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// dirent returns a directory entry as the kernel writes it.
func dirent(kind byte, name string) []byte {
	d := make([]byte, (direntName+len(name)+1+7)/8*8)
	binary.NativeEndian.PutUint16(d[direntLength:], uint16(len(d)))
	d[direntType] = kind
	copy(d[direntName:], name)
	return d
}

// TestDirents parses entries of unknown kind, with long names, and malformed.
func TestDirents(t *testing.T) {
	tr := newTree(t, openLinux)
	tr.put("file", "x")
	tr.ok(os.Mkdir(tr.path("dir"), 0o755))
	tr.symlink("file", "link")
	long := strings.Repeat("é", 255) // 510 bytes: longer than most filesystems allow
	raw := slices.Concat(
		dirent(unix.DT_DIR, "."), dirent(unix.DT_UNKNOWN, "file"), dirent(unix.DT_REG, long), dirent(unix.DT_DIR, ".."),
		dirent(unix.DT_UNKNOWN, "dir"), dirent(unix.DT_UNKNOWN, "link"), dirent(unix.DT_UNKNOWN, "gone"),
		dirent(unix.DT_REG, "1234567"), dirent(unix.DT_LNK, "12345"), dirent(unix.DT_DIR, "..."),
	)
	want := []storage.Entry{
		{Name: "file", Kind: storage.EntryFile}, {Name: long, Kind: storage.EntryFile},
		{Name: "dir", Kind: storage.EntryDir}, {Name: "link", Kind: storage.EntryOther},
		{Name: "1234567", Kind: storage.EntryFile}, {Name: "12345", Kind: storage.EntryOther}, {Name: "...", Kind: storage.EntryDir},
	}
	var got []storage.Entry
	tr.ok(tr.sys.(*linuxSys).within("", func(fd int) (err error) {
		packed, count, err := pack(slices.Clone(raw))
		if err != nil {
			return err
		}
		if count != len(want)+1 {
			t.Errorf("%d entries packed", count)
		}
		got, err = unpack(fd, nil, packed)
		return err
	}))
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	endless := dirent(unix.DT_REG, "name")
	binary.NativeEndian.PutUint16(endless[direntLength:], 0)
	for _, bad := range [][]byte{raw[:direntName], raw[:len(raw)-8], endless} {
		if _, _, err := pack(slices.Clone(bad)); err == nil {
			t.Errorf("%d malformed bytes were parsed", len(bad))
		}
	}
}

// FuzzPack never runs out of its buffer, nor forever.
func FuzzPack(f *testing.F) {
	f.Add(slices.Concat(dirent(unix.DT_DIR, "."), dirent(unix.DT_REG, "name")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		packed, count, err := pack(slices.Clone(raw))
		if err == nil && (len(packed) > len(raw) || count > len(raw)/direntName) {
			t.Errorf("%d bytes became %d, %d entries", len(raw), len(packed), count)
		}
	})
}
