package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/internal/stream"
	"github.com/blobsweep/blobsweep/storage"
)

// Open implements [storage.Opener], at one request, which is tried again until
// the store begins to answer. A body that breaks off is the caller's to ask for
// again, and so is one of which nothing arrives for the Timeout.
func (d *Driver) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if key == "" {
		return nil, &storage.Error{Op: string(OpGet), Key: key, Err: errEmptyKey}
	}
	return do(ctx, d, OpGet, key, func(attempt context.Context) (io.ReadCloser, error) {
		// The body outlives the attempt that opens it, and ends with the caller's
		// context.
		lasting, cancel := context.WithCancel(context.WithoutCancel(attempt))
		untie := context.AfterFunc(attempt, cancel)
		content, size, err := d.API.Get(lasting, d.Root+key)
		switch late := !untie(); {
		case err != nil:
			cancel()
			return nil, err
		case late:
			cancel()
			return nil, errors.Join(attempt.Err(), content.Close())
		}
		opened := &openBody{ReadCloser: content, driver: d, key: key, cancel: cancel, untie: context.AfterFunc(ctx, cancel)}
		return stream.New(ctx, key, opened, size), nil
	})
}

// openBody is what a store sends of an object, for as long as it sends something.
type openBody struct {
	io.ReadCloser
	driver  *Driver
	key     string
	cancel  context.CancelFunc // of the request
	untie   func() bool        // from the caller's context
	stalled atomic.Bool
}

// Read implements io.Reader.
func (b *openBody) Read(p []byte) (int, error) {
	patience := time.AfterFunc(b.driver.Timeout, func() {
		b.stalled.Store(true)
		b.cancel()
	})
	n, err := b.ReadCloser.Read(p)
	patience.Stop()
	if err == nil || err == io.EOF {
		return n, err
	}
	fault := &Fault{Class: Transient, Message: "the body broke off: " + err.Error(), Cause: err}
	switch {
	case b.stalled.Load():
		fault.Message = fmt.Sprintf("the body broke off: nothing arrived within %v", b.driver.Timeout)
		fault.Cause = nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		fault.Cause = nil // whether it was the caller's is seen by their context
	}
	return n, b.driver.explain(OpGet, b.key, 1, fault)
}

// Close implements io.Closer.
func (b *openBody) Close() error {
	err := b.ReadCloser.Close()
	b.untie()
	b.cancel()
	if err != nil {
		return b.driver.explain(OpGet, b.key, 1, Network(err))
	}
	return nil
}
