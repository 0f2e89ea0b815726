// Package filesystem is the driver for registries that keep their tree on a
// local or mounted filesystem.
//
// No symbolic link below the root is ever followed, read, replaced or removed
// (but for [Driver.LeadsOut], which looks where one leads in order to refuse work);
// nothing outside the root is ever touched; a directory is only ever removed
// by rmdir.
// On Linux the kernel holds these promises (openat2). Elsewhere, and where
// openat2 is not allowed, each component of a path is checked before it is
// used, which somebody who changes the tree at that very moment can get
// around, though never out of the root.
package filesystem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/blobsweep/blobsweep/internal/stream"
	"github.com/blobsweep/blobsweep/storage"
)

var (
	errBadKey  = errors.New("not a clean relative path")
	errDirKey  = fmt.Errorf("%w: a key that ends in a slash names no file", storage.ErrIrregular)
	errFileKey = errors.New("the prefix of a directory ends in a slash")
)

// Driver reads and deletes below one directory, and repairs links there. It is safe for concurrent use.
type Driver struct {
	root string
	sys  sys

	lists, gets, stats, deletes, writes atomic.Int64
}

var (
	_ storage.Driver        = (*Driver)(nil)
	_ storage.Tree          = (*Driver)(nil)
	_ storage.DirRemover    = (*Driver)(nil)
	_ storage.MultiStater   = (*Driver)(nil)
	_ storage.ScratchGetter = (*Driver)(nil)
	_ storage.LinkProber    = (*Driver)(nil)
	_ storage.Opener        = (*Driver)(nil)
	_ storage.Writer        = (*Driver)(nil)
	_ storage.Requester     = (*Driver)(nil)
	_ io.Closer             = (*Driver)(nil)
)

// sys is what the platform has to do. Paths are clean and relative to the
// root, which is the empty path. A symbolic link in a path is an error.
type sys interface {
	readDir(dir string) ([]storage.Entry, error)
	// lstat describes names of a directory, or a file in each of the directories
	// of those names. What went wrong with one name is in its fileInfo.
	lstat(dir string, names []string, file string) ([]fileInfo, error)
	// read returns a whole regular file of at most limit bytes, in scratch where
	// it fits.
	read(path string, limit int64, scratch []byte) ([]byte, error)
	// openFile opens a regular file, and tells how large it is.
	openFile(path string) (*os.File, int64, error)
	// write makes a regular file in a directory, or replaces it as a whole.
	write(dir, name string, content []byte) error
	// unlink removes a regular file, rmdir an empty directory, and neither
	// anything else.
	unlink(dir, name string) error
	rmdir(dir, name string) error
	io.Closer
}

type fileInfo struct {
	kind    storage.EntryKind
	size    int64
	modTime time.Time
	err     error
}

// New opens the directory root, a registry's rootdirectory: the one that holds
// docker/registry/v2. It must exist, and may be reached through symbolic links.
// Close releases it.
func New(root string) (*Driver, error) { return open(root, openSys) }

func open(root string, openSys func(root string) (sys, error)) (*Driver, error) {
	s, err := openSys(root)
	if err != nil {
		return nil, err
	}
	return &Driver{root: root, sys: s}, nil
}

// Close releases the root directory. Later calls fail with [fs.ErrClosed].
func (d *Driver) Close() error { return d.sys.Close() }

// Hierarchical implements [storage.Tree]: directories are real.
func (d *Driver) Hierarchical() bool { return true }

// Requests implements [storage.Requester]: directories read, files read, files
// and directories described (those of a listing included), attempts to remove a
// file or directory, and files written.
func (d *Driver) Requests() storage.Requests {
	return storage.Requests{
		List: d.lists.Load(), Get: d.gets.Load(), Stat: d.stats.Load(), Delete: d.deletes.Load(), Write: d.writes.Load(),
	}
}

