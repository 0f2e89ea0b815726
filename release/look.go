package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// sight is what was seen of a repository when it was looked at again.
type sight struct {
	*inventory.Repository
	// names are the digests that tags name now and did not when the catalog was
	// read, and the revisions that were pushed since then; with the reason.
	names map[digest.Digest]string
	// needs are those of manifests that the catalog has not.
	needs map[digest.Digest][]digest.Digest
	// blind says that it could not be seen what is needed.
	blind bool
}

// tags are those that were seen, with their histories.
func (s sight) tags() (tags []catalog.Tag) {
	if s.Repository == nil {
		return nil
	}
	for _, seen := range s.Tags {
		tag := catalog.Tag{Name: seen.Name}
		for _, l := range seen.Index {
			tag.History = append(tag.History, l.Digest())
		}
		tags = append(tags, tag)
	}
	return tags
}

var errLook = errors.New("left in place, because what is needed could not be looked at again")

// look looks at repositories again before revisions go, now that their tags are
// gone: what has come to be named stays.
func (x *execution) look(ctx context.Context) error {
	if x.opts.Offline {
		return nil
	}
	var works []*work
	for _, w := range x.works {
		if len(w.goes) > 0 || w.all && !x.opts.UntagOnly {
			works = append(works, w)
		}
	}
	x.enter(PhaseLook, len(works))
	return x.pool.ForEach(ctx, len(works), func(ctx context.Context, i int) error {
		w := works[i]
		err := x.lookAgain(ctx, w)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		x.advance()
		if err != nil {
			w.seen.blind = true
			x.note(layout.Repository(w.Name), err)
			for _, d := range slices.Sorted(maps.Keys(w.goes)) {
				x.stay(w, d, errLook)
			}
			return nil
		}
		x.keepNamed(w)
		return nil
	})
}

// lookAgain reads the links of a repository once more, and the manifests that
// have come.
func (x *execution) lookAgain(ctx context.Context, w *work) error {
	walker := inventory.Walker{
		Reader: x.driver, Pool: x.pool, TagsAreRead: true,
		OnStranger: func(inventory.Stranger) {}, OnMarker: func(storage.Object) {},
	}
	now, err := walker.Repository(ctx, w.Name)
	if err != nil {
		return err
	}
	if now.Hides && !w.Hides {
		return fmt.Errorf("a symbolic link came meanwhile to where tags or manifests lie: %w", storage.ErrIrregular)
	}
	w.seen = sight{Repository: now, names: map[digest.Digest]string{}, needs: map[digest.Digest][]digest.Digest{}}
	named := make([][]digest.Digest, len(now.Tags))
	err = x.pool.ForEach(ctx, len(now.Tags), func(ctx context.Context, i int) (err error) {
		named[i], err = x.newlyNamed(ctx, w, now.Tags[i])
		return err
	})
	if err != nil {
		return err
	}
	for i, digests := range named {
		for _, d := range digests {
			w.seen.names[d] = "tag " + now.Tags[i].Name + " names it now"
		}
	}
	for _, links := range [][]inventory.Link{now.Revisions, now.IrregularRevisions} {
		for _, l := range links {
			if err := x.pushedMeanwhile(ctx, w, l); err != nil {
				return err
			}
		}
	}
	return x.readNew(ctx, w)
}

// pushedMeanwhile notes a revision that was pushed since the catalog was read:
// every push of a manifest writes its link, whether or not it is there.
func (x *execution) pushedMeanwhile(ctx context.Context, w *work, l inventory.Link) error {
	d := l.Digest()
	if w.isLinked(d) && w.linked[d].Pushed.Equal(l.ModTime) {
		return nil
	}
	names := []digest.Digest{d}
	if l.Algorithm != "sha256" { // its bytes lie under what it holds (law 14)
		key, err := w.revisionLink(d).Key()
		if err != nil {
			return err
		}
		held, state, err := mark.ReadLink(ctx, x.driver, key, false)
		if err != nil {
			return err
		}
		if state == mark.LinkHolds {
			names = append(names, held)
		}
	}
	for _, d := range names {
		if w.seen.names[d] == "" {
			w.seen.names[d] = "it was pushed meanwhile"
		}
	}
	return nil
}

