package objectstore

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// ListMultipartUploads implements [storage.MultipartLister], at one request
// per 1,000 uploads. What a store that ignores the prefix lists of other keys is
// left out. A server that leads in a circle is an error.
func (d *Driver) ListMultipartUploads(ctx context.Context, prefix string) iter.Seq2[storage.MultipartUpload, error] {
	return func(yield func(storage.MultipartUpload, error) bool) {
		query := UploadsQuery{Prefix: d.Root + prefix}
		var way trail
		for more := true; more; {
			page, err := do(ctx, d, OpUploads, prefix, func(ctx context.Context) (UploadsPage, error) {
				return d.API.ListUploads(ctx, query)
			})
			if err == nil && page.Truncated {
				if lost := way.follow(page.next(), len(page.Uploads) == 0); lost != nil {
					err = d.explain(OpUploads, prefix, 1, lost)
				}
			}
			if err != nil {
				yield(storage.MultipartUpload{}, err)
				return
			}
			for _, u := range page.Uploads {
				if !strings.HasPrefix(u.Key, query.Prefix) {
					continue
				}
				u.Key = u.Key[len(d.Root):]
				if !yield(u, nil) {
					return
				}
			}
			query.KeyMarker, query.IDMarker, more = page.KeyMarker, page.IDMarker, page.Truncated
		}
	}
}

// next is where the following page begins, or empty.
func (p UploadsPage) next() string {
	if p.KeyMarker == "" && p.IDMarker == "" {
		return ""
	}
	return p.KeyMarker + "\x00" + p.IDMarker
}

// MultipartParts implements [storage.MultipartLister], at one request per 1,000
// parts.
func (d *Driver) MultipartParts(ctx context.Context, u storage.MultipartUpload) (storage.MultipartParts, error) {
	bucket := u
	bucket.Key = d.Root + u.Key
	var all storage.MultipartParts
	after, undated := "", false
	var way trail
	for {
		page, err := do(ctx, d, OpParts, u.Key, func(ctx context.Context) (PartsPage, error) {
			return d.API.ListParts(ctx, bucket, after)
		})
		if err != nil {
			return storage.MultipartParts{}, err
		}
		all.Bytes += page.Bytes
		all.Count += page.Count
		undated = undated || page.Undated
		if page.Newest.After(all.Newest) {
			all.Newest = page.Newest
		}
		if !page.Truncated {
			if undated { // that part may be the newest
				all.Newest = time.Time{}
			}
			return all, nil
		}
		if err := way.follow(page.Next, page.Count == 0); err != nil {
			return storage.MultipartParts{}, d.explain(OpParts, u.Key, 1, err)
		}
		after = page.Next
	}
}

// AbortMultipartUpload implements [storage.MultipartAborter], at one request.
func (d *Driver) AbortMultipartUpload(ctx context.Context, u storage.MultipartUpload) error {
	bucket := u
	bucket.Key = d.Root + u.Key
	_, err := do(ctx, d, OpAbort, u.Key, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, d.API.Abort(ctx, bucket)
	})
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}
