package sweep

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/blobsweep/blobsweep/internal/deletion"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// Execute removes what was planned, in the order of law 9: each kind of link
// is done with before what it refers to is touched. What a link needs that
// could not be removed is left in place.
//
// It fails with [ErrExecuted] on a second call, with [ErrBlocked] when the
// plan is blocked, and with [ErrPartial] when something planned is still
// there: Failed names the keys. When ctx ends it stops between batches, and
// the error wraps ErrPartial and the cause. The driver must be the one that
// was planned on. Counts tell only of deletions that the backend confirmed.
func (p *Plan) Execute(ctx context.Context, d storage.Driver) error {
	if len(p.blocked) > 0 {
		return fmt.Errorf("%w: %v", ErrBlocked, p.blocked)
	}
	if p.executed.Swap(true) {
		return ErrExecuted
	}
	stop := p.meter.start(ctx)
	defer stop()
	x := execution{
		Plan: p, driver: d, dirs: deletion.Directories(d),
		pinned: map[mark.Key]string{}, staying: map[string]bool{},
	}
	err := x.run(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w: stopped after %d of %d blobs: %w", ErrPartial, p.counts.Blobs.Removed, p.counts.Blobs.Eligible, err)
	case len(p.failed) > 0:
		return fmt.Errorf("%w: %d keys, the first %s: %s", ErrPartial, len(p.failed), p.failed[0].Key, p.failed[0].Error)
	}
	return nil
}

// execution is a plan under way.
type execution struct {
	*Plan
	driver storage.Driver
	dirs   storage.DirRemover // nil where directories are not real

	mu sync.Mutex // guards counts, failed, left and staying
	// left are the links that could not be removed.
	left []leftLink
	// staying are the directories above everything that is still there and was
	// to go.
	staying map[string]bool
	// pinned says for everything that those need which key is to blame. It
	// changes between phases only.
	pinned map[mark.Key]string
	// linked are the revisions of the plan by key, once something is left.
	linked map[mark.Key][]digest.Digest
}

func (x *execution) run(ctx context.Context) error {
	c := &x.counts
	for _, phase := range []struct {
		name    Phase
		items   []item
		removed *int64
	}{
		{PhaseTagIndexes, x.entries, &c.TagIndexEntries.Removed},
		{PhaseRevisions, x.revisions, &c.Manifests.Removed},
		{PhaseLayerLinks, x.layers, &c.LayerLinks.Removed},
	} {
		if err := x.items(ctx, phase.name, phase.items, phase.removed); err != nil {
			return err
		}
	}
	if err := x.sweepBlobs(ctx); err != nil {
		return err
	}
	if err := x.sweepUploads(ctx); err != nil {
		return err
	}
	if err := x.abort(ctx); err != nil {
		return err
	}
	return x.prune(ctx)
}

// items removes candidates of one kind, and then pins what those need that
// are still there.
func (x *execution) items(ctx context.Context, phase Phase, items []item, removed *int64) error {
	err := x.phase(ctx, phase, len(items),
		func(i int) ([]layout.Path, []digest.Digest) { return items[i].paths(), items[i].digests() },
		func(int) { *removed++ })
	if err != nil {
		return err
	}
	for _, l := range x.left {
		for _, d := range l.digests {
			if err := x.pin(ctx, phase, d, l.key); err != nil {
				return fmt.Errorf("finding what %s needs, which could not be removed: %w", l.key, err)
			}
		}
	}
	x.left = nil
	return nil
}

func (x *execution) sweepBlobs(ctx context.Context) error {
	defer func() { x.left = nil }() // nothing is removed after them that they need
	return x.phase(ctx, PhaseSweepBlobs, x.blobs.len(),
		func(i int) ([]layout.Path, []digest.Digest) {
			d, _ := x.blobs.at(i)
			return []layout.Path{orphanPath(d)}, []digest.Digest{d}
		},
		func(i int) {
			_, size := x.blobs.at(i)
			x.counts.Blobs.Removed++
			if x.versioned {
				x.counts.Bytes.Noncurrent += size
				return
			}
			x.counts.Bytes.Reclaimed += size
			x.meter.bytes.Add(size)
		})
}

// sweepUploads removes the files of uploads, and of each that is otherwise gone
// the one that tells its age: without it, what is left would count as young, and
// a rerun would leave it.
func (x *execution) sweepUploads(ctx context.Context) error {
	var rest, last [][]layout.Path // of each upload
	for _, u := range x.uploads {
		paths := slices.Clone(u.files)
		at := slices.IndexFunc(paths, func(p layout.Path) bool { return p.Kind == layout.UploadStartedAt })
		if at < 0 {
			at = len(paths) - 1
		}
		last = append(last, paths[at:at+1:at+1])
		rest = append(rest, slices.Delete(slices.Clone(paths), at, at+1))
	}
	failed := make([]bool, len(rest))
	for i, paths := range rest {
		failed[i] = len(paths) > 0 // until it is confirmed
	}
	err := x.phase(ctx, PhaseUploads, len(rest),
		func(i int) ([]layout.Path, []digest.Digest) { return rest[i], nil },
		func(i int) { failed[i] = false })
	if err != nil {
		return err
	}
	return x.phase(ctx, PhaseUploads, len(last),
		func(i int) ([]layout.Path, []digest.Digest) {
			if failed[i] {
				return nil, nil
			}
			return last[i], nil
		},
		func(int) { x.counts.Uploads.Removed++ })
}

