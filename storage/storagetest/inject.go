package storagetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/blobsweep/blobsweep/storage"
)

// Errors that injected faults carry.
var (
	// ErrInjected is the error of a key that [Fault.FailKey] chose, or of a
	// stream that [Fault.FailByte] did, unless the fault has an error of its own.
	ErrInjected = errors.New("injected failure")
	// ErrCrashed is the error of every operation after the crash that
	// [Faulty.CrashAfter] arranged.
	ErrCrashed = errors.New("crashed")
)

// defaultPage is the number of elements in a page of a listing.
const defaultPage = 1000

// Op is one storage operation, as a fault function sees it before it happens.
//
// A List is several operations of kind "list": one that opens it, and one for
// each page, before the first element of the page is yielded. All carry the
// prefix. Listings of multipart uploads are the same, of kind "uploads". A
// Delete is one operation, whatever number of keys it has.
type Op struct {
	Index int // from 0, in the order in which the operations began
	// Kind is "list", "get", "open", "stat", "readdir", "delete", "rmdir" or
	// "write", and on object stores "uploads" (listed), "parts" (their size), "abort" or
	// "versioning".
	Kind string
	Key  string // key or prefix; of a Delete, the first key; of "versioning", nothing
}

// Fault is what happens to an operation. The zero value is no fault.
type Fault struct {
	// Err fails the operation before anything happens. On a page of a listing
	// it comes after the elements of the pages before: a listing cut short.
	Err error
	// NotFound fails the operation with [storage.ErrNotFound], which is not true.
	NotFound bool
	// Cancel is called before the operation, which then goes on with whatever
	// context it has: cancelled, if the test gave the function that does it.
	Cancel func()
	// FailKey, from 1, makes a Delete fail on that key of its batch alone, with
	// Err or else ErrInjected. All other keys are removed. Beyond the end of the
	// batch there is no fault. Operations of other kinds ignore it, and what Err
	// says happens to them.
	FailKey int
	// FailByte, from 1, makes an Open succeed whose stream fails in the place of
	// that byte, with Err or else ErrInjected. Beyond the end of the object there
	// is no fault. Operations of other kinds ignore it, as they do FailKey.
	FailByte int64
}

// Faulty is a [storage.Driver] that fails where it is told to. It has all the
// optional powers, and forwards them to the driver below. It is safe for
// concurrent use; the fault function is called concurrently.
type Faulty struct {
	// Page is the number of elements in a page of a listing, if not 1,000. It
	// must not change while the driver is in use.
	Page int

	driver storage.Driver
	fault  func(Op) Fault
	ops    atomic.Int64

	mu        sync.Mutex // guards what follows, and deletions before a crash
	deletions int        // and writes
	allowed   int        // of them until the crash, or negative
	crashed   atomic.Bool
}

var (
	_ storage.Driver           = (*Faulty)(nil)
	_ storage.Tree             = (*Faulty)(nil)
	_ storage.DirRemover       = (*Faulty)(nil)
	_ storage.LinkProber       = (*Faulty)(nil)
	_ storage.Opener           = (*Faulty)(nil)
	_ storage.Writer           = (*Faulty)(nil)
	_ storage.MultiStater      = (*Faulty)(nil)
	_ storage.ScratchGetter    = (*Faulty)(nil)
	_ storage.MultipartLister  = (*Faulty)(nil)
	_ storage.MultipartAborter = (*Faulty)(nil)
	_ storage.VersionKeeper    = (*Faulty)(nil)
	_ storage.Concurrent       = (*Faulty)(nil)
	_ storage.Requester        = (*Faulty)(nil)
)

// Inject wraps d. Every operation is shown to fault, and does what it says. A
// nil function only counts.
func Inject(d storage.Driver, fault func(Op) Fault) *Faulty {
	if fault == nil {
		fault = func(Op) Fault { return Fault{} }
	}
	return &Faulty{driver: d, fault: fault, allowed: -1}
}