// newlyNamed reads a tag and returns what it names, or may name, if that is not
// what it did when the catalog was read.
func (x *execution) newlyNamed(ctx context.Context, w *work, tag inventory.Tag) ([]digest.Digest, error) {
	key := layout.Repository(w.Name) + "_manifests/tags/" + tag.Name + "/current/link"
	d, state, err := mark.ReadLink(ctx, x.driver, key, !tag.Doubtful)
	if err != nil || state == mark.LinkAbsent {
		return nil, err
	}
	before, err := w.Tag(tag.Name)
	known := err == nil && !w.untagged[tag.Name]
	switch {
	case state == mark.LinkHolds && known && before.Digest == d, state != mark.LinkHolds && known && before.Broken:
		return nil, nil
	case state == mark.LinkHolds:
		return []digest.Digest{d}, nil
	case len(tag.Index) == 0:
		return slices.Collect(maps.Keys(w.linked)), nil
	}
	var may []digest.Digest
	for _, l := range tag.Index {
		may = append(may, l.Digest())
	}
	return may, nil
}

// readNew reads the manifests that are named now and that the catalog has not.
func (x *execution) readNew(ctx context.Context, w *work) error {
	type named struct {
		digest.Digest
		perhaps bool
	}
	var queue []named
	for d := range w.seen.names {
		queue = append(queue, named{d, false})
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if _, read := w.seen.needs[n.Digest]; read || w.Manifests[n.Digest] != nil {
			continue
		}
		doc, err := mark.ReadDocument(ctx, x.driver, n.Digest, mark.DefaultMaxManifestSize)
		switch {
		case err != nil:
			return err
		case n.perhaps && doc.Fault != nil:
			continue // a blob
		case errors.Is(doc.Fault, mark.ErrOversized), errors.Is(doc.Fault, mark.ErrIrregular):
			return fmt.Errorf("%s came meanwhile: %w", n.Digest, doc.Fault)
		}
		needs := []digest.Digest{} // it was read
		for _, ref := range doc.References {
			needs = append(needs, ref.Digest)
			if ref.Manifest || ref.Perhaps {
				queue = append(queue, named{ref.Digest, !ref.Manifest})
			}
		}
		w.seen.needs[n.Digest] = needs
	}
	return nil
}

// needsNow is what a manifest needs, of the catalog or not.
func (w *work) needsNow(d digest.Digest) []digest.Digest {
	return append(w.needs(d), w.seen.needs[d]...)
}

// keepNamed lets what has come to be named stay, under the lock.
func (x *execution) keepNamed(w *work) {
	x.keepWith(w, slices.Sorted(maps.Keys(w.seen.names)), func(d digest.Digest) string { return w.seen.names[d] })
}

// keepWith lets manifests stay, with all that they need and what refers to them;
// under the lock. What goes by force stays only if it is one of them itself.
func (x *execution) keepWith(w *work, manifests []digest.Digest, why func(digest.Digest) string) {
	kept := trail[digest.Digest]{}
	kept.follow(manifests, w.needsNow, w.referrers, func(d digest.Digest) bool {
		return w.opts.Force && w.named[d] != "" && !slices.Contains(manifests, d)
	})
	for _, d := range w.going(kept) {
		by := kept[d]
		k := Kept{Kind: Manifest, Digest: d, Cause: ByChange, By: string(by.from)}
		switch {
		case by.from == "":
			k.Reason = why(d)
		case by.referrer:
			k.Reason = "it refers to " + k.By + ", which stays"
		default:
			k.Reason = k.By + " needs it, which stays"
		}
		x.settled[w.revisionStep(d)] = true
		x.keep(w, k)
		delete(w.goes, d)
	}
}
