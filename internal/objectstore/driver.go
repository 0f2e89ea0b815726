package objectstore

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// Config says which bucket a Driver works on, and how hard.
type Config struct {
	API API
	// Scheme and Bucket name the bucket in messages.
	Scheme, Bucket string
	// Root is put before every key: empty, or ending in a slash, which is added
	// where it is missing. No key outside of it is ever asked for or shown.
	Root string
	// Permissions says what each operation needs to be allowed, for messages.
	Permissions map[Op]string
	// MaxRequests per second, retries included; zero means no limit.
	MaxRequests int
	// Concurrency is the number of requests in flight to suggest; zero means
	// DefaultConcurrency. The driver does not enforce it.
	Concurrency int
	// Logger receives what is tried again, at the level of debugging, and when
	// the pace is slowed down, as information; nil discards it.
	Logger *slog.Logger

	// Attempts of a request, the wait after the first one (it doubles, up to
	// MaxBackoff), and how long one may take, the body included (of a stream, the
	// next of its bytes); zero means the defaults.
	Attempts int
	Backoff  time.Duration
	Timeout  time.Duration
}

// Defaults of [Config], and the longest wait between two attempts unless the
// store asks for a longer one.
const (
	DefaultConcurrency = 64
	DefaultAttempts    = 8
	DefaultBackoff     = 200 * time.Millisecond
	MaxBackoff         = 10 * time.Second
	DefaultTimeout     = time.Minute
)

// Driver is a storage.Driver over an object store, with its optional powers. It
// is safe for concurrent use. Its Config must not be changed.
//
// When a context ends, the error is that of the context, for errors.Is, and
// never what the store said last.
type Driver struct {
	Config
	pace *pace

	lists, gets, stats, deletes, writes atomic.Int64

	down atomic.Bool // a batch of deletes was given up, and none was answered since
}

var (
	_ storage.Driver           = (*Driver)(nil)
	_ storage.Opener           = (*Driver)(nil)
	_ storage.Writer           = (*Driver)(nil)
	_ storage.Requester        = (*Driver)(nil)
	_ storage.Concurrent       = (*Driver)(nil)
	_ storage.VersionKeeper    = (*Driver)(nil)
	_ storage.MultipartLister  = (*Driver)(nil)
	_ storage.MultipartAborter = (*Driver)(nil)
)

// New returns a driver. It sends nothing.
func New(c Config) *Driver {
	if c.Root != "" && !strings.HasSuffix(c.Root, "/") {
		c.Root += "/" // or the root "reg" would reach into "reg-2"
	}
	if c.Concurrency <= 0 {
		c.Concurrency = DefaultConcurrency
	}
	if c.Attempts <= 0 {
		c.Attempts = DefaultAttempts
	}
	if c.Backoff <= 0 {
		c.Backoff = DefaultBackoff
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Driver{Config: c, pace: newPace(c.MaxRequests)}
}

// Name is the bucket and the root prefix as a URL.
func (d *Driver) Name() string {
	return strings.TrimSuffix(d.Scheme+"://"+d.Bucket+"/"+d.Root, "/")
}

// Concurrency implements [storage.Concurrent].
func (d *Driver) Concurrency() int { return d.Config.Concurrency }

// Requests implements [storage.Requester]: every attempt, those that failed
// included. Pages of uploads and parts count as listings, a question for
// versioning as a stat, an abort as a delete.
func (d *Driver) Requests() storage.Requests {
	return storage.Requests{
		List: d.lists.Load(), Get: d.gets.Load(), Stat: d.stats.Load(), Delete: d.deletes.Load(), Write: d.writes.Load(),
	}
}

// errEmptyKey refuses what a store would take for the bucket, or for the marker
// of the root.
var errEmptyKey = errors.New("the key is empty")

// Stat implements [storage.Reader], at one request.
func (d *Driver) Stat(ctx context.Context, key string) (storage.Object, error) {
	if key == "" {
		return storage.Object{}, &storage.Error{Op: string(OpStat), Key: key, Err: errEmptyKey}
	}
	o, err := do(ctx, d, OpStat, key, func(ctx context.Context) (storage.Object, error) {
		return d.API.Stat(ctx, d.Root+key)
	})
	if err != nil {
		return storage.Object{}, err
	}
	o.Key = key
	return o, nil
}

// KeepsVersions implements [storage.VersionKeeper], at one request.
func (d *Driver) KeepsVersions(ctx context.Context) (bool, error) {
	return do(ctx, d, OpVersioning, "", d.API.Versioned)
}
