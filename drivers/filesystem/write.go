package filesystem

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/blobsweep/blobsweep/storage"
)

// errMoved says that a directory was removed while a file was written into it.
// That is no absence: nobody asked for what is there.
var errMoved = errors.New("its directory was removed or replaced meanwhile")

// Write implements [storage.Writer]. The new content goes into a temporary file
// beside the key, is flushed to the disk, and takes the key's place by a rename.
//
// Modes are those that a registry gives: 0666 for files and 0777 for
// directories, less the umask. Where root writes on Linux, a file gets the owner
// and group of the one that it replaces, or else of its directory, and a
// directory those of the one above it; on other systems they are left to the
// system.
//
// A crash can leave the temporary file. Its name, such as "link.….tmp", is one
// that a registry's own driver leaves in a crash: neither registries nor
// collections take it for anything.
func (d *Driver) Write(ctx context.Context, key string, content []byte) error {
	if err := errors.Join(checkKey(key), ctx.Err()); err != nil {
		return fail("write", key, err)
	}
	d.writes.Add(1)
	dir, name := split(key)
	err := d.sys.write(strings.TrimSuffix(dir, "/"), name, content)
	if errors.Is(err, syscall.ENOENT) {
		err = fmt.Errorf("%w: %v", errMoved, err)
	}
	if err != nil {
		return fail("write", key, err)
	}
	return nil
}

// temporary is a name beside a file that nothing else has.
func temporary(name string) string { return name + "." + rand.Text() + ".tmp" }

// fill writes a new file to its end and to the disk, gives it to its owner, and
// closes it.
func fill(f *os.File, content []byte, to owner) error {
	_, err := f.Write(content)
	if err == nil {
		err = to.give(f)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir writes the names in a directory to the disk, where the filesystem can:
// some that are remote cannot, and say so.
func syncDir(dir *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	if err := dir.Sync(); err != nil && !isAny(err, syscall.EINVAL, syscall.ENOTSUP) {
		return err
	}
	return nil
}

func (s *portableSys) write(dir, name string, content []byte) (err error) {
	if err := s.makeDir(dir); err != nil {
		return err
	}
	path, like, err := s.info(dir, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		like, err = s.root.Lstat(orRoot(dir))
	case err == nil && like.IsDir():
		err = syscall.EISDIR
	case err == nil && !like.Mode().IsRegular():
		err = storage.ErrIrregular
	}
	if err != nil {
		return err
	}
	beside := temporary(path)
	f, err := s.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if err = fill(f, content, ownerOf(like)); err == nil {
		err = s.root.Rename(beside, path)
	}
	if err != nil {
		return errors.Join(err, s.root.Remove(beside))
	}
	return s.syncDir(dir)
}

// makeDir makes a directory, and those that lead to it, where they are missing.
func (s *portableSys) makeDir(dir string) error {
	err := s.check(dir)
	if dir == "" || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above, _ := split(dir)
	above = strings.TrimSuffix(above, "/")
	if err := s.makeDir(above); err != nil {
		return err
	}
	switch err := s.root.Mkdir(dir, 0o777); {
	case errors.Is(err, fs.ErrExist): // somebody else has made it
		return s.check(dir)
	case err != nil:
		return err
	}
	like, err := s.root.Lstat(orRoot(above))
	if err != nil {
		return err
	}
	made, err := s.openDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(ownerOf(like).give(made), made.Close(), s.syncDir(above))
}

// syncDir writes the names in a directory that was checked to the disk.
func (s *portableSys) syncDir(dir string) error {
	f, err := s.openDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}

// openDir opens a directory, and no symbolic link to one.
func (s *portableSys) openDir(dir string) (*os.File, error) {
	info, err := s.root.Lstat(orRoot(dir))
	if err != nil {
		return nil, err
	}
	return s.openSame(orRoot(dir), info)
}

// orRoot is how an [os.Root] calls a directory.
func orRoot(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}
