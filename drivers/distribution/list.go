package distribution

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/storage"
)

// List implements [storage.Reader]. It reads directory by directory, in order,
// and costs a list for each and a stat for each object. The collector reads
// the tree through [Driver.ReadDir] instead, which spares the stats.
func (d *Driver) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		// What follows the last slash is the beginning of a name.
		dir := prefix[:strings.LastIndexByte(prefix, '/')+1]
		l := lister{d: d, prefix: prefix, opts: opts, yield: yield}
		if _, err := l.walk(ctx, dir); err != nil {
			yield(storage.Object{}, err)
		}
	}
}

// lister is one listing under way.
type lister struct {
	d      *Driver
	prefix string
	opts   storage.ListOptions
	yield  func(storage.Object, error) bool
}

// walk lists a directory. It reports false when the listing shall end.
func (l *lister) walk(ctx context.Context, dir string) (bool, error) {
	entries, err := l.d.ReadDir(ctx, dir)
	if errors.Is(err, storage.ErrNotFound) {
		return true, nil // nothing lies under it
	}
	if err != nil {
		return false, err
	}
	keys := make([]string, 0, len(entries))
	irregular := map[string]bool{}
	for _, e := range entries {
		key := dir + e.Name
		if e.Kind == storage.EntryDir {
			key += "/"
		}
		irregular[key] = e.Kind == storage.EntryOther
		keys = append(keys, key)
	}
	// With the slash, names come in the order of the full keys below them.
	slices.Sort(keys)
	for _, key := range keys {
		if !l.wanted(key) {
			continue
		}
		more, err := l.entry(ctx, key, irregular[key])
		if !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// wanted reports whether the key, or something below it, may be listed.
func (l *lister) wanted(key string) bool {
	isDir := strings.HasSuffix(key, "/")
	if !strings.HasPrefix(key, l.prefix) && (!isDir || !strings.HasPrefix(l.prefix, key)) {
		return false
	}
	if key > l.opts.StartAfter {
		return true
	}
	return isDir && !l.opts.Delimiter && strings.HasPrefix(l.opts.StartAfter, key)
}

// entry lists one entry of a directory.
func (l *lister) entry(ctx context.Context, key string, irregular bool) (bool, error) {
	switch {
	case ctx.Err() != nil:
		return false, failed("list", key, ctx.Err())
	case irregular:
		return l.yield(storage.Object{Key: key, Size: -1, Irregular: true}, nil), nil
	case !strings.HasSuffix(key, "/"):
		object, err := l.d.Stat(ctx, key)
		if errors.Is(err, storage.ErrNotFound) {
			return true, nil // removed since its directory was read
		}
		if err != nil {
			return false, err
		}
		return l.yield(object, nil), nil
	case l.opts.Delimiter:
		return l.yield(storage.Object{Key: key, Size: -1, IsPrefix: true}, nil), nil
	}
	return l.walk(ctx, key)
}
