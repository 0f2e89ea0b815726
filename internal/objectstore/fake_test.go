package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// call is one request, as the fake saw it.
type call struct {
	op    Op
	key   string   // key or prefix
	keys  []string // of a delete
	at    time.Time
	count int // calls before this one
}

// fake is a bucket in memory. What it answers can be replaced, operation by
// operation, and any request can be made to fail first.
type fake struct {
	// fail is asked about each request before anything happens. It may block.
	fail func(context.Context, call) error
	// What is set answers in place of the bucket.
	list    func(ListQuery) ListPage
	remove  func(keys []string) DeleteResult
	body    func() (io.ReadCloser, int64)
	uploads func(UploadsQuery) UploadsPage
	parts   func(after string) PartsPage
	// refused keys are not deleted.
	refused map[string]*Fault
	// full says of the last page too that it is truncated, when it is full.
	full bool

	mu      sync.Mutex
	keys    []string // in order
	objects map[string]stored
	calls   []call
}

type stored struct {
	content []byte
	modTime time.Time
}

func newFake(keys ...string) *fake {
	f := &fake{objects: map[string]stored{}, refused: map[string]*Fault{}}
	for _, key := range keys {
		f.put(key, nil, time.Time{})
	}
	return f
}

func (f *fake) put(key string, content []byte, modTime time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at, found := slices.BinarySearch(f.keys, key); !found {
		f.keys = slices.Insert(f.keys, at, key)
	}
	f.objects[key] = stored{bytes.Clone(content), modTime}
}

// left returns the keys that are there.
func (f *fake) left() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.keys)
}

