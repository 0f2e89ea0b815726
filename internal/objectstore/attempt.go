package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/cenkalti/backoff/v5"
)

// Op is an operation of an [API].
type Op string

// The operations, as errors name them.
const (
	OpList       Op = "list"
	OpGet        Op = "get"
	OpWrite      Op = "write"
	OpStat       Op = "stat"
	OpDelete     Op = "delete"
	OpUploads    Op = "list multipart uploads"
	OpParts      Op = "list parts"
	OpAbort      Op = "abort multipart upload"
	OpVersioning Op = "get bucket versioning"
)

// maxRetryAfter is the longest wait that a store is granted. A registry's
// collection is no place to sleep for hours.
const maxRetryAfter = time.Minute

// do sends a request until it succeeds, fails for good, or was tried often
// enough, and explains the error.
func do[T any](ctx context.Context, d *Driver, op Op, key string, send func(context.Context) (T, error)) (T, error) {
	result, attempts, err := try(ctx, d, op, key, d.Attempts, send)
	if err != nil {
		var none T
		return none, d.explain(op, key, attempts, err)
	}
	return result, nil
}

// try sends a request up to limit times, as long as it fails in passing. It
// waits between attempts while ctx lasts. The error is that of the last
// attempt, or of the context once that is over.
func try[T any](
	ctx context.Context, d *Driver, op Op, key string, limit int, send func(context.Context) (T, error),
) (result T, attempts int, err error) {
	var last error
	pauses := newPauses(d.Backoff)
	result, err = backoff.Retry(ctx, func() (T, error) {
		attempts++
		result, err := once(ctx, d, op, send)
		last = err
		var fault *Fault
		if errors.As(err, &fault) && (fault.Class == Transient && !d.hopeless(op) || fault.Class == Throttled) {
			pauses.asked = fault.RetryAfter
			return result, err
		}
		return result, backoff.Permanent(err) // which leaves nil alone
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(uint(limit)), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, pause time.Duration) {
			d.Logger.Debug("trying again", "operation", string(op), "key", storage.DisplayKey(key),
				"attempt", attempts, "pause", pause, "error", err)
		}))
	switch {
	case err == nil:
		return result, attempts, nil
	case ctx.Err() != nil: // what the store said on the way out counts for nothing
		return result, attempts, ended(ctx)
	}
	return result, attempts, last
}

// once sends one request, at the pace that is allowed.
func once[T any](ctx context.Context, d *Driver, op Op, send func(context.Context) (T, error)) (T, error) {
	growStack()
	var none T
	if err := d.pace.wait(ctx); err != nil {
		return none, err
	}
	d.count(op)
	attempt, cancel := context.WithTimeout(d.countMore(ctx, op), d.Timeout)
	defer cancel()
	result, err := send(attempt)
	if err == nil {
		d.pace.succeeded()
		return result, nil
	}
	var fault *Fault
	known := errors.As(err, &fault)
	switch {
	case attempt.Err() != nil: // if it is ctx that is over, try says so
		return none, &Fault{Class: Transient, Message: fmt.Sprintf("no answer within %v", d.Timeout)}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// A timeout of the SDK's own. The caller must not take it for theirs.
		return none, &Fault{Class: Transient, Message: "the request was given up underway: " + err.Error()}
	case known && fault.Class == Throttled:
		if limit, changed := d.pace.throttled(); changed {
			d.Logger.Info("the store asks for fewer requests, slowing down",
				"bucket", d.Bucket, "operation", string(op), "requests per second", limit)
		}
	case known && fault.Class == Absent && !op.named():
		lost := *fault // absence is only ever that of what was named
		lost.Class, lost.Cause = Failed, nil
		return none, &lost
	}
	return none, err
}

// named tells the operations on one key or upload, which may not be there.
func (op Op) named() bool { return op == OpGet || op == OpStat || op == OpParts || op == OpAbort }

// ended is the error of a context that is over: its own, and the text of the
// cause that someone gave it. What that cause is must not be found: it may be
// an absence, which no store told.
func ended(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == err {
		return err
	}
	return fmt.Errorf("%w: %v", err, cause)
}

// pauses are the waits between attempts: random ones around a length that
// doubles, in addition to what the store asked for.
type pauses struct {
	*backoff.ExponentialBackOff
	asked time.Duration // with the last answer
}

// newPauses begins with pauses of half to one and a half times first.
func newPauses(first time.Duration) *pauses {
	const longest = MaxBackoff * 2 / 3 // half as much again is MaxBackoff
	return &pauses{ExponentialBackOff: &backoff.ExponentialBackOff{
		InitialInterval: min(first, longest), Multiplier: 2, MaxInterval: longest, RandomizationFactor: 0.5,
	}}
}

// NextBackOff implements [backoff.BackOff].
func (p *pauses) NextBackOff() time.Duration {
	return min(max(p.asked, 0), maxRetryAfter) + p.ExponentialBackOff.NextBackOff()
}

// countMore counts what is sent within ctx besides a first request: net/http
// sends one again when a connection that it kept turns out to be closed, and an
// adapter may have to ask twice.
func (d *Driver) countMore(ctx context.Context, op Op) context.Context {
	var sent atomic.Int64
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil && sent.Add(1) > 1 {
				d.count(op)
			}
		},
	})
}

// count notes a request that is about to be sent.
func (d *Driver) count(op Op) {
	switch op {
	case OpList, OpUploads, OpParts:
		d.lists.Add(1)
	case OpGet:
		d.gets.Add(1)
	case OpStat, OpVersioning:
		d.stats.Add(1)
	case OpDelete, OpAbort:
		d.deletes.Add(1)
	case OpWrite:
		d.writes.Add(1)
	}
}
