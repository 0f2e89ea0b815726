package distribution

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/blobsweep/blobsweep/storage"
	storagedriver "github.com/distribution/distribution/v3/registry/storage/driver"
	"golang.org/x/sync/errgroup"
)

// ReadDir implements [storage.Tree]. It costs one list, and a stat for each
// name that the registry's grammar does not tell.
func (d *Driver) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	path, isDir, err := anyPath(prefix)
	if err == nil && !isDir {
		err = fmt.Errorf("the prefix of a directory ends in a slash: %w", storage.ErrIrregular)
	}
	if err != nil {
		return nil, failed("list", prefix, err)
	}
	names, err := d.names(ctx, path)
	if err != nil {
		return nil, failed("list", prefix, cause(ctx, err))
	}
	entries := make([]storage.Entry, 0, len(names))
	for name, times := range names {
		kind := kindOf(prefix, name)
		if kind == 0 && times > 1 {
			// In an object store a name can be an object and a directory at
			// once. The directory counts, lest what is in it be overlooked.
			kind = storage.EntryDir
		}
		entries = append(entries, storage.Entry{Name: name, Kind: kind})
	}
	if err := d.statKinds(ctx, prefix, entries); err != nil {
		return nil, err
	}
	return entries, nil
}

// names lists a directory: each name, and how often it came.
func (d *Driver) names(ctx context.Context, path string) (map[string]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.lists.Add(1)
	children, err := d.inner.List(ctx, path)
	if err != nil {
		return nil, d.explain(ctx, path, true, err)
	}
	names := make(map[string]int, len(children))
	for _, child := range children {
		name, ok := childName(path, child)
		if !ok {
			return nil, fmt.Errorf("the driver %s listed %q, which is not directly below", d.inner.Name(), child)
		}
		if name != "" {
			names[name]++
		}
	}
	return names, nil
}

// childName is the name of a directory's child, or empty when the child is the
// directory itself, as object stores list its marker.
func childName(dir, child string) (name string, ok bool) {
	dir, child = strings.TrimSuffix(dir, "/"), strings.TrimSuffix(child, "/")
	if child == dir {
		return "", true
	}
	name, ok = strings.CutPrefix(child, dir+"/")
	return name, ok && name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

// statKinds asks the driver for the kinds that are still missing.
func (d *Driver) statKinds(ctx context.Context, prefix string, entries []storage.Entry) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.opts.Workers)
	for i := range entries {
		entry := &entries[i]
		if entry.Kind != 0 {
			continue
		}
		group.Go(func() error {
			kind, err := d.statKind(ctx, prefix+entry.Name)
			entry.Kind = kind
			return err
		})
	}
	return group.Wait()
}

func (d *Driver) statKind(ctx context.Context, key string) (storage.EntryKind, error) {
	info, err := d.stat(ctx, "/"+key)
	var invalid storagedriver.InvalidPathError
	switch {
	case absent(ctx, err):
		// Listed and not there: a symbolic link that leads nowhere, or gone
		// since.
		return storage.EntryOther, nil
	case errors.As(err, &invalid):
		// The driver refuses the name, so no registry wrote or can read what
		// is there.
		return storage.EntryOther, nil
	case err != nil:
		return 0, failed("stat", key, cause(ctx, err))
	case info.IsDir():
		return storage.EntryDir, nil
	}
	return storage.EntryFile, nil
}
