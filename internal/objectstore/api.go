package objectstore

import (
	"context"
	"io"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// API sends single requests to one bucket. Keys and prefixes are those of the
// bucket, decoded. Each call is one request without retries, and every error
// that the store answered, or that [Network] explains, is or wraps a [*Fault]:
// any other error is final. A call returns soon after its context ends; what it
// then says does not matter. It is safe for concurrent use.
type API interface {
	// List asks for one page of up to 1,000 keys and common prefixes.
	List(ctx context.Context, q ListQuery) (ListPage, error)
	// Get opens an object. Size is -1 where the answer does not tell it. The
	// context outlives the body.
	Get(ctx context.Context, key string) (body io.ReadCloser, size int64, err error)
	// Put writes a small object, or replaces it as a whole.
	Put(ctx context.Context, key string, content []byte) error
	// Stat describes an object. Key is not filled in.
	Stat(ctx context.Context, key string) (storage.Object, error)
	// Delete removes up to 1,000 keys, all different. An error means that
	// nothing is known of any of them.
	Delete(ctx context.Context, keys []string) (DeleteResult, error)
	// ListUploads asks for a page of incomplete multipart uploads.
	ListUploads(ctx context.Context, q UploadsQuery) (UploadsPage, error)
	// ListParts asks for a page of the parts of an upload, from the start or
	// from the Next of the page before.
	ListParts(ctx context.Context, u storage.MultipartUpload, after string) (PartsPage, error)
	// Abort aborts a multipart upload.
	Abort(ctx context.Context, u storage.MultipartUpload) error
	// Versioned reports whether versioning is on, or was and is suspended.
	Versioned(ctx context.Context) (bool, error)
}

// ListQuery asks for a page of a listing.
type ListQuery struct {
	Prefix string
	// StartAfter is a key after which the listing begins, or empty. It stays
	// the same on later pages, where Token says more.
	StartAfter string
	Token      string // of the page before; empty on the first
	Delimiter  string // "/" or empty
}

// ListPage is a page of a listing. Each of the two lists is in byte order, and
// so are both together from page to page.
type ListPage struct {
	Objects  []storage.Object
	Prefixes []string
	// Truncated says that there is more, from Token on.
	Truncated bool
	Token     string
}

// DeleteResult is the answer to a batch, key by key. What it does not name was
// not confirmed. Names that were not asked for are ignored.
type DeleteResult struct {
	Deleted []string
	// Failed wins over Deleted, except where the fault is Absent.
	Failed []KeyFault
}

// KeyFault says why one key of a batch was not deleted.
type KeyFault struct {
	Key   string
	Fault *Fault
}

// UploadsQuery asks for a page of incomplete multipart uploads.
type UploadsQuery struct {
	Prefix              string
	KeyMarker, IDMarker string // of the page before
}

// UploadsPage is a page of incomplete multipart uploads, in any order.
type UploadsPage struct {
	Uploads []storage.MultipartUpload
	// Truncated says that there is more, from the two markers on.
	Truncated           bool
	KeyMarker, IDMarker string
}

// PartsPage is a page of an upload's parts.
type PartsPage struct {
	Count, Bytes int64 // of the parts on it
	// Newest is when the last of them arrived, and Undated says that the answer
	// does not tell it of all.
	Newest  time.Time
	Undated bool
	// Truncated says that there is more, from Next on.
	Truncated bool
	Next      string
}

// Add takes in a part that arrived at a time, or at one that is not known.
func (p *PartsPage) Add(size int64, arrived time.Time) {
	p.Count++
	p.Bytes += size
	p.Undated = p.Undated || arrived.IsZero()
	if arrived.After(p.Newest) {
		p.Newest = arrived
	}
}
