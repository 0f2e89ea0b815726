// Package memory is a driver that keeps objects in memory, as a flat object
// store does: no directories, listings in byte order in pages of 1,000 keys,
// deletes in batches of 1,000, multipart uploads, and versions if told to keep
// them. It serves tests, and as the shortest example of a driver. A directory
// marker is an empty object whose key ends in a slash.
package memory

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/internal/stream"
	"github.com/blobsweep/blobsweep/storage"
)

const (
	pageSize  = 1000 // keys and common prefixes in a page of a listing
	batchSize = 1000 // keys in a delete request
)

var errEmptyKey = errors.New("the key is empty")

// Driver keeps objects in memory. It is safe for concurrent use. A listing
// holds no lock between its pages, so it sees some of what changes meanwhile.
type Driver struct {
	mu      sync.RWMutex
	keys    []string // sorted
	objects map[string]object
	uploads map[upload]uploadState
	// noncurrent has the keys of which a version was deleted or replaced; nil
	// while none are kept.
	noncurrent map[string]bool

	lists, gets, stats, deletes, writes atomic.Int64
}

type object struct {
	content []byte
	modTime time.Time
}

var (
	_ storage.Driver           = (*Driver)(nil)
	_ storage.Opener           = (*Driver)(nil)
	_ storage.Writer           = (*Driver)(nil)
	_ storage.MultipartLister  = (*Driver)(nil)
	_ storage.MultipartAborter = (*Driver)(nil)
	_ storage.VersionKeeper    = (*Driver)(nil)
	_ storage.Requester        = (*Driver)(nil)
)

// New returns an empty Driver.
func New() *Driver {
	return &Driver{objects: map[string]object{}, uploads: map[upload]uploadState{}}
}

// Put stores a copy of content under key, and replaces what was there.
func (d *Driver) Put(ctx context.Context, key string, content []byte, modTime time.Time) error {
	if err := ctx.Err(); err != nil {
		return &storage.Error{Op: "put", Key: key, Err: err}
	}
	if key == "" {
		return &storage.Error{Op: "put", Key: key, Err: errEmptyKey}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if at, found := slices.BinarySearch(d.keys, key); !found {
		d.keys = slices.Insert(d.keys, at, key)
	}
	d.retire(key)
	d.objects[key] = object{bytes.Clone(content), modTime}
	return nil
}

// Keys returns all keys in byte order.
func (d *Driver) Keys() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.keys)
}

// List implements [storage.Reader], at one request per page.
func (d *Driver) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				yield(storage.Object{}, &storage.Error{Op: "list", Key: prefix, Err: err})
				return
			}
			var page []storage.Object
			page, more = d.page(prefix, opts)
			for _, o := range page {
				if !yield(o, nil) {
					return
				}
			}
			if more {
				opts.StartAfter = page[len(page)-1].Key
			}
		}
	}
}

// page returns the next page of a listing and whether another one follows.
func (d *Driver) page(prefix string, opts storage.ListOptions) (page []storage.Object, more bool) {
	d.lists.Add(1)
	d.mu.RLock()
	defer d.mu.RUnlock()
	for at := sort.SearchStrings(d.keys, max(prefix, opts.StartAfter)); at < len(d.keys); {
		key := d.keys[at]
		rest, under := strings.CutPrefix(key, prefix)
		if !under {
			return page, false
		}
		o := storage.Object{Key: key, Size: int64(len(d.objects[key].content)), ModTime: d.objects[key].modTime}
		at++
		if slash := strings.IndexByte(rest, '/'); opts.Delimiter && slash >= 0 {
			group := key[:len(prefix)+slash]
			o = storage.Object{Key: group + "/", Size: -1, IsPrefix: true}
			at = sort.SearchStrings(d.keys, group+"0") // the byte after the slash: past the whole group
		}
		if o.Key <= opts.StartAfter {
			continue
		}
		if len(page) == pageSize {
			return page, true
		}
		page = append(page, o)
	}
	return page, false
}

// Get implements [storage.Reader].
func (d *Driver) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	o, err := d.lookup(ctx, "get", &d.gets, key)
	if err != nil {
		return nil, err
	}
	if int64(len(o.content)) > limit {
		return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrTooLarge}
	}
	return bytes.Clone(o.content), nil
}

// Open implements [storage.Opener].
func (d *Driver) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	o, err := d.lookup(ctx, "get", &d.gets, key)
	if err != nil {
		return nil, err
	}
	// Content is replaced as a whole, and never changed.
	return stream.New(ctx, key, io.NopCloser(bytes.NewReader(o.content)), int64(len(o.content))), nil
}

// Write implements [storage.Writer], as of now.
func (d *Driver) Write(ctx context.Context, key string, content []byte) error {
	if err := ctx.Err(); err != nil {
		return &storage.Error{Op: "write", Key: key, Err: err}
	}
	d.writes.Add(1)
	return d.Put(ctx, key, content, time.Now())
}

// Stat implements [storage.Reader]. There are no directories, so a key that
// ends in a slash is found only where a marker was put.
func (d *Driver) Stat(ctx context.Context, key string) (storage.Object, error) {
	o, err := d.lookup(ctx, "stat", &d.stats, key)
	if err != nil {
		return storage.Object{}, err
	}
	return storage.Object{Key: key, Size: int64(len(o.content)), ModTime: o.modTime}, nil
}

func (d *Driver) lookup(ctx context.Context, op string, count *atomic.Int64, key string) (object, error) {
	if err := ctx.Err(); err != nil {
		return object{}, &storage.Error{Op: op, Key: key, Err: err}
	}
	count.Add(1)
	d.mu.RLock()
	defer d.mu.RUnlock()
	o, found := d.objects[key]
	if !found {
		return object{}, &storage.Error{Op: op, Key: key, Err: storage.ErrNotFound}
	}
	return o, nil
}

// Delete implements [storage.Driver], at one request per 1,000 keys. When ctx
// ends, the keys of the batches that were not sent are in the error.
func (d *Driver) Delete(ctx context.Context, keys ...string) error {
	var failed []*storage.Error
	for batch := range slices.Chunk(keys, batchSize) {
		if err := ctx.Err(); err != nil {
			for _, key := range batch {
				failed = append(failed, &storage.Error{Op: "delete", Key: key, Err: err})
			}
			continue
		}
		d.deletes.Add(1)
		d.remove(batch)
	}
	if failed != nil {
		return &storage.DeleteError{Failed: failed}
	}
	return nil
}

func (d *Driver) remove(keys []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range keys {
		if at, found := slices.BinarySearch(d.keys, key); found {
			d.keys = slices.Delete(d.keys, at, at+1)
			d.retire(key)
			delete(d.objects, key)
		}
	}
}

// Requests implements [storage.Requester]: pages listed, objects read, objects
// described, batches deleted, and objects written. Pages of uploads and of parts count as
// listings, a question for versions as a stat, an abort as a delete.
func (d *Driver) Requests() storage.Requests {
	return storage.Requests{
		List: d.lists.Load(), Get: d.gets.Load(), Stat: d.stats.Load(), Delete: d.deletes.Load(), Write: d.writes.Load(),
	}
}