// ReadDir implements [storage.Tree]. All names of the directory are in memory
// at once. It looks at no entry beyond its name, unless the filesystem does not
// tell the kinds of entries.
func (d *Driver) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	dir, err := cleanDir(prefix)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, fail("list", prefix, err)
	}
	d.lists.Add(1)
	entries, err := d.sys.readDir(dir)
	if err != nil {
		return nil, fail("list", prefix, err)
	}
	return entries, nil
}

// Get implements [storage.Reader].
func (d *Driver) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	return d.GetInto(ctx, key, limit, nil)
}

// GetInto implements [storage.ScratchGetter].
func (d *Driver) GetInto(ctx context.Context, key string, limit int64, scratch []byte) ([]byte, error) {
	if err := errors.Join(checkKey(key), ctx.Err()); err != nil {
		return nil, fail("get", key, err)
	}
	d.gets.Add(1)
	content, err := d.sys.read(key, limit, scratch)
	if err != nil {
		return nil, fail("get", key, err)
	}
	return content, nil
}

// Open implements [storage.Opener]. A read that waits for the disk does not see
// that ctx ends, the next one does.
func (d *Driver) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := errors.Join(checkKey(key), ctx.Err()); err != nil {
		return nil, fail("get", key, err)
	}
	d.gets.Add(1)
	f, size, err := d.sys.openFile(key)
	if err != nil {
		return nil, fail("get", key, err)
	}
	return stream.New(ctx, key, f, size), nil
}

// Stat implements [storage.Reader]. A symbolic link is described itself, as
// irregular. A file is not found by a key that ends in a slash, nor a directory
// by one that does not.
func (d *Driver) Stat(ctx context.Context, key string) (storage.Object, error) {
	path, isPrefix := strings.CutSuffix(key, "/")
	if err := errors.Join(checkPath(path), ctx.Err()); err != nil {
		return storage.Object{}, fail("stat", key, err)
	}
	d.stats.Add(1)
	dir, name := split(path)
	infos, err := d.sys.lstat(strings.TrimSuffix(dir, "/"), []string{name}, "")
	if err != nil {
		return storage.Object{}, fail("stat", key, err)
	}
	info := infos[0]
	switch {
	case info.err != nil:
		return storage.Object{}, fail("stat", key, info.err)
	case isPrefix && info.kind == storage.EntryOther:
		return storage.Object{}, fail("stat", key, storage.ErrIrregular)
	case info.kind != storage.EntryOther && isPrefix != (info.kind == storage.EntryDir):
		return storage.Object{}, fail("stat", key, storage.ErrNotFound)
	}
	return info.object(key), nil
}

// StatEach implements [storage.MultiStater], at one system call a name.
func (d *Driver) StatEach(ctx context.Context, prefix string, names []string, file string) ([]storage.Described, error) {
	dir, err := cleanDir(prefix)
	if err := errors.Join(err, checkPath(file), ctx.Err()); err != nil {
		return nil, fail("stat", prefix, err)
	}
	for _, name := range names {
		if err := checkPath(name); err != nil {
			return nil, fail("stat", prefix+name+"/"+file, err)
		}
	}
	d.stats.Add(int64(len(names)))
	infos, err := d.sys.lstat(dir, names, file)
	if err != nil {
		return nil, fail("stat", prefix, err)
	}
	all := make([]storage.Described, len(names))
	for i, info := range infos {
		if info.err != nil {
			all[i].Err = fail("stat", prefix+names[i]+"/"+file, info.err)
		} else {
			all[i].Object = info.object("")
		}
	}
	return all, nil
}

// Delete implements [storage.Driver], one key after the other. It removes
// regular files only. When ctx ends, the keys that were not tried are in the
// error.
func (d *Driver) Delete(ctx context.Context, keys ...string) error {
	var failed []*storage.Error
	for _, key := range keys {
		if err := d.delete(ctx, key); err != nil {
			failed = append(failed, fail("delete", key, err))
		}
	}
	if len(failed) > 0 {
		return &storage.DeleteError{Failed: failed}
	}
	return nil
}

