// Package deletion deletes keys in batches, and directories by rmdir, and tells
// exactly what is not known to be gone.
package deletion

import (
	"context"
	"errors"
	"slices"

	"github.com/blobsweep/blobsweep/storage"
)

// How many keys go to the backend at a time, and how far an interrupted run
// goes on: what object stores take in one request, and on trees, where each
// key is a request, what keeps all workers busy.
const (
	FlatBatch = 1000
	TreeBatch = 100
)

// Keys deletes keys and returns the error of each that is not known to be gone.
func Keys(ctx context.Context, d storage.Driver, keys []string) (failed []*storage.Error) {
	for chunk := range slices.Chunk(keys, FlatBatch) {
		err := d.Delete(ctx, chunk...)
		if err == nil {
			continue
		}
		var partial *storage.DeleteError
		if errors.As(err, &partial) && names(partial, chunk) {
			failed = append(failed, partial.Failed...)
			continue
		}
		for _, key := range chunk { // nothing is known of any
			failed = append(failed, &storage.Error{Op: "delete", Key: key, Err: err})
		}
	}
	return failed
}

// names reports whether an error names keys, and only those of the batch. One
// that names others does not tell which of the batch are gone.
func names(partial *storage.DeleteError, batch []string) bool {
	for _, f := range partial.Failed {
		if !slices.Contains(batch, f.Key) {
			return false
		}
	}
	return len(partial.Failed) > 0
}

// Directories returns the power to remove directories, or nil where they are not
// real.
func Directories(d storage.Driver) storage.DirRemover {
	if _, ok := storage.AsTree(d); !ok {
		return nil
	}
	dirs, _ := d.(storage.DirRemover)
	return dirs
}

// Directory removes an empty directory and reports whether it is gone. That
// something is in it, or that the driver cannot remove any, is no error.
func Directory(ctx context.Context, d storage.DirRemover, prefix string) (gone bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	err = d.RemoveDir(ctx, prefix)
	if errors.Is(err, storage.ErrNotEmpty) || errors.Is(err, errors.ErrUnsupported) {
		return false, nil
	}
	return err == nil, err
}