// CrashAfter lets n more deletions happen, each key of a batch, each directory
// and each abort counted, those that are not there too, and each write with them.
// From then on nothing more is changed and every operation fails with
// [ErrCrashed], a read from an open stream too. A batch that the
// crash interrupts has lost its first keys, and fails with ErrCrashed itself.
func (f *Faulty) CrashAfter(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.allowed = n
	f.crashed.Store(n == 0)
}

// Ops returns the number of operations seen so far, failed ones included.
func (f *Faulty) Ops() int { return int(f.ops.Load()) }

// Deletions returns how many deletions and writes were let through so far, counted
// as [Faulty.CrashAfter] does. Those of a first run are the points to crash at.
func (f *Faulty) Deletions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.deletions
}

// begin counts an operation and tells its fault, or the error that it ends with.
func (f *Faulty) begin(kind, key string) (Fault, error) {
	fault := f.fault(Op{Index: int(f.ops.Add(1)) - 1, Kind: kind, Key: key})
	if fault.Cancel != nil {
		fault.Cancel()
	}
	switch {
	case f.crashed.Load():
		return fault, failure(kind, key, ErrCrashed)
	case fault.NotFound:
		return fault, failure(kind, key, storage.ErrNotFound)
	case fault.Err != nil && (kind != "delete" || fault.FailKey == 0) && (kind != "open" || fault.FailByte == 0):
		return fault, failure(kind, key, fault.Err)
	}
	return fault, nil
}

func failure(kind, key string, err error) *storage.Error {
	op := kind
	switch kind {
	case "open":
		op = "get"
	case "readdir":
		op = "list"
	case "uploads":
		op = "list multipart uploads"
	case "parts":
		op = "list parts"
	case "abort":
		op = "abort multipart upload"
	case "versioning":
		op = "get bucket versioning"
	}
	return &storage.Error{Op: op, Key: key, Err: err}
}

// List implements [storage.Reader].
func (f *Faulty) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return pages(ctx, f, "list", prefix, f.driver.List(ctx, prefix, opts))
}

// pages is a listing of the driver below, cut into operations.
func pages[T any](ctx context.Context, f *Faulty, kind, prefix string, listing iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if _, err := f.begin(kind, prefix); err != nil {
			yield(none, err)
			return
		}
		page, n := f.Page, 0
		if page <= 0 {
			page = defaultPage
		}
		for element, err := range listing {
			if err == nil && n%page == 0 {
				err = f.beginPage(ctx, kind, prefix)
			}
			if err != nil {
				yield(none, err)
				return
			}
			n++
			if !yield(element, nil) {
				return
			}
		}
	}
}

// beginPage begins a page, which the driver below may have read before the
// context ended.
func (f *Faulty) beginPage(ctx context.Context, kind, prefix string) error {
	if _, err := f.begin(kind, prefix); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return failure(kind, prefix, err)
	}
	return nil
}

// Get implements [storage.Reader].
func (f *Faulty) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	if _, err := f.begin("get", key); err != nil {
		return nil, err
	}
	return f.driver.Get(ctx, key, limit)
}

// GetInto implements [storage.ScratchGetter], as an operation of kind "get".
func (f *Faulty) GetInto(ctx context.Context, key string, limit int64, scratch []byte) ([]byte, error) {
	if _, err := f.begin("get", key); err != nil {
		return nil, err
	}
	return storage.GetInto(ctx, f.driver, key, limit, scratch)
}

// Stat implements [storage.Reader].
func (f *Faulty) Stat(ctx context.Context, key string) (storage.Object, error) {
	if _, err := f.begin("stat", key); err != nil {
		return storage.Object{}, err
	}
	return f.driver.Stat(ctx, key)
}

// Hierarchical implements [storage.Tree].
func (f *Faulty) Hierarchical() bool {
	_, ok := storage.AsTree(f.driver)
	return ok
}

// ReadDir implements [storage.Tree]. It fails with [errors.ErrUnsupported] if
// the driver below is no tree.
func (f *Faulty) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	if _, err := f.begin("readdir", prefix); err != nil {
		return nil, err
	}
	tree, ok := storage.AsTree(f.driver)
	if !ok {
		return nil, failure("readdir", prefix, errors.ErrUnsupported)
	}
	return tree.ReadDir(ctx, prefix)
}

