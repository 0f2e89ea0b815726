package filesystem

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/blobsweep/blobsweep/storage"
)

// errReplaced says that a file changed into another one while it was opened.
var errReplaced = errors.New("replaced while it was opened")

// portableSys works on every platform. os.Root follows symbolic links as long
// as they stay inside, so every component is looked at before it is passed.
type portableSys struct{ root *os.Root }

func openPortable(root string) (sys, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	return &portableSys{r}, nil
}

// Close implements io.Closer.
func (s *portableSys) Close() error { return s.root.Close() }

// check fails unless dir and all directories that lead to it are directories.
func (s *portableSys) check(dir string) error {
	// On Windows, these would have another meaning than in a key.
	if filepath.Separator != '/' && strings.ContainsAny(dir, `\:`) {
		return errBadKey
	}
	for at := 0; at < len(dir); at++ {
		if next := strings.IndexByte(dir[at:], '/'); next >= 0 {
			at += next
		} else {
			at = len(dir)
		}
		info, err := s.root.Lstat(dir[:at])
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return &fs.PathError{Op: "lstat", Path: dir[:at], Err: syscall.ENOTDIR}
		}
	}
	return nil
}

// info describes one name of a directory that was checked.
func (s *portableSys) info(dir, name string) (path string, info fs.FileInfo, err error) {
	if filepath.Separator != '/' && strings.ContainsAny(name, `\:`) {
		return "", nil, errBadKey
	}
	path = name
	if dir != "" {
		path = dir + "/" + name
	}
	info, err = s.root.Lstat(path)
	return path, info, err
}

// openSame opens what info describes, and nothing that took its place.
func (s *portableSys) openSame(path string, info fs.FileInfo) (*os.File, error) {
	f, err := s.root.Open(path)
	if err != nil {
		return nil, err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(info, now) {
		err = errReplaced
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (s *portableSys) readDir(dir string) (entries []storage.Entry, err error) {
	if err := s.check(dir); err != nil {
		return nil, err
	}
	f, err := s.openDir(dir)
	if err != nil {
		return nil, err
	}
	defer closeFile(f, &err)
	listed, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	entries = make([]storage.Entry, len(listed))
	for i, e := range listed {
		entries[i] = storage.Entry{Name: e.Name(), Kind: kindOf(e.Type())}
	}
	return entries, nil
}

func (s *portableSys) lstat(dir string, names []string, file string) ([]fileInfo, error) {
	if err := s.check(dir); err != nil {
		return nil, err
	}
	infos := make([]fileInfo, len(names))
	for i, name := range names {
		if file != "" {
			name += "/" + file
		}
		_, info, err := s.info(dir, name)
		if err != nil {
			infos[i].err = err
			continue
		}
		infos[i] = fileInfo{kind: kindOf(info.Mode()), size: info.Size(), modTime: info.ModTime()}
	}
	return infos, nil
}

// regular returns the path and description of a regular file.
func (s *portableSys) regular(dir, name string) (string, fs.FileInfo, error) {
	if err := s.check(dir); err != nil {
		return "", nil, err
	}
	path, info, err := s.info(dir, name)
	switch {
	case err != nil:
		return "", nil, err
	case info.IsDir():
		return "", nil, syscall.EISDIR
	case !info.Mode().IsRegular():
		return "", nil, storage.ErrIrregular
	}
	return path, info, nil
}

// maxReplaced is how often a file is looked for again that was replaced, as
// links are when a tag moves, while it was opened.
const maxReplaced = 8

func (s *portableSys) openFile(path string) (*os.File, int64, error) {
	dir, name := split(path)
	for attempt := 0; ; attempt++ {
		path, info, err := s.regular(strings.TrimSuffix(dir, "/"), name)
		if err != nil {
			return nil, 0, err
		}
		f, err := s.openSame(path, info)
		if err == nil || !errors.Is(err, errReplaced) || attempt == maxReplaced {
			return f, info.Size(), err
		}
	}
}

func (s *portableSys) read(path string, limit int64, scratch []byte) (content []byte, err error) {
	f, size, err := s.openFile(path)
	if err != nil {
		return nil, err
	}
	defer closeFile(f, &err)
	if size > limit {
		return nil, storage.ErrTooLarge
	}
	buffer := bytes.NewBuffer(scratch[:0:len(scratch)])
	if _, err := buffer.ReadFrom(io.LimitReader(f, min(limit, math.MaxInt64-1)+1)); err != nil {
		return nil, err
	}
	content = buffer.Bytes()
	if int64(len(content)) > limit {
		return nil, storage.ErrTooLarge
	}
	return content, nil
}

func (s *portableSys) unlink(dir, name string) error {
	path, _, err := s.regular(dir, name)
	if err != nil {
		return err
	}
	return s.root.Remove(path)
}

// rmdir removes by a name with a slash at its end, which no file has.
func (s *portableSys) rmdir(dir, name string) error {
	if err := s.check(dir); err != nil {
		return err
	}
	path, info, err := s.info(dir, name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "rmdir", Path: path, Err: syscall.ENOTDIR}
	}
	err = s.root.Remove(path + "/")
	if err == nil || errors.Is(err, syscall.ENOENT) {
		return err
	}
	// Not every platform has an errno for a directory that is not empty.
	if entries, readErr := s.readDir(path); readErr == nil && len(entries) > 0 {
		return errors.Join(storage.ErrNotEmpty, err)
	}
	return err
}

func closeFile(f *os.File, err *error) {
	if closeErr := f.Close(); closeErr != nil && *err == nil {
		*err = closeErr
	}
}
