// Package memo wraps a reader so that a command which reads a registry more
// than once fetches each manifest once.
//
// What a blob's key holds never changes, so what was got of one is remembered,
// up to a number of bytes; the first that were got stay. Nothing else is: not
// links, which do change, and no answer that is an error. A deletion must not be
// planned with it: what is remembered may be gone or damaged by now.
package memo

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// DefaultLimit is enough for the manifests of some 150,000 images, in bytes.
const DefaultLimit = 256 << 20

// overhead is about what an entry takes beside its content, in bytes.
const overhead = 192

// Reader forwards to another reader, with all powers that change nothing. It is
// safe for concurrent use.
type Reader struct {
	inner storage.Reader
	limit int64

	mu      sync.RWMutex // guards what follows
	content map[string][]byte
	used    int64
}

var (
	_ storage.Tree            = (*Reader)(nil)
	_ storage.LinkProber      = (*Reader)(nil)
	_ storage.MultiStater     = (*Reader)(nil)
	_ storage.ScratchGetter   = (*Reader)(nil)
	_ storage.Opener          = (*Reader)(nil)
	_ storage.MultipartLister = (*Reader)(nil)
	_ storage.VersionKeeper   = (*Reader)(nil)
	_ storage.Concurrent      = (*Reader)(nil)
	_ storage.Requester       = (*Reader)(nil)
)

// Wrap returns a reader that remembers at most limit bytes of blobs.
func Wrap(r storage.Reader, limit int64) *Reader {
	return &Reader{inner: r, limit: limit, content: map[string][]byte{}}
}

// Get implements [storage.Reader].
func (r *Reader) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	return r.GetInto(ctx, key, limit, nil)
}

// GetInto implements [storage.ScratchGetter].
func (r *Reader) GetInto(ctx context.Context, key string, limit int64, scratch []byte) ([]byte, error) {
	if !isBlob(key) {
		return storage.GetInto(ctx, r.inner, key, limit, scratch)
	}
	if content, ok := r.recall(key); ok {
		switch err := ctx.Err(); {
		case err != nil:
			return nil, &storage.Error{Op: "get", Key: key, Err: err}
		case int64(len(content)) > limit:
			return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrTooLarge}
		}
		return append(scratch[:0], content...), nil
	}
	content, err := storage.GetInto(ctx, r.inner, key, limit, scratch)
	if err == nil {
		r.remember(key, content)
	}
	return content, err
}

// Open implements [storage.Opener]. What is streamed is not remembered.
func (r *Reader) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	return storage.Open(ctx, r.inner, key)
}

// isBlob reports whether a key is one of a blob's bytes.
func isBlob(key string) bool {
	return strings.HasPrefix(key, layout.Blobs) && strings.HasSuffix(key, "/data")
}

func (r *Reader) recall(key string) ([]byte, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	content, ok := r.content[key]
	return content, ok
}

// remember keeps a copy: the content may be the caller's memory.
func (r *Reader) remember(key string, content []byte) {
	size := int64(len(key) + len(content) + overhead)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.content[key]; known || r.used+size > r.limit {
		return
	}
	r.used += size
	r.content[key] = append(make([]byte, 0, len(content)), content...)
}

// List implements [storage.Reader].
func (r *Reader) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return r.inner.List(ctx, prefix, opts)
}

// Stat implements [storage.Reader].
func (r *Reader) Stat(ctx context.Context, key string) (storage.Object, error) {
	return r.inner.Stat(ctx, key)
}

// Hierarchical implements [storage.Tree].
func (r *Reader) Hierarchical() bool {
	_, ok := storage.AsTree(r.inner)
	return ok
}

// ReadDir implements [storage.Tree].
func (r *Reader) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	tree, ok := storage.AsTree(r.inner)
	if !ok {
		return nil, unsupported("list", prefix)
	}
	return tree.ReadDir(ctx, prefix)
}

// LeadsOut implements [storage.LinkProber].
func (r *Reader) LeadsOut(ctx context.Context, key, prefix, name string) (bool, error) {
	prober, ok := r.inner.(storage.LinkProber)
	if !ok {
		return false, unsupported("stat", key)
	}
	return prober.LeadsOut(ctx, key, prefix, name)
}

// StatEach implements [storage.MultiStater].
func (r *Reader) StatEach(ctx context.Context, prefix string, names []string, file string) ([]storage.Described, error) {
	return storage.StatEach(ctx, r.inner, prefix, names, file)
}

// ListMultipartUploads implements [storage.MultipartLister].
func (r *Reader) ListMultipartUploads(ctx context.Context, prefix string) iter.Seq2[storage.MultipartUpload, error] {
	lister, ok := r.inner.(storage.MultipartLister)
	if !ok {
		return func(yield func(storage.MultipartUpload, error) bool) {
			yield(storage.MultipartUpload{}, unsupported("list multipart uploads", prefix))
		}
	}
	return lister.ListMultipartUploads(ctx, prefix)
}

// MultipartParts implements [storage.MultipartLister].
func (r *Reader) MultipartParts(ctx context.Context, u storage.MultipartUpload) (storage.MultipartParts, error) {
	lister, ok := r.inner.(storage.MultipartLister)
	if !ok {
		return storage.MultipartParts{}, unsupported("list parts", u.Key)
	}
	return lister.MultipartParts(ctx, u)
}

// KeepsVersions implements [storage.VersionKeeper].
func (r *Reader) KeepsVersions(ctx context.Context) (bool, error) {
	keeper, ok := r.inner.(storage.VersionKeeper)
	if !ok {
		return false, unsupported("get bucket versioning", "")
	}
	return keeper.KeepsVersions(ctx)
}

// Concurrency implements [storage.Concurrent]; zero where the wrapped reader
// does not care.
func (r *Reader) Concurrency() int {
	if c, ok := r.inner.(storage.Concurrent); ok {
		return c.Concurrency()
	}
	return 0
}

// Requests implements [storage.Requester]; zero where the wrapped reader does
// not count.
func (r *Reader) Requests() storage.Requests {
	if counter, ok := r.inner.(storage.Requester); ok {
		return counter.Requests()
	}
	return storage.Requests{}
}

func unsupported(op, key string) error {
	return &storage.Error{Op: op, Key: key, Err: errors.ErrUnsupported}
}