// StatEach implements [storage.MultiStater], as one operation of kind "stat"
// on the prefix. A false not-found strikes the first name alone. On a driver
// without the power, each name is an operation as well.
func (f *Faulty) StatEach(ctx context.Context, prefix string, names []string, file string) ([]storage.Described, error) {
	fault, err := f.begin("stat", prefix)
	if err != nil && !fault.NotFound {
		return nil, err
	}
	var all []storage.Described
	if m, ok := f.driver.(storage.MultiStater); ok {
		all, err = m.StatEach(ctx, prefix, names, file)
	} else {
		all, err = storage.StatEach(ctx, statOnly{f}, prefix, names, file)
	}
	if err == nil && fault.NotFound && len(all) > 0 {
		all[0] = storage.Described{Err: failure("stat", prefix+names[0]+"/"+file, storage.ErrNotFound)}
	}
	return all, err
}

// statOnly hides the power to describe many files at once.
type statOnly struct{ storage.Reader }

// LeadsOut implements [storage.LinkProber], as an operation of kind "stat". It
// fails with [errors.ErrUnsupported] if the driver below cannot do it.
func (f *Faulty) LeadsOut(ctx context.Context, key, prefix, name string) (bool, error) {
	if _, err := f.begin("stat", key); err != nil {
		return false, err
	}
	prober, ok := f.driver.(storage.LinkProber)
	if !ok {
		return false, failure("stat", key, errors.ErrUnsupported)
	}
	return prober.LeadsOut(ctx, key, prefix, name)
}

// Delete implements [storage.Driver].
func (f *Faulty) Delete(ctx context.Context, keys ...string) error {
	first := ""
	if len(keys) > 0 {
		first = keys[0]
	}
	fault, err := f.begin("delete", first)
	if err != nil {
		return err
	}
	var failed []*storage.Error
	if at := fault.FailKey - 1; at >= 0 && at < len(keys) {
		cause := fault.Err
		if cause == nil {
			cause = ErrInjected
		}
		failed = append(failed, failure("delete", keys[at], cause))
		keys = slices.Delete(slices.Clone(keys), at, at+1)
	}
	err = f.change(first, "delete", len(keys), func(n int) error { return f.driver.Delete(ctx, keys[:n]...) })
	var partial *storage.DeleteError
	switch {
	case errors.As(err, &partial):
		failed = append(failed, partial.Failed...)
	case err != nil:
		return err
	}
	if len(failed) > 0 {
		return &storage.DeleteError{Failed: failed}
	}
	return nil
}

// RemoveDir implements [storage.DirRemover]. It fails with
// [errors.ErrUnsupported] if the driver below cannot do it.
func (f *Faulty) RemoveDir(ctx context.Context, prefix string) error {
	if _, err := f.begin("rmdir", prefix); err != nil {
		return err
	}
	remover, ok := f.driver.(storage.DirRemover)
	if !ok {
		return failure("rmdir", prefix, errors.ErrUnsupported)
	}
	return f.change(prefix, "rmdir", 1, func(n int) error {
		if n == 0 {
			return nil
		}
		return remover.RemoveDir(ctx, prefix)
	})
}

// change calls do with the number of deletions, of those wanted, that may still
// happen.
func (f *Faulty) change(key, kind string, wanted int, do func(n int) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.allowed < 0 { // deletions run side by side unless a crash is to come
		f.deletions += wanted
		f.mu.Unlock()
		defer f.mu.Lock()
		return do(wanted)
	}
	n := min(wanted, f.allowed)
	f.allowed -= n
	f.deletions += n
	f.crashed.Store(f.allowed == 0)
	err := do(n)
	if n < wanted {
		return failure(kind, key, errors.Join(ErrCrashed, err))
	}
	return err
}

// Requests implements [storage.Requester]: those of the driver below, or none.
func (f *Faulty) Requests() storage.Requests {
	if r, ok := f.driver.(storage.Requester); ok {
		return r.Requests()
	}
	return storage.Requests{}
}

// String tells an operation in a test's message.
func (o Op) String() string {
	return fmt.Sprintf("operation %d, %s %s", o.Index, o.Kind, storage.DisplayKey(o.Key))
}
