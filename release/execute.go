package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/blobsweep/blobsweep/internal/deletion"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// The phases of an execution, in order, beside those of package sweep.
const (
	PhaseTags sweep.Phase = "removing tags"
	PhaseLook sweep.Phase = "looking at tags again"
)

// Execute removes what was planned, in the order of law 9. Unless the plan is
// offline it looks again first: a tag that names something else by now stays,
// with the manifest that it named; and so does a revision that a tag has come to
// name, with all that it needs and what refers to it. Kept tells of them; they are no failures.
//
// What could not be deleted keeps what it refers to, and the rest goes on. It
// fails with sweep.ErrExecuted on a second call, with sweep.ErrBlocked when the
// plan is blocked, and with sweep.ErrPartial when something planned is still
// there: Failed names the keys. When ctx ends it stops between batches, and the
// error wraps sweep.ErrPartial and the cause. The registry is whole after every
// single deletion.
func (p *Plan) Execute(ctx context.Context, d storage.Driver) error {
	if len(p.blocked) > 0 {
		return fmt.Errorf("%w: %v", sweep.ErrBlocked, p.blocked)
	}
	if p.executed.Swap(true) {
		return sweep.ErrExecuted
	}
	x := &execution{
		Plan: p, driver: d, dirs: deletion.Directories(d),
		pool: parallel.New(parallel.Workers(p.opts.Workers, d)), settled: map[Step]bool{},
	}
	err := x.run(ctx)
	x.conclude(err != nil)
	switch {
	case err != nil:
		return fmt.Errorf("%w: stopped before the end: %w", sweep.ErrPartial, err)
	case len(p.failed) > 0:
		return fmt.Errorf("%w: %d keys, the first %s: %s", sweep.ErrPartial, len(p.failed), p.failed[0].Key, p.failed[0].Error)
	}
	return nil
}

// execution is a plan under way.
type execution struct {
	*Plan
	driver storage.Driver
	dirs   storage.DirRemover // nil where directories are not real
	pool   *parallel.Pool

	mu       sync.Mutex // guards what Execute changes of the plan and its works, and what follows
	progress sweep.Progress
	told     time.Time     // of it
	settled  map[Step]bool // not done, and it was said why
}

func (x *execution) run(ctx context.Context) error {
	for _, phase := range []func(context.Context) error{
		x.tags, x.look, x.pointers, x.revisions, x.everything,
	} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// conclude puts what was done into the order of removal, whatever the workers
// made of it, and finds out what was left.
func (x *execution) conclude(interrupted bool) {
	rank := map[Kind]int{Tag: 0, TagIndexEntry: 1, Manifest: 2, LayerLink: 3, Upload: 4}
	slices.SortStableFunc(x.done, func(a, b Step) int {
		return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Tag, b.Tag))
	})
	slices.SortStableFunc(x.kept, func(a, b Kept) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(rank[a.Kind], rank[b.Kind]), cmp.Compare(a.Tag, b.Tag))
	})
	slices.SortFunc(x.failed, func(a, b sweep.Failure) int { return cmp.Compare(a.Key, b.Key) })
	if !interrupted {
		return
	}
	over := map[Step]bool{}
	for _, s := range x.done {
		over[s] = true
	}
	for _, s := range x.steps {
		if s.Kind != Upload && !over[s] && !x.settled[s] {
			x.left = append(x.left, s)
		}
	}
}

// item is what is deleted as one.
type item struct {
	*work
	Step
	paths []layout.Path
}

// remove deletes items in batches, and then the directories that held nothing
// else. gone and stuck are called for each, under the lock, when its keys are
// known to be gone or one of them is not. It ends early only with the context.
func (x *execution) remove(ctx context.Context, phase sweep.Phase, items []item, gone func(item), stuck func(it item, key string)) error {
	x.enter(phase, len(items))
	batch := deletion.FlatBatch
	if x.dirs != nil {
		batch = deletion.TreeBatch
	}
	batches := slices.Collect(slices.Chunk(items, batch))
	return x.pool.ForEach(ctx, len(batches), func(ctx context.Context, i int) error {
		failed, err := x.delete(ctx, batches[i])
		if err != nil {
			return err
		}
		for j, it := range batches[i] {
			x.mu.Lock()
			if failed[j] == "" {
				gone(it)
			} else {
				stuck(it, failed[j])
			}
			x.advance()
			x.mu.Unlock()
			for _, path := range it.paths {
				if failed[j] != "" {
					break
				}
				if err := x.rmdir(ctx, path.Homes()...); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	})
}

// delete deletes the keys of items. For each it returns a key that is not known
// to be gone, or nothing.
func (x *execution) delete(ctx context.Context, items []item) (failed []string, err error) {
	of := map[string]int{}
	var keys []string
	for i, it := range items {
		for _, path := range it.paths {
			key, err := path.Key()
			if err != nil {
				return nil, err // nothing is deleted under a key that has no grammar
			}
			keys = append(keys, key)
			of[key] = i
		}
	}
	failed = make([]string, len(items))
	for _, f := range deletion.Keys(ctx, x.driver, keys) {
		failed[of[f.Key]] = f.Key
		if ctx.Err() == nil { // otherwise it was only not tried
			x.fail(f.Key, f.Err)
		}
	}
	return failed, nil
}

// rmdir removes directories that are empty.
func (x *execution) rmdir(ctx context.Context, dirs ...layout.Dir) error {
	for _, dir := range dirs {
		if x.dirs == nil {
			return nil
		}
		if _, err := deletion.Directory(ctx, x.dirs, dir.Prefix()); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			x.fail(dir.Prefix(), err)
		}
	}
	return nil
}

// fail notes a key that is still there.
func (x *execution) fail(key string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.note(key, err)
}

// note is fail under the lock.
func (x *execution) note(key string, err error) {
	var of *storage.Error
	if errors.As(err, &of) && of.Key == key {
		err = of.Err // the key is told anyway
	}
	x.failed = append(x.failed, sweep.Failure{Key: storage.DisplayKey(key), Error: err.Error()})
	x.opts.Logger.Debug("not removed", "key", storage.DisplayKey(key), "error", err)
}

// finish notes a step that is done. It is called under the lock.
func (x *execution) finish(s Step) { x.done = append(x.done, s) }

// tell hands a link to Options.OnRemoved, under each digest that stands for it.
// It is called under the lock.
func (x *execution) tell(kind sweep.CandidateKind, w *work, uncertain bool, digests ...digest.Digest) {
	for _, d := range digests {
		if d != "" && x.opts.OnRemoved != nil {
			x.opts.OnRemoved(sweep.Removal{Kind: kind, Repository: w.Name, Digest: d, Uncertain: uncertain})
		}
	}
}

// tellEvery is how often progress is told at most, but for the ends of phases.
const tellEvery = 200 * time.Millisecond

// enter begins a phase.
func (x *execution) enter(phase sweep.Phase, total int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.progress, x.told = sweep.Progress{Phase: phase, Total: int64(total)}, time.Time{}
	if total > 0 {
		x.tellProgress()
	}
}

// advance counts something of the phase as done, under the lock.
func (x *execution) advance() {
	x.progress.Done++
	x.tellProgress()
}

func (x *execution) tellProgress() {
	if x.opts.Progress == nil || x.progress.Done < x.progress.Total && time.Since(x.told) < tellEvery {
		return
	}
	x.told = time.Now()
	x.opts.Progress(x.progress)
}