// seen returns the requests so far.
func (f *fake) seen() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *fake) begin(ctx context.Context, op Op, key string, keys ...string) error {
	f.mu.Lock()
	c := call{op, key, slices.Clone(keys), time.Now(), len(f.calls)}
	f.calls = append(f.calls, c)
	f.mu.Unlock()
	if f.fail != nil {
		if err := f.fail(ctx, c); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (f *fake) List(ctx context.Context, q ListQuery) (ListPage, error) {
	if err := f.begin(ctx, OpList, q.Prefix); err != nil {
		return ListPage{}, err
	}
	if f.list != nil {
		return f.list(q), nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.page(q), nil
}

// page lists as S3 does: a common prefix in which the listing starts is listed
// for the keys that follow in it.
func (f *fake) page(q ListQuery) (p ListPage) {
	after := q.StartAfter
	if q.Token != "" {
		after = q.Token[len("token "):]
	}
	at, found := slices.BinarySearch(f.keys, after)
	if found {
		at++
	}
	if q.Token != "" && q.Delimiter != "" && strings.HasSuffix(after, "/") {
		at = f.behind(after)
	}
	at = max(at, f.first(q.Prefix))
	last := ""
	for at < len(f.keys) && strings.HasPrefix(f.keys[at], q.Prefix) {
		if len(p.Objects)+len(p.Prefixes) == 1000 {
			p.Truncated, p.Token = true, "token "+last
			return p
		}
		key := f.keys[at]
		if name, _, deep := strings.Cut(key[len(q.Prefix):], "/"); deep && q.Delimiter != "" {
			last = q.Prefix + name + "/"
			p.Prefixes = append(p.Prefixes, last)
			at = f.behind(last)
			continue
		}
		o := f.objects[key]
		p.Objects = append(p.Objects, storage.Object{Key: key, Size: int64(len(o.content)), ModTime: o.modTime})
		last, at = key, at+1
	}
	if f.full && len(p.Objects)+len(p.Prefixes) == 1000 {
		p.Truncated, p.Token = true, "token "+last
	}
	return p
}

// first is where the keys at or after one begin, and behind where those below a
// common prefix end.
func (f *fake) first(key string) int {
	at, _ := slices.BinarySearch(f.keys, key)
	return at
}

func (f *fake) behind(prefix string) int { return f.first(prefix[:len(prefix)-1] + "0") }

func (f *fake) lookup(ctx context.Context, op Op, key string) (stored, error) {
	if err := f.begin(ctx, op, key); err != nil {
		return stored{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	o, found := f.objects[key]
	if !found {
		return stored{}, &Fault{Class: Absent, Status: 404, Code: "NoSuchKey"}
	}
	return o, nil
}

func (f *fake) Get(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	o, err := f.lookup(ctx, OpGet, key)
	if err != nil {
		return nil, 0, err
	}
	if f.body != nil {
		body, size := f.body()
		return body, size, nil
	}
	return io.NopCloser(bytes.NewReader(o.content)), int64(len(o.content)), nil
}

func (f *fake) Put(ctx context.Context, key string, content []byte) error {
	if err := f.begin(ctx, OpWrite, key); err != nil {
		return err
	}
	f.put(key, content, time.Now())
	return nil
}

func (f *fake) Stat(ctx context.Context, key string) (storage.Object, error) {
	o, err := f.lookup(ctx, OpStat, key)
	return storage.Object{Size: int64(len(o.content)), ModTime: o.modTime}, err
}

func (f *fake) Delete(ctx context.Context, keys []string) (result DeleteResult, err error) {
	if err := f.begin(ctx, OpDelete, keys[0], keys...); err != nil {
		return DeleteResult{}, err
	}
	if len(keys) > 1000 {
		return DeleteResult{}, &Fault{Class: Rejected, Code: "MalformedXML"}
	}
	if f.remove != nil {
		return f.remove(keys), nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range keys {
		if fault := f.refused[key]; fault != nil {
			result.Failed = append(result.Failed, KeyFault{key, fault})
			continue
		}
		if at, found := slices.BinarySearch(f.keys, key); found {
			f.keys = slices.Delete(f.keys, at, at+1)
			delete(f.objects, key)
		}
		result.Deleted = append(result.Deleted, key)
	}
	return result, nil
}

func (f *fake) ListUploads(ctx context.Context, q UploadsQuery) (UploadsPage, error) {
	if err := f.begin(ctx, OpUploads, q.Prefix); err != nil {
		return UploadsPage{}, err
	}
	return f.uploads(q), nil
}

func (f *fake) ListParts(ctx context.Context, u storage.MultipartUpload, after string) (PartsPage, error) {
	if err := f.begin(ctx, OpParts, u.Key); err != nil {
		return PartsPage{}, err
	}
	return f.parts(after), nil
}

func (f *fake) Abort(ctx context.Context, u storage.MultipartUpload) error {
	return f.begin(ctx, OpAbort, u.Key+"?"+u.ID)
}

func (f *fake) Versioned(ctx context.Context) (bool, error) {
	return true, f.begin(ctx, OpVersioning, "")
}

// driver opens the bucket, at a root or not.
func (f *fake) driver(root string) *Driver {
	return New(Config{API: f, Scheme: "s3", Bucket: "bucket", Root: root, Permissions: map[Op]string{
		OpList: "s3:ListBucket", OpGet: "s3:GetObject", OpWrite: "s3:PutObject", OpDelete: "s3:DeleteObject", OpVersioning: "s3:GetBucketVersioning",
	}})
}

// always fails every request of an operation, the first times.
func always(op Op, err error, times int) func(context.Context, call) error {
	return func(_ context.Context, c call) error {
		if c.op == op && times != 0 {
			times--
			return err
		}
		return nil
	}
}

// hang answers nothing until the request is given up.
func hang(ctx context.Context, _ call) error {
	<-ctx.Done()
	return fmt.Errorf("the SDK gave up: %w", ctx.Err())
}

// collect drains an iterator of at most limit elements, and wants no element
// after an error.
func collect[T any](t *testing.T, all iter.Seq2[T, error], limit int) (got []T, failed error) {
	t.Helper()
	for element, err := range all {
		if failed != nil {
			t.Fatalf("%+v, %v after the error %v", element, err, failed)
		}
		if failed = err; err != nil {
			continue
		}
		if got = append(got, element); len(got) > limit {
			t.Fatalf("more than %d elements", limit)
		}
	}
	return got, failed
}

// wantError wants an error that is target, unless that is nil, and that has all
// the words in its text.
func wantError(t *testing.T, err, target error, words ...string) {
	t.Helper()
	if err == nil || target != nil && !errors.Is(err, target) {
		t.Fatalf("error is %v, want %v", err, target)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q lacks %q", err, word)
		}
	}
}

// wantRequests wants so many requests, sent and counted.
func wantRequests(t *testing.T, f *fake, d *Driver, want storage.Requests) {
	t.Helper()
	if got, n := d.Requests(), len(f.seen()); got != want || n != int(want.Total()) {
		t.Errorf("%d requests, counted as %+v, want %+v", n, got, want)
	}
}

// numbered returns n keys in order.
func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%05d", i)
	}
	return keys
}

var errSudden = errors.New("a sudden error")
