package distribution

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/blobsweep/blobsweep/storage"
	"golang.org/x/sync/errgroup"
)

// Delete implements [storage.Driver]. It costs a stat and a delete for each
// key, and works on several keys at a time. When ctx ends, keys that were not
// reached count as failed.
func (d *Driver) Delete(ctx context.Context, keys ...string) error {
	var (
		mu   sync.Mutex
		fail []*storage.Error
		// A key that fails does not stop the others.
		group errgroup.Group
	)
	group.SetLimit(d.opts.Workers)
	for _, key := range keys {
		group.Go(func() error {
			if err := d.delete(ctx, key); err != nil {
				mu.Lock()
				defer mu.Unlock()
				fail = append(fail, failed("delete", key, err))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if len(fail) == 0 {
		return nil
	}
	slices.SortFunc(fail, func(a, b *storage.Error) int { return cmp.Compare(a.Key, b.Key) })
	return &storage.DeleteError{Failed: fail}
}

func (d *Driver) delete(ctx context.Context, key string) error {
	path, err := objectPath(key)
	if err != nil {
		return err
	}
	info, err := d.stat(ctx, path)
	switch {
	case absent(ctx, err):
		return nil
	case err != nil:
		return cause(ctx, err)
	case info.IsDir():
		return fmt.Errorf("a directory: %w", storage.ErrIrregular)
	}
	return d.remove(ctx, path)
}

// remove deletes the path and whatever is below it.
func (d *Driver) remove(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.deletes.Add(1)
	if err := d.inner.Delete(ctx, path); err != nil && !absent(ctx, err) {
		return cause(ctx, err)
	}
	return nil
}

// RemoveDir implements [storage.DirRemover]. Without
// [Options.PruneDirectories] it fails with errors.ErrUnsupported. It costs a
// list, a stat and a delete.
func (d *Driver) RemoveDir(ctx context.Context, prefix string) error {
	if !d.opts.PruneDirectories {
		return failed("rmdir", prefix, fmt.Errorf("the driver %s has no call that spares what is in a directory: %w", d.inner.Name(), errors.ErrUnsupported))
	}
	path, isDir, err := anyPath(prefix)
	if err == nil && (!isDir || path == "/") {
		err = errors.New("not the prefix of a directory below the root")
	}
	if err != nil {
		return failed("rmdir", prefix, err)
	}
	names, err := d.names(ctx, path)
	switch {
	case absent(ctx, err):
		return nil
	case err != nil:
		return failed("rmdir", prefix, cause(ctx, err))
	case len(names) > 0:
		return failed("rmdir", prefix, storage.ErrNotEmpty)
	}
	// A driver may list a file as an empty directory; it must not be lost.
	info, err := d.stat(ctx, path)
	switch {
	case absent(ctx, err):
		return nil
	case err != nil:
		return failed("rmdir", prefix, cause(ctx, err))
	case !info.IsDir():
		return failed("rmdir", prefix, fmt.Errorf("not a directory: %w", storage.ErrIrregular))
	}
	if err := d.remove(ctx, path); err != nil {
		return failed("rmdir", prefix, err)
	}
	return nil
}
