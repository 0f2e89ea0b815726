package distribution

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/blobsweep/blobsweep/storage"
	storagedriver "github.com/distribution/distribution/v3/registry/storage/driver"
)

func failed(op, key string, err error) *storage.Error {
	return &storage.Error{Op: op, Key: key, Err: err}
}

// isNotFound reports whether a driver says that the path is not there. It is
// the only thing that is taken for absence.
func isNotFound(err error) bool {
	var notFound storagedriver.PathNotFoundError
	return errors.As(err, &notFound)
}

// absent is isNotFound, but for what drivers say when they were interrupted.
func absent(ctx context.Context, err error) bool { return isNotFound(err) && ctx.Err() == nil }

// cause makes a driver's error one of package storage, and hands on what it
// does not know. The end of the context is named where it may be the reason,
// because a driver's catch-all error hides what it wraps.
func cause(ctx context.Context, err error) error {
	ctxErr := ctx.Err()
	switch {
	case ctxErr != nil && errors.Is(err, ctxErr):
		return err
	case ctxErr != nil:
		return fmt.Errorf("%w: %w", ctxErr, err)
	case isNotFound(err):
		return fmt.Errorf("%w: %w", storage.ErrNotFound, err)
	}
	return err
}

// explain finds out why a file or directory cannot be read. Drivers have many
// words for a path that is not there, is of the other kind, or leads through a
// file, but a stat tells.
func (d *Driver) explain(ctx context.Context, path string, wantDir bool, err error) error {
	if isNotFound(err) {
		return d.behindFile(ctx, path, err)
	}
	info, statErr := d.stat(ctx, path)
	switch {
	case isNotFound(statErr):
		return d.behindFile(ctx, path, statErr)
	case statErr != nil:
		return d.behindFile(ctx, path, err)
	case info.IsDir() != wantDir:
		return fmt.Errorf("%w: %w", storage.ErrIrregular, err)
	}
	return err
}

// behindFile says so when a path that cannot be looked at leads through a
// file. That is a fault in the tree, not absence.
func (d *Driver) behindFile(ctx context.Context, path string, err error) error {
	for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		info, statErr := d.stat(ctx, path[:i])
		if statErr != nil {
			continue
		}
		if !info.IsDir() {
			return fmt.Errorf("%w: %s is a file (%v)", storage.ErrIrregular, path[:i], err)
		}
		break
	}
	return err
}
