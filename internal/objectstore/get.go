package objectstore

import (
	"context"
	"fmt"
	"io"

	"github.com/blobsweep/blobsweep/storage"
)

// Get implements [storage.Reader], at one request. A body that breaks off, or
// is not as long as was announced, is asked for again.
func (d *Driver) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	if key == "" {
		return nil, &storage.Error{Op: string(OpGet), Key: key, Err: errEmptyKey}
	}
	return do(ctx, d, OpGet, key, func(ctx context.Context) ([]byte, error) {
		body, size, err := d.API.Get(ctx, d.Root+key)
		if err != nil {
			return nil, err
		}
		content, err := readAll(body, size, limit)
		if closeErr := body.Close(); err == nil && closeErr != nil {
			err = Network(closeErr)
		}
		return content, err
	})
}

// readAll reads a body to its end, of the size that was announced.
func readAll(body io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, storage.ErrTooLarge
	}
	// What is announced is read and one byte more, which has to be missing;
	// without a size, so much of a body that is too large. Either may be the
	// largest number, to which none can be added.
	bound := limit
	if size >= 0 {
		bound = size
	}
	content, err := io.ReadAll(io.LimitReader(body, max(bound, bound+1)))
	switch n := int64(len(content)); {
	case err != nil:
		return nil, &Fault{Class: Transient, Message: "the body broke off: " + err.Error(), Cause: err}
	case size >= 0 && n > size:
		return nil, &Fault{Class: Transient, Message: fmt.Sprintf("the body has more than the %d bytes announced", size)}
	case size >= 0 && n < size:
		return nil, &Fault{Class: Transient, Message: fmt.Sprintf("the body has %d bytes of %d", n, size)}
	case n > limit:
		return nil, storage.ErrTooLarge
	}
	return content, nil
}
