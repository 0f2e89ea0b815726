package objectstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/blobsweep/blobsweep/storage"
)

const (
	// batchSize is how many keys a store takes in one request.
	batchSize = 1000
	// partAttempts is how often a part of a batch is sent that failed as a
	// whole: patience was had with all of it.
	partAttempts = 2
	// futile is how many parts of a batch may fail in a row before the rest is
	// given up unsent. Halving takes eleven to find one bad key among a thousand;
	// the others are for bad keys beside it.
	futile = 15
)

// Delete implements [storage.Driver], at one request per 1,000 keys. Only a key
// that the store names as deleted, or as absent, is gone. Those that it does not
// name, or that failed in passing, are tried again by themselves.
//
// A batch that fails as a whole is tried again if it was throttled, and in
// halves if the store rejected it, or failed on it time after time: a bad key
// costs about twenty requests more, and a store that is down 28, in which the
// rest is given up. After that, until the store answers a batch, each costs one
// request.
func (d *Driver) Delete(ctx context.Context, keys ...string) error {
	var failed []*storage.Error
	keys = distinct(keys)
	if at := slices.Index(keys, ""); at >= 0 {
		failed = append(failed, &storage.Error{Op: string(OpDelete), Key: "", Err: errEmptyKey})
		keys = slices.Delete(keys, at, at+1)
	}
	for batch := range slices.Chunk(keys, batchSize) {
		b := deletion{driver: d, attempts: d.Attempts}
		b.delete(ctx, batch)
		failed = append(failed, b.failed...)
	}
	if len(failed) > 0 {
		return &storage.DeleteError{Failed: failed}
	}
	return nil
}

// distinct copies keys, each once.
func distinct(keys []string) []string {
	seen := make(map[string]bool, len(keys))
	var once []string
	for _, key := range keys {
		if !seen[key] {
			seen[key] = true
			once = append(once, key)
		}
	}
	return once
}

// deletion is one batch under way.
type deletion struct {
	driver   *Driver
	failed   []*storage.Error
	attempts int   // for each part
	futile   int   // parts that failed as a whole, since one did not
	last     error // of these
}

// delete removes a batch or a part of one.
func (b *deletion) delete(ctx context.Context, keys []string) {
	if b.futile == futile {
		b.fail(keys, nil, 0, fmt.Errorf("not sent, %d parts of the batch failed in a row, the last with: %w", futile, b.last))
		return
	}
	rest := keys                  // not confirmed
	var reasons map[string]*Fault // why; nil after a request that failed as a whole
	_, attempts, err := try(ctx, b.driver, OpDelete, keys[0], b.attempts, func(ctx context.Context) (struct{}, error) {
		result, err := b.driver.API.Delete(ctx, b.driver.bucketKeys(rest))
		if err != nil {
			reasons = nil
			return struct{}{}, err
		}
		b.driver.down.Store(false)
		rest, reasons, err = b.take(rest, result)
		return struct{}{}, err
	})
	var fault *Fault
	switch whole := errors.As(err, &fault) && reasons == nil; {
	case err == nil:
		b.futile = 0
	case whole && fault.Class == Transient && b.driver.hopeless(OpDelete):
		b.fail(rest, nil, attempts, fmt.Errorf("given up at once, since a batch was given up before: %w", err))
	case whole && (fault.Class == Rejected || fault.Class == Transient):
		b.futile++
		b.last, b.attempts = err, min(b.attempts, partAttempts)
		if b.futile == futile && fault.Class == Transient {
			b.driver.down.Store(true)
		}
		if len(rest) == 1 {
			b.fail(rest, nil, attempts, err)
			return
		}
		b.delete(ctx, rest[:len(rest)/2])
		b.delete(ctx, rest[len(rest)/2:])
	case fault == nil: // no answer of the store: the context is over
		b.fail(rest, nil, attempts, err)
	default:
		b.futile = 0
		b.fail(rest, reasons, attempts, err)
	}
}

// hopeless tells whether an operation that failed in passing is not worth
// trying again.
func (d *Driver) hopeless(op Op) bool { return op == OpDelete && d.down.Load() }

// bucketKeys puts the root before keys.
func (d *Driver) bucketKeys(keys []string) []string {
	rooted := make([]string, len(keys))
	for i, key := range keys {
		rooted[i] = d.Root + key
	}
	return rooted
}

// take notes which keys failed for good, and returns those that are to be tried
// again, why, and the most urgent of the reasons.
func (b *deletion) take(keys []string, result DeleteResult) (rest []string, reasons map[string]*Fault, err error) {
	gone := make(map[string]bool, len(result.Deleted))
	for _, key := range result.Deleted {
		gone[key] = true
	}
	faults := make(map[string]*Fault, len(result.Failed))
	for _, f := range result.Failed {
		switch {
		case f.Fault == nil:
			faults[f.Key] = &Fault{Class: Transient, Message: "the store did not delete it, and gave no reason"}
		case f.Fault.Class == Absent:
			gone[f.Key] = true
		default:
			faults[f.Key] = f.Fault
		}
	}
	var urgent *Fault
	reasons = map[string]*Fault{}
	for i, key := range b.driver.bucketKeys(keys) {
		fault := faults[key]
		switch {
		case fault == nil && gone[key]:
			continue
		case fault == nil:
			fault = &Fault{Class: Transient, Message: "the store did not confirm the deletion"}
		case fault.Class != Transient && fault.Class != Throttled:
			b.fail(keys[i:i+1], nil, 1, fault)
			continue
		}
		rest = append(rest, keys[i])
		reasons[keys[i]] = fault
		if urgent == nil || urgent.Class != Throttled {
			urgent = fault
		}
	}
	if urgent == nil {
		return nil, nil, nil
	}
	return rest, reasons, urgent
}

// fail names keys that are not known to be gone, with a reason of their own or
// else that of all.
func (b *deletion) fail(keys []string, reasons map[string]*Fault, attempts int, err error) {
	for _, key := range keys {
		reason := err
		if own := reasons[key]; own != nil {
			reason = own
		}
		b.failed = append(b.failed, b.driver.explain(OpDelete, key, attempts, reason))
	}
}