func (d *Driver) delete(ctx context.Context, key string) error {
	if err := errors.Join(checkKey(key), ctx.Err()); err != nil {
		return err
	}
	d.deletes.Add(1)
	dir, name := split(key)
	dir = strings.TrimSuffix(dir, "/")
	err := d.sys.unlink(dir, name)
	if errors.Is(err, syscall.ENOENT) { // absence is seen twice
		err = d.sys.unlink(dir, name)
	}
	return present(err)
}

// RemoveDir implements [storage.DirRemover]. The root itself stays.
func (d *Driver) RemoveDir(ctx context.Context, prefix string) error {
	path, err := cleanDir(prefix)
	if err := errors.Join(err, checkPath(path), ctx.Err()); err != nil {
		return fail("rmdir", prefix, err)
	}
	d.deletes.Add(1)
	dir, name := split(path)
	if err := present(d.sys.rmdir(strings.TrimSuffix(dir, "/"), name)); err != nil {
		return fail("rmdir", prefix, err)
	}
	return nil
}

// object describes the file under a key.
func (i fileInfo) object(key string) storage.Object {
	o := storage.Object{Key: key, Size: i.size, ModTime: i.modTime}
	switch i.kind {
	case storage.EntryDir:
		o.Size, o.IsPrefix = -1, true
	case storage.EntryOther:
		o.Irregular = true
	}
	return o
}

// split cuts a path behind its last slash.
func split(path string) (dir, name string) {
	at := strings.LastIndexByte(path, '/') + 1
	return path[:at], path[at:]
}

// checkKey accepts what can name a file.
func checkKey(key string) error {
	if path, isPrefix := strings.CutSuffix(key, "/"); isPrefix && checkPath(path) == nil {
		return errDirKey
	}
	return checkPath(key)
}

// checkPath accepts a path that stays below the root and has no other spelling.
func checkPath(path string) error {
	if strings.IndexByte(path, 0) >= 0 {
		return errBadKey
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." || name == ".." {
			return errBadKey
		}
	}
	return nil
}

// cleanDir returns the path of the directory that a prefix names.
func cleanDir(prefix string) (string, error) {
	if prefix == "" {
		return "", nil
	}
	dir, isPrefix := strings.CutSuffix(prefix, "/")
	if err := checkPath(dir); err != nil || isPrefix {
		return dir, err
	}
	return dir, errFileKey
}

// fail names the operation and key, and the meaning of err.
func fail(op, key string, err error) *storage.Error {
	return &storage.Error{Op: op, Key: key, Err: classify(err)}
}

// classify says in the words of the contract what err means. Only ENOENT, the
// answer to one named path, is absence: a component that is no directory, or
// cannot be searched, says nothing about what may lie behind it.
func classify(err error) error {
	meaning := error(nil)
	switch {
	case errors.Is(err, syscall.ENOENT):
		meaning = storage.ErrNotFound
	case isAny(err, syscall.ENOTEMPTY, syscall.EEXIST):
		meaning = storage.ErrNotEmpty
	case isAny(err, syscall.ELOOP, syscall.ENOTDIR, syscall.EISDIR, syscall.ENXIO, syscall.EXDEV):
		meaning = storage.ErrIrregular
	}
	if meaning == nil || errors.Is(err, meaning) {
		return err
	}
	return &meant{meaning, err}
}

// meant is an error of the platform with its meaning. There can be one for each
// key that is asked for.
type meant struct{ meaning, cause error }

func (e *meant) Error() string   { return e.meaning.Error() + ": " + e.cause.Error() }
func (e *meant) Unwrap() []error { return []error{e.meaning, e.cause} }

func isAny(err error, targets ...syscall.Errno) bool {
	return slices.ContainsFunc(targets, func(target syscall.Errno) bool { return errors.Is(err, target) })
}

// present drops the error of removing what is not there.
func present(err error) error {
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	return err
}

// kindOf returns the kind of a file.
func kindOf(mode fs.FileMode) storage.EntryKind {
	switch {
	case mode.IsRegular():
		return storage.EntryFile
	case mode.IsDir():
		return storage.EntryDir
	}
	return storage.EntryOther
}
