// Package ratelimit holds a driver to a number of requests per second, so that
// a collection leaves room for the registry that uses the same storage. The
// drivers of object stores do so themselves, as only they see what is tried
// again; this is for the others.
//
// What counts as a request is what the backend sees: a page of a listing, a
// directory, an object read, as a stream or not, a stat, a batch of deletes on an
// object store, a single unlink on a filesystem, an object written. The limit holds for all goroutines together.
package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/blobsweep/blobsweep/storage"
	"golang.org/x/time/rate"
)

// Page is how many elements of a flat listing, and how many keys of a batch
// delete, an object store handles in one request.
const Page = 1000

// Driver forwards to another driver at a bounded rate, with the powers of
// [storage.Tree], [storage.LinkProber], [storage.Opener], [storage.Writer] and
// [storage.Requester]. It is safe for concurrent use.
type Driver struct {
	inner storage.Driver
	tree  storage.Tree // nil where directories are not real
	// wait blocks until n more requests may be sent.
	wait func(ctx context.Context, n int) error
	// batch is how many keys go into one Delete of the inner driver.
	batch int
}

// dirDriver adds the power that a wrapper must not claim for a backend that
// does not have it.
type dirDriver struct {
	*Driver
	dirs storage.DirRemover
}

// Wrap returns d limited to perSecond requests per second, which must be
// positive. A tenth of a second's worth may be sent at once. The result is a
// [storage.DirRemover] if d is one.
func Wrap(d storage.Driver, perSecond int) storage.Driver {
	burst := max(1, perSecond/10)
	return wrap(d, rate.NewLimiter(rate.Limit(perSecond), burst).WaitN, burst)
}

func wrap(d storage.Driver, wait func(context.Context, int) error, burst int) storage.Driver {
	l := &Driver{inner: d, wait: wait, batch: Page}
	if tree, ok := storage.AsTree(d); ok {
		// Every key is an unlink of its own: no batch may be larger than what
		// the limiter hands out at once.
		l.tree, l.batch = tree, min(burst, Page)
	}
	if dirs, ok := d.(storage.DirRemover); ok {
		return dirDriver{l, dirs}
	}
	return l
}

// List implements [storage.Reader]. It takes a token for each page.
func (l *Driver) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		if err := l.token(ctx, "list", prefix); err != nil {
			yield(storage.Object{}, err)
			return
		}
		n := 0
		for object, err := range l.inner.List(ctx, prefix, opts) {
			// The token is for the page that this element begins.
			if err == nil && n > 0 && n%Page == 0 {
				err = l.token(ctx, "list", prefix)
			}
			if !yield(object, err) || err != nil {
				return
			}
			n++
		}
	}
}

// Get implements [storage.Reader].
func (l *Driver) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	if err := l.token(ctx, "get", key); err != nil {
		return nil, err
	}
	return l.inner.Get(ctx, key, limit)
}

// GetInto implements [storage.ScratchGetter].
func (l *Driver) GetInto(ctx context.Context, key string, limit int64, scratch []byte) ([]byte, error) {
	if err := l.token(ctx, "get", key); err != nil {
		return nil, err
	}
	return storage.GetInto(ctx, l.inner, key, limit, scratch)
}

// Open implements [storage.Opener], as one request; it fails with
// [errors.ErrUnsupported] where the wrapped driver has no such power.
func (l *Driver) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := l.token(ctx, "get", key); err != nil {
		return nil, err
	}
	return storage.Open(ctx, l.inner, key)
}

// Write implements [storage.Writer]; it fails with [errors.ErrUnsupported] where
// the wrapped driver has no such power.
func (l *Driver) Write(ctx context.Context, key string, content []byte) error {
	if err := l.token(ctx, "write", key); err != nil {
		return err
	}
	return storage.Write(ctx, l.inner, key, content)
}

// Stat implements [storage.Reader].
func (l *Driver) Stat(ctx context.Context, key string) (storage.Object, error) {
	if err := l.token(ctx, "stat", key); err != nil {
		return storage.Object{}, err
	}
	return l.inner.Stat(ctx, key)
}

// Hierarchical implements [storage.Tree].
func (l *Driver) Hierarchical() bool { return l.tree != nil }

// ReadDir implements [storage.Tree].
func (l *Driver) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	if l.tree == nil {
		return nil, &storage.Error{Op: "list", Key: prefix, Err: errors.ErrUnsupported}
	}
	if err := l.token(ctx, "list", prefix); err != nil {
		return nil, err
	}
	return l.tree.ReadDir(ctx, prefix)
}

// LeadsOut implements [storage.LinkProber]; it fails with
// [errors.ErrUnsupported] where the wrapped driver has no such power.
func (l *Driver) LeadsOut(ctx context.Context, key, prefix, name string) (bool, error) {
	prober, ok := l.inner.(storage.LinkProber)
	if !ok {
		return false, &storage.Error{Op: "stat", Key: key, Err: errors.ErrUnsupported}
	}
	if err := l.token(ctx, "stat", key); err != nil {
		return false, err
	}
	return prober.LeadsOut(ctx, key, prefix, name)
}

// Requests implements [storage.Requester]; it is zero where the wrapped driver
// does not count.
func (l *Driver) Requests() storage.Requests {
	if counter, ok := l.inner.(storage.Requester); ok {
		return counter.Requests()
	}
	return storage.Requests{}
}

// Delete implements [storage.Driver]. It goes on after a batch that failed,
// and names the keys of the batches that were not sent when ctx ends.
func (l *Driver) Delete(ctx context.Context, keys ...string) error {
	var failed []*storage.Error
	for len(keys) > 0 {
		tokens, batch := 1, keys[:min(l.batch, len(keys))]
		if l.tree != nil {
			tokens = len(batch)
		}
		if err := l.wait(ctx, tokens); err != nil {
			failed = append(failed, failures(keys, err)...)
			break
		}
		if err := l.inner.Delete(ctx, batch...); err != nil {
			var partial *storage.DeleteError
			if errors.As(err, &partial) {
				failed = append(failed, partial.Failed...)
			} else {
				failed = append(failed, failures(batch, err)...)
			}
		}
		keys = keys[len(batch):]
	}
	if failed != nil {
		return &storage.DeleteError{Failed: failed}
	}
	return nil
}

// failures says of each key that it is not known to be gone.
func failures(keys []string, err error) []*storage.Error {
	failed := make([]*storage.Error, len(keys))
	for i, key := range keys {
		failed[i] = &storage.Error{Op: "delete", Key: key, Err: err}
	}
	return failed
}

// RemoveDir implements [storage.DirRemover].
func (l dirDriver) RemoveDir(ctx context.Context, prefix string) error {
	if err := l.token(ctx, "rmdir", prefix); err != nil {
		return err
	}
	return l.dirs.RemoveDir(ctx, prefix)
}

// token waits for one request and says of which call it is when it may not be
// sent: ctx ended, or its deadline is nearer than the token.
func (l *Driver) token(ctx context.Context, op, key string) error {
	if err := l.wait(ctx, 1); err != nil {
		return &storage.Error{Op: op, Key: key, Err: fmt.Errorf("waiting for the request limit: %w", err)}
	}
	return nil
}
