package distribution

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/blobsweep/blobsweep/storage"
	storagedriver "github.com/distribution/distribution/v3/registry/storage/driver"
)

// Options of a [Driver].
type Options struct {
	// Workers bounds the requests that one call sends at a time; zero means
	// four for each processor, at least 16.
	Workers int

	// PruneDirectories allows RemoveDir. A StorageDriver can only delete a
	// directory with all that is in it, so between the look that finds the
	// directory empty and its removal, a push that writes into it would be
	// lost. Set it only while nothing writes: the registry is stopped or
	// read-only.
	PruneDirectories bool
}

// Driver is a [storage.Driver], a [storage.Tree], a [storage.DirRemover], a
// [storage.Opener], a [storage.Writer] and a [storage.Requester] over a
// StorageDriver of Distribution. It is safe for
// concurrent use, as StorageDrivers are.
type Driver struct {
	inner storagedriver.StorageDriver
	opts  Options

	lists, gets, stats, deletes, writes atomic.Int64
}

var (
	_ storage.Driver     = (*Driver)(nil)
	_ storage.Tree       = (*Driver)(nil)
	_ storage.DirRemover = (*Driver)(nil)
	_ storage.Opener     = (*Driver)(nil)
	_ storage.Writer     = (*Driver)(nil)
	_ storage.Requester  = (*Driver)(nil)
)

// New makes a driver of d. The keys that it takes are the paths of d without
// the slash at the front.
func New(d storagedriver.StorageDriver, opts Options) *Driver {
	if opts.Workers <= 0 {
		opts.Workers = max(16, 4*runtime.GOMAXPROCS(0))
	}
	return &Driver{inner: d, opts: opts}
}

// Name is the name that the wrapped driver gives itself.
func (d *Driver) Name() string { return d.inner.Name() }

// Hierarchical reports true: every StorageDriver lists directory by directory.
func (d *Driver) Hierarchical() bool { return true }

// Requests counts the calls of the wrapped driver so far.
func (d *Driver) Requests() storage.Requests {
	return storage.Requests{
		List:   d.lists.Load(),
		Get:    d.gets.Load(),
		Stat:   d.stats.Load(),
		Delete: d.deletes.Load(),
		Write:  d.writes.Load(),
	}
}

// Get implements [storage.Reader]. It reads no more than one byte past limit.
func (d *Driver) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	path, err := objectPath(key)
	if err != nil {
		return nil, failed("get", key, err)
	}
	content, err := d.read(ctx, path, limit)
	switch {
	case errors.Is(err, storage.ErrTooLarge):
		return nil, failed("get", key, err)
	case err != nil:
		return nil, failed("get", key, cause(ctx, d.explain(ctx, path, false, err)))
	}
	return content, nil
}

// read reads a whole file of at most limit bytes.
func (d *Driver) read(ctx context.Context, path string, limit int64) (content []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.gets.Add(1)
	r, err := d.inner.Reader(ctx, path, 0)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := r.Close(); err == nil && closeErr != nil {
			content, err = nil, closeErr
		}
	}()
	content, err = io.ReadAll(io.LimitReader(r, min(limit, math.MaxInt64-1)+1))
	if err == nil && int64(len(content)) > limit {
		return nil, fmt.Errorf("%w of %d bytes", storage.ErrTooLarge, limit)
	}
	return content, err
}

// Stat implements [storage.Reader]. A file is not found by a key that ends in
// a slash, nor a directory by one that does not.
func (d *Driver) Stat(ctx context.Context, key string) (storage.Object, error) {
	path, wantDir, err := anyPath(key)
	if err != nil {
		return storage.Object{}, failed("stat", key, err)
	}
	info, err := d.stat(ctx, path)
	switch {
	case err != nil:
		return storage.Object{}, failed("stat", key, cause(ctx, d.behindFile(ctx, path, err)))
	case wantDir && info.IsDir():
		return storage.Object{Key: key, Size: -1, ModTime: info.ModTime(), IsPrefix: true}, nil
	case wantDir:
		return d.statBehind(ctx, key, path)
	case info.IsDir():
		return storage.Object{}, failed("stat", key, fmt.Errorf("%w: a directory", storage.ErrNotFound))
	}
	return storage.Object{Key: key, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// statBehind looks for a directory where there is a file. In an object store
// there can be both, and a stat shows the file alone.
func (d *Driver) statBehind(ctx context.Context, key, path string) (storage.Object, error) {
	_, err := d.names(ctx, path)
	switch {
	case errors.Is(err, storage.ErrIrregular):
		return storage.Object{}, failed("stat", key, fmt.Errorf("%w: a file", storage.ErrNotFound))
	case err != nil:
		return storage.Object{}, failed("stat", key, cause(ctx, err))
	}
	return storage.Object{Key: key, Size: -1, IsPrefix: true}, nil
}

// stat asks the driver. Like the other calls it looks at ctx first, because
// many drivers never do.
func (d *Driver) stat(ctx context.Context, path string) (storagedriver.FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.stats.Add(1)
	return d.inner.Stat(ctx, path)
}

// objectPath is the driver's path of an object's key. Keys that are not in
// their shortest form are refused: a driver might resolve "..".
func objectPath(key string) (string, error) {
	path, dir, err := anyPath(key)
	if err == nil && dir {
		err = fmt.Errorf("the key of an object cannot end in a slash: %w", storage.ErrIrregular)
	}
	return path, err
}

// anyPath is the driver's path of an object's key or of a directory's prefix,
// and which of them it is. The empty prefix is the root.
func anyPath(key string) (path string, dir bool, err error) {
	if key == "" {
		return "/", true, nil
	}
	name, dir := strings.CutSuffix(key, "/")
	for component := range strings.SplitSeq(name, "/") {
		if component == "" || component == "." || component == ".." {
			return "", dir, fmt.Errorf("component %q has no meaning in a key", component)
		}
	}
	return "/" + name, dir, nil
}
