package distribution

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/blobsweep/blobsweep/internal/stream"
	"github.com/blobsweep/blobsweep/storage"
)

// Open implements [storage.Opener], by the wrapped driver's Reader. That does not
// tell how much there is to read, so a driver that takes a cut connection for the
// end of a file is not found out.
func (d *Driver) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	path, err := objectPath(key)
	if err != nil {
		return nil, failed("get", key, err)
	}
	s, err := d.open(ctx, path)
	if err != nil {
		return nil, failed("get", key, cause(ctx, d.explain(ctx, path, false, err)))
	}
	return stream.New(ctx, key, s, -1), nil
}

// open reads the first bytes: a driver may open a directory, or what is not
// there, and only then say what is wrong.
func (d *Driver) open(ctx context.Context, path string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.gets.Add(1)
	r, err := d.inner.Reader(ctx, path, 0)
	if err != nil {
		return nil, err
	}
	begun := bufio.NewReader(r)
	if _, err := begun.Peek(1); err != nil && err != io.EOF {
		if closeErr := r.Close(); closeErr != nil {
			return nil, errors.Join(err, closeErr)
		}
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{begun, r}, nil
}

// Write implements [storage.Writer], by the wrapped driver's PutContent, which
// replaces a file as a whole where that driver does, as Distribution's own do.
func (d *Driver) Write(ctx context.Context, key string, content []byte) error {
	path, err := objectPath(key)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return failed("write", key, err)
	}
	d.writes.Add(1)
	if err := d.inner.PutContent(ctx, path, content); err != nil {
		err = cause(ctx, d.explain(ctx, path, false, err))
		if errors.Is(err, storage.ErrNotFound) { // which is no reason not to write it
			err = errors.New(err.Error())
		}
		return failed("write", key, err)
	}
	return nil
}
