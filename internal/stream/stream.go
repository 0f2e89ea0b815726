// Package stream makes of what a backend sends the stream that
// [storage.Opener] promises: it ends with its context, and at the end of the
// whole object or with an error that names it and is not io.EOF.
package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/blobsweep/blobsweep/storage"
)

// reader is an open object. Once it has failed, it fails.
type reader struct {
	ctx  context.Context
	key  string
	body io.ReadCloser
	size int64 // as announced, or negative
	read int64
	end  error

	closed bool
}

// New returns the stream of the object under key, which body is. Size is what the
// backend announced, or negative where it did not.
func New(ctx context.Context, key string, body io.ReadCloser, size int64) io.ReadCloser {
	return &reader{ctx: ctx, key: key, body: body, size: size}
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if r.end != nil {
		return 0, r.end
	}
	if err := r.ctx.Err(); err != nil {
		r.end = r.failure(err)
		return 0, r.end
	}
	n, err := r.body.Read(p)
	r.read += int64(n)
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF:
		r.end = r.failure(err)
	case r.size > r.read:
		r.end = r.failure(fmt.Errorf("it ends after %d bytes of %d: %w", r.read, r.size, io.ErrUnexpectedEOF))
	default:
		r.end = io.EOF
	}
	return n, r.end
}

// failure names the object. The end of the context comes before what it led to,
// and nothing passes for the end of the object.
func (r *reader) failure(err error) error {
	var named *storage.Error
	known, ended := errors.As(err, &named), r.ctx.Err()
	switch {
	case ended != nil && !errors.Is(err, ended):
		if known {
			err = named.Err
		}
		err = fmt.Errorf("%w: %v", ended, err)
	case errors.Is(err, io.EOF):
		err = errors.New(err.Error())
	case known:
		return err
	}
	return &storage.Error{Op: "get", Key: r.key, Err: err}
}

// Close implements io.Closer. What is closed already stays so.
func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed, r.end = true, r.failure(fs.ErrClosed)
	if err := r.body.Close(); err != nil {
		return r.failure(err)
	}
	return nil
}
