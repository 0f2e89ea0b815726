package objectstore

import (
	"context"

	"github.com/blobsweep/blobsweep/storage"
)

// Write implements [storage.Writer], at one request: stores replace objects as a
// whole.
func (d *Driver) Write(ctx context.Context, key string, content []byte) error {
	if key == "" {
		return &storage.Error{Op: string(OpWrite), Key: key, Err: errEmptyKey}
	}
	_, err := do(ctx, d, OpWrite, key, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, d.API.Put(ctx, d.Root+key, content)
	})
	return err
}
