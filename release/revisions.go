package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

var errNeeded = errors.New("left in place, because this could not be removed")

// leave lets what a key names stay, with all that it needs and what refers to
// it, because the key could not be removed; under the lock.
func (x *execution) leave(w *work, names []digest.Digest, key string) {
	stays := trail[digest.Digest]{}
	stays.follow(names, w.refersTo, w.referrers, nil)
	for _, d := range w.going(stays) {
		if !w.gone[d] {
			x.stay(w, d, fmt.Errorf("%w: %s", errNeeded, storage.DisplayKey(key)))
		}
	}
}

// going are those of some manifests that are to go, sorted.
func (w *work) going(of trail[digest.Digest]) (going []digest.Digest) {
	for d := range of {
		if _, goes := w.goes[d]; goes {
			going = append(going, d)
		}
	}
	slices.Sort(going)
	return going
}

// stay lets one revision stay that was to go, under the lock.
func (x *execution) stay(w *work, d digest.Digest, why error) {
	if key, err := w.revisionLink(d).Key(); err == nil {
		x.note(key, why)
	}
	x.settled[w.revisionStep(d)] = true
	delete(w.goes, d)
}

// pointers removes what points to revisions that go: their entries in the
// histories of tags that stay (law 8), and the signatures beside them.
func (x *execution) pointers(ctx context.Context) error {
	var items []item
	for _, w := range x.works {
		steps := w.entries(w.Tags, func(tag string) bool { return w.untagged[tag] })
		steps = append(steps, w.entries(w.seen.tags(), func(string) bool { return false })...)
		met := map[Step]bool{}
		for _, s := range steps {
			if !met[s] {
				met[s] = true
				items = append(items, item{w, s, []layout.Path{w.entryLink(s.Tag, s.Digest)}})
			}
		}
		for _, d := range slices.Sorted(maps.Keys(w.goes)) {
			for _, signature := range w.linked[d].Signatures {
				path := w.revisionLink(d)
				path.Kind, path.Signature = layout.SignatureLink, signature
				items = append(items, item{w, Step{Digest: d}, []layout.Path{path}})
			}
		}
	}
	return x.remove(ctx, sweep.PhaseTagIndexes, items, func(it item) {
		if it.Kind == TagIndexEntry {
			x.finish(it.Step)
		}
	}, func(it item, key string) {
		if ctx.Err() == nil {
			x.leave(it.work, []digest.Digest{it.Digest}, key)
		}
	})
}

// revisions removes the links of revisions, level by level: referrers before
// their subject, indexes before their children.
func (x *execution) revisions(ctx context.Context) error {
	depth := 0
	for _, w := range x.works {
		w.gone = map[digest.Digest]bool{}
		depth = max(depth, len(w.levels))
	}
	for level := range depth {
		var items []item
		for _, w := range x.works {
			if level >= len(w.levels) {
				continue
			}
			for _, d := range w.levels[level] {
				if _, goes := w.goes[d]; goes {
					items = append(items, item{w, w.revisionStep(d), []layout.Path{w.revisionLink(d)}})
				}
			}
		}
		err := x.remove(ctx, sweep.PhaseRevisions, items, func(it item) {
			it.gone[it.Digest] = true
			x.tell(sweep.Manifest, it.work, false, it.Digest, it.linked[it.Digest].Holds)
			x.finish(it.Step)
		}, func(it item, key string) {
			x.tell(sweep.Manifest, it.work, true, it.Digest, it.linked[it.Digest].Holds)
			if ctx.Err() == nil {
				x.settled[it.Step] = true
				delete(it.goes, it.Digest)
				x.leave(it.work, []digest.Digest{it.Digest}, key)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
