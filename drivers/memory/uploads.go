package memory

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// upload is a multipart upload under way. A key can have several.
type upload struct{ key, id string }

type uploadState struct {
	initiated time.Time
	parts     storage.MultipartParts
}

// BeginUpload begins a multipart upload of which one part of so many bytes came
// in at once; none if there are no bytes. One of the same key and ID is
// replaced.
func (d *Driver) BeginUpload(key, id string, initiated time.Time, bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	state := uploadState{initiated: initiated}
	if bytes > 0 {
		state.parts = storage.MultipartParts{Bytes: bytes, Count: 1, Newest: initiated}
	}
	d.uploads[upload{key, id}] = state
}

// AddPart adds a part to a multipart upload that was begun. If the time when it
// arrived is zero, that of the newest part is not known any more.
func (d *Driver) AddPart(key, id string, arrived time.Time, bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	state := d.uploads[upload{key, id}]
	p := &state.parts
	if p.Count == 0 || arrived.IsZero() || !p.Newest.IsZero() && arrived.After(p.Newest) {
		p.Newest = arrived
	}
	p.Bytes += bytes
	p.Count++
	d.uploads[upload{key, id}] = state
}

// Uploads returns the multipart uploads under way, in the order of keys and
// IDs.
func (d *Driver) Uploads() []storage.MultipartUpload {
	d.mu.RLock()
	defer d.mu.RUnlock()
	order := func(a, b upload) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id)) }
	var all []storage.MultipartUpload
	for _, u := range slices.SortedFunc(maps.Keys(d.uploads), order) {
		all = append(all, storage.MultipartUpload{Key: u.key, ID: u.id, Initiated: d.uploads[u].initiated})
	}
	return all
}

// ListMultipartUploads implements [storage.MultipartLister], at one request
// per 1,000 uploads.
func (d *Driver) ListMultipartUploads(ctx context.Context, prefix string) iter.Seq2[storage.MultipartUpload, error] {
	return func(yield func(storage.MultipartUpload, error) bool) {
		below := slices.DeleteFunc(d.Uploads(), func(u storage.MultipartUpload) bool { return !strings.HasPrefix(u.Key, prefix) })
		for first := 0; first == 0 || first < len(below); first += pageSize {
			if err := ctx.Err(); err != nil {
				yield(storage.MultipartUpload{}, &storage.Error{Op: "list multipart uploads", Key: prefix, Err: err})
				return
			}
			d.lists.Add(1)
			for _, u := range below[first:min(len(below), first+pageSize)] {
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}

// MultipartParts implements [storage.MultipartLister], at one request.
func (d *Driver) MultipartParts(ctx context.Context, u storage.MultipartUpload) (storage.MultipartParts, error) {
	if err := ctx.Err(); err != nil {
		return storage.MultipartParts{}, &storage.Error{Op: "list parts", Key: u.Key, Err: err}
	}
	d.lists.Add(1)
	d.mu.RLock()
	defer d.mu.RUnlock()
	state, found := d.uploads[upload{u.Key, u.ID}]
	if !found {
		return storage.MultipartParts{}, &storage.Error{Op: "list parts", Key: u.Key, Err: storage.ErrNotFound}
	}
	return state.parts, nil
}

// AbortMultipartUpload implements [storage.MultipartAborter].
func (d *Driver) AbortMultipartUpload(ctx context.Context, u storage.MultipartUpload) error {
	if err := ctx.Err(); err != nil {
		return &storage.Error{Op: "abort multipart upload", Key: u.Key, Err: err}
	}
	d.deletes.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.uploads, upload{u.Key, u.ID})
	return nil
}
