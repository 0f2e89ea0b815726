package filesystem

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"syscall"

	"github.com/blobsweep/blobsweep/storage"
)

// statBatch is how many files of a directory are described before the first of
// them is yielded.
const statBatch = 512

// List implements [storage.Reader], at the cost of reading each directory and
// describing each file; [Driver.ReadDir] does without the latter. The names of
// one directory on each level are in memory. A directory that is gone when its
// turn comes is empty, and a file that is gone is not yielded. Empty
// directories show only in a listing with Delimiter.
func (d *Driver) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		dir, partial := split(prefix)
		if err := checkPrefix(dir, partial); err != nil {
			yield(storage.Object{}, fail("list", prefix, err))
			return
		}
		l := listing{driver: d, ctx: ctx, opts: opts, yield: yield}
		l.walk(dir, partial)
	}
}

func checkPrefix(dir, partial string) error {
	if strings.IndexByte(partial, 0) >= 0 {
		return errBadKey
	}
	_, err := cleanDir(dir)
	return err
}

// listing is one List under way. Its methods return whether to go on.
type listing struct {
	driver *Driver
	ctx    context.Context
	opts   storage.ListOptions
	yield  func(storage.Object, error) bool
}

func (l *listing) fail(key string, err error) bool {
	l.yield(storage.Object{}, fail("list", key, err))
	return false
}

// walk yields what lies in the directory dir, if its name begins with partial.
func (l *listing) walk(dir, partial string) bool {
	entries, err := l.driver.ReadDir(l.ctx, dir)
	if errors.Is(err, storage.ErrNotFound) { // absence is seen twice
		entries, err = l.driver.ReadDir(l.ctx, dir)
	}
	if err != nil {
		// The root is always there: its absence is no empty listing.
		if dir != "" && errors.Is(err, storage.ErrNotFound) {
			return true
		}
		l.yield(storage.Object{}, err)
		return false
	}
	for batch := range slices.Chunk(l.selected(dir, partial, entries), statBatch) {
		if !l.describe(dir, batch) || !l.emit(dir, batch) {
			return false
		}
	}
	return true
}

// selected returns the entries that the listing is about, in its order.
func (l *listing) selected(dir, partial string, entries []storage.Entry) []storage.Object {
	objects := make([]storage.Object, 0, len(entries))
	for _, e := range entries {
		if !strings.HasPrefix(e.Name, partial) {
			continue
		}
		o := storage.Object{Key: dir + e.Name, Irregular: e.Kind == storage.EntryOther}
		if e.Kind == storage.EntryDir {
			o = storage.Object{Key: dir + e.Name + "/", Size: -1, IsPrefix: true}
		}
		descend := o.IsPrefix && !l.opts.Delimiter && strings.HasPrefix(l.opts.StartAfter, o.Key)
		if o.Key > l.opts.StartAfter || descend {
			objects = append(objects, o)
		}
	}
	slices.SortFunc(objects, func(a, b storage.Object) int { return strings.Compare(a.Key, b.Key) })
	return objects
}

// describe fills in sizes and times. What is gone loses its key.
func (l *listing) describe(dir string, batch []storage.Object) bool {
	names := make([]string, 0, len(batch))
	for _, o := range batch {
		if !o.IsPrefix {
			names = append(names, o.Key[len(dir):])
		}
	}
	if len(names) == 0 {
		return true
	}
	infos, err := l.lstat(dir, names)
	if present(err) != nil {
		return l.fail(dir, err)
	}
	for i, o := range batch {
		if o.IsPrefix {
			continue
		}
		batch[i] = storage.Object{}
		if err != nil {
			continue // the directory is gone, with all its files
		}
		info := infos[0]
		infos = infos[1:]
		if present(info.err) != nil {
			return l.fail(o.Key, info.err)
		}
		// What is a directory by now is no longer the file that was listed.
		if info.err == nil && info.kind != storage.EntryDir {
			batch[i] = info.object(o.Key)
		}
	}
	return true
}

// lstat describes files, and asks again for those that seem to be gone.
func (l *listing) lstat(dir string, names []string) ([]fileInfo, error) {
	dir = strings.TrimSuffix(dir, "/")
	l.driver.stats.Add(int64(len(names)))
	infos, err := l.driver.sys.lstat(dir, names, "")
	if errors.Is(err, syscall.ENOENT) {
		infos, err = l.driver.sys.lstat(dir, names, "")
	}
	if err != nil {
		return nil, err
	}
	for i := range infos {
		if infos[i].err == nil || present(infos[i].err) != nil {
			continue
		}
		l.driver.stats.Add(1)
		again, err := l.driver.sys.lstat(dir, names[i:i+1], "")
		if err != nil {
			return nil, err
		}
		infos[i] = again[0]
	}
	return infos, nil
}

// emit yields objects, and what lies below directories.
func (l *listing) emit(dir string, batch []storage.Object) bool {
	for _, o := range batch {
		if err := l.ctx.Err(); err != nil {
			return l.fail(dir, err)
		}
		switch {
		case o.Key == "":
		case o.IsPrefix && !l.opts.Delimiter:
			if !l.walk(o.Key, "") {
				return false
			}
		case !l.yield(o, nil):
			return false
		}
	}
	return true
}