// phase removes n candidates in as few batches as it takes, all of one size, so
// that the requests under way end together. of tells the objects of one and the
// digests that stand for it; removed is called, under the lock, for each whose
// objects are all confirmed to be gone.
func (x *execution) phase(ctx context.Context, name Phase, n int,
	of func(i int) ([]layout.Path, []digest.Digest), removed func(i int),
) error {
	x.meter.enter(name, int64(n))
	most := deletion.FlatBatch
	if x.dirs != nil {
		most = deletion.TreeBatch
	}
	batches := (n + most - 1) / most
	return x.pool.ForEach(ctx, batches, func(ctx context.Context, b int) error {
		first, end := partOf(b, n, batches), partOf(b+1, n, batches)
		var keys []string
		var paths []layout.Path
		last := make([]int, 0, end-first) // for each candidate, the end of its keys
		for i := first; i < end; i++ {
			objects, digests := of(i)
			if cause := x.cause(digests); cause != "" {
				x.leave(objects, digests, cause)
				objects = nil
			}
			for _, path := range objects {
				key, err := path.Key()
				if err != nil {
					return err // nothing is deleted under a key that has no grammar
				}
				keys = append(keys, key)
				paths = append(paths, path)
			}
			last = append(last, len(keys))
		}
		failed := x.delete(ctx, keys)
		x.settle(keys, last, failed, func(i int) {
			removed(first + i)
			x.tell(of, first+i, false)
		}, func(i, at int) {
			x.tell(of, first+i, true)
			_, digests := of(first + i)
			digests = append(digests, paths[at].Digest, paths[at].Signature)
			x.left = append(x.left, leftLink{keys[at], digests})
		})
		return x.removeHomes(ctx, paths, keys, failed)
	})
}

// partOf is where part i of n begins, when it is cut into so many parts.
func partOf(i, n, parts int) int { return int(int64(i) * int64(n) / int64(parts)) }

// settle tells of each candidate of a batch whether it is gone, or which of
// the keys is still there. last holds the end of each one's keys.
func (x *execution) settle(keys []string, last []int, failed map[string]bool, removed func(i int), stays func(i, at int)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	start := 0
	for i, end := range last {
		gone := end > start // else it was left in place
		for at := start; at < end; at++ {
			if failed[keys[at]] {
				gone = false
				stays(i, at)
			}
		}
		start = end
		if gone {
			removed(i)
			x.meter.done.Add(1)
		}
	}
}

// delete removes keys and returns those that are not known to be gone.
func (x *execution) delete(ctx context.Context, keys []string) map[string]bool {
	failed := map[string]bool{}
	for _, f := range deletion.Keys(ctx, x.driver, keys) {
		failed[f.Key] = true
		if ctx.Err() == nil { // otherwise it was only not tried
			x.fail(f.Key, f.Err)
		}
	}
	return failed
}

func (x *execution) fail(key string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.failed = append(x.failed, Failure{storage.DisplayKey(key), err.Error()})
	for above := parent(key); above != "" && !x.staying[above]; above = parent(above) {
		x.staying[above] = true
	}
	x.opts.Logger.Debug("not removed", "key", storage.DisplayKey(key), "error", err)
}

// removeHomes removes the directories that held nothing but deleted keys.
// What still holds something stays.
func (x *execution) removeHomes(ctx context.Context, paths []layout.Path, keys []string, failed map[string]bool) error {
	for i, path := range paths {
		if x.dirs == nil || failed[keys[i]] {
			continue
		}
		for _, home := range path.Homes() {
			if _, err := x.removeDir(ctx, home.Prefix()); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeDir removes an empty directory and reports whether it is gone.
func (x *execution) removeDir(ctx context.Context, prefix string) (bool, error) {
	gone, err := deletion.Directory(ctx, x.dirs, prefix)
	switch {
	case err == nil:
		return gone, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	x.fail(prefix, err)
	return false, nil
}

// prune removes empty directories, from the deepest up, and the markers of
// object stores, but for those over something that could not be removed.
func (x *execution) prune(ctx context.Context) error {
	x.meter.enter(PhaseDirectories, int64(len(x.directories)+len(x.dirMarkers)))
	for _, dir := range x.directories {
		if x.dirs == nil {
			break
		}
		gone, err := x.removeDir(ctx, dir.Prefix())
		if err != nil {
			return err
		}
		if gone {
			x.counts.EmptyDirectories.Removed++
			x.meter.done.Add(1)
		}
	}
	var keys []string
	for _, dir := range x.dirMarkers {
		if prefix := dir.Prefix(); !x.staying[prefix] {
			keys = append(keys, prefix)
		}
	}
	failed := x.delete(ctx, keys)
	x.counts.EmptyDirectories.Removed += int64(len(keys) - len(failed))
	return ctx.Err()
}
