package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/blobsweep/blobsweep/sweep"
	"github.com/cenkalti/backoff/v5"
)

// What [Options] are when they are zero.
const (
	DefaultBatch    = 2000
	DefaultTimeout  = 10 * time.Second
	DefaultPatience = 30 * time.Second
)

// A batch that is not full goes to the store when its first entry is so old, and
// a store that failed is left alone for so long.
const (
	batchAge = time.Second
	pause    = 30 * time.Second
)

// maxInterval is how long Finish waits between two tries at most.
const maxInterval = 5 * time.Second

// Options of a [Clearer]. The zero value will do.
type Options struct {
	// Batch is how many entries go to the store at a time.
	Batch int
	// Timeout bounds each call of the store.
	Timeout time.Duration
	// Patience is for how long Finish tries again what failed.
	Patience time.Duration
	// Logger is warned when the store fails for the first time; nil discards it.
	Logger *slog.Logger
}

// Clearer has a store forget what a collection removes. Its methods must not be
// called concurrently, and start no goroutine.
//
// It holds one batch of entries, and those that could not be cleared, at some
// 120 bytes each: a store that fails does not stop the collection, and is tried
// again, at most twice a minute, and in the end by Finish.
type Clearer struct {
	store   Store
	opts    Options
	waiting []Entry
	since   time.Time // when waiting began to fill
	resume  time.Time // when to try again, after a failure
	gone    Count
	failure error // of the last try; nil when it went well
	now     func() time.Time
}

// New makes a clearer for one collection.
func New(store Store, opts Options) *Clearer {
	opts.Batch = cmp.Or(opts.Batch, DefaultBatch)
	opts.Timeout = cmp.Or(opts.Timeout, DefaultTimeout)
	opts.Patience = cmp.Or(opts.Patience, DefaultPatience)
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Clearer{store: store, opts: opts, now: time.Now}
}

// Removed takes one removal; it is meant for Options.OnRemoved of a collection.
// Most calls only note it down. The one that fills a batch waits for the store,
// whether or not the collection was interrupted: what is gone has to be
// forgotten.
func (c *Clearer) Removed(r sweep.Removal) {
	entry := Entry{Repository: r.Repository, Digest: r.Digest}
	switch r.Kind {
	case sweep.Manifest, sweep.LayerLink:
	case sweep.Blob:
		entry.Repository = ""
	default:
		return
	}
	now := c.now()
	if len(c.waiting) == 0 {
		c.since = now
	}
	c.waiting = append(c.waiting, entry)
	full := len(c.waiting) >= c.opts.Batch || now.Sub(c.since) >= batchAge
	if !full || now.Before(c.resume) {
		return
	}
	if err := c.flush(context.Background()); err != nil {
		c.resume = c.now().Add(pause)
	}
}

// Result is what a store has forgotten, and what it may still remember.
type Result struct {
	Count
	// Left are the entries that could not be cleared.
	Left []Entry
}

// Finish clears what is left, once the collection has ended, however it ended.
// What fails is tried again, for as long as Options.Patience says. When ctx
// ends, or has ended, there is one more try, of at most Options.Timeout. With
// an error some entries are left.
func (c *Clearer) Finish(ctx context.Context) (Result, error) {
	if ctx.Err() == nil {
		intervals := backoff.NewExponentialBackOff()
		intervals.MaxInterval = maxInterval
		try := func() (struct{}, error) { return struct{}{}, c.flush(ctx) }
		if _, err := backoff.Retry(ctx, try, backoff.WithBackOff(intervals),
			backoff.WithMaxElapsedTime(c.opts.Patience)); err != nil {
			c.opts.Logger.Debug("the descriptor cache was not cleared in time", "error", err)
		}
	}
	if len(c.waiting) > 0 && ctx.Err() != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.Timeout)
		defer cancel()
		if err := c.flush(last); err != nil {
			c.opts.Logger.Debug("the descriptor cache was not cleared", "error", err)
		}
	}
	result := Result{Count: c.gone, Left: c.waiting}
	if len(c.waiting) > 0 {
		entries := "entries"
		if len(c.waiting) == 1 {
			entries = "entry"
		}
		return result, fmt.Errorf("%d %s of the descriptor cache could not be cleared: %w", len(c.waiting), entries, c.failure)
	}
	return result, nil
}

// flush hands all that is waiting to the store, and keeps what fails. It ends
// early when the store can do nothing at all, and when failures take long.
func (c *Clearer) flush(ctx context.Context) error {
	var kept []Entry
	var failure error
	began, rest := c.now(), c.waiting
	for len(rest) > 0 {
		batch := rest[:min(len(rest), c.opts.Batch)]
		left, err := c.forget(ctx, batch)
		kept, rest = append(kept, left...), rest[len(batch):]
		if err != nil {
			failure = err
		}
		if len(left) == len(batch) || failure != nil && c.now().Sub(began) > c.opts.Timeout {
			break
		}
	}
	if failure != nil && c.failure == nil {
		c.opts.Logger.Warn("the descriptor cache could not be cleared; it is tried again", "error", failure)
	}
	c.waiting, c.failure = append(kept, rest...), failure
	c.since = c.now()
	return failure
}

// forget hands one batch to the store, and returns what may still be there.
func (c *Clearer) forget(ctx context.Context, batch []Entry) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	gone, left, err := c.store.Forget(ctx, batch)
	c.gone.Descriptors += gone.Descriptors
	c.gone.Memberships += gone.Memberships
	switch {
	case err == nil && len(left) > 0:
		err = errors.New("the cache does not say why")
	case err != nil && len(left) == 0:
		left = batch // it does not say which
	}
	return left, err
}
