package verify

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
)

// ErrPartial says that not everything could be mended: the report names the keys
// that failed, or ctx ended.
var ErrPartial = errors.New("not everything could be mended")

// write is a link to be written.
type write struct {
	path layout.Path
	// absent says that there is no such link; otherwise there is one that holds no
	// digest.
	absent bool
}

// reason says why a link is written.
func (w write) reason() string {
	if w.absent {
		return "the history lacks what the tag names"
	}
	return "the link holds no digest"
}

// plannedWrites are the links that can be written: what they held is known from
// their own path, and what it names is there. Revisions come first, then layer
// links, then entries of histories.
func (c *Check) plannedWrites() []write {
	var writes []write
	for _, b := range c.broken {
		if b.holds == "" && c.mendable(b.path) {
			writes = append(writes, write{path: b.path})
		}
	}
	for _, path := range c.absent {
		if c.mendable(path) {
			writes = append(writes, write{path, true})
		}
	}
	order := func(w write) int {
		return slices.Index([]layout.Kind{layout.RevisionLink, layout.LayerLink, layout.TagIndexLink}, w.path.Kind)
	}
	slices.SortFunc(writes, func(a, b write) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a.path.Repository, b.path.Repository),
			cmp.Compare(a.path.Tag, b.path.Tag), cmp.Compare(a.path.Digest, b.path.Digest))
	})
	return writes
}

// mendable reports whether what a link names is stored, and is a verified
// manifest where it has to be one.
func (c *Check) mendable(path layout.Path) bool {
	own := c.byName[path.Repository]
	stored, _ := c.stored.has(path.Digest)
	switch {
	case own == nil || !stored || !ofSHA256(path.Digest):
		return false
	case path.Kind == layout.LayerLink:
		return true
	}
	_, linked := own.Revision(path.Digest)
	return linked && verified(own.Manifests[path.Digest])
}

// steps are those of a repair: the writes, and what a plan removes.
func (c *Check) steps(plan *sweep.Plan) []Step {
	var steps []Step
	for _, w := range c.writes {
		if key, err := w.path.Key(); err == nil {
			steps = append(steps, Step{
				Kind: WriteLink, Repository: w.path.Repository, Tag: w.path.Tag, Digest: w.path.Digest, Key: key, Reason: w.reason(),
			})
		}
	}
	return append(steps, removals(plan)...)
}

// removals are the candidates of a plan that may be executed.
func removals(plan *sweep.Plan) []Step {
	var steps []Step
	if len(plan.BlockedBy()) > 0 {
		return nil
	}
	for candidate := range plan.Candidates() {
		s := Step{
			Kind: RemoveDirectory, Repository: candidate.Repository, Tag: candidate.Tag, Digest: candidate.Digest,
			Key: candidate.Key, Reason: candidate.Reason,
		}
		if candidate.Kind == sweep.TagIndexEntry {
			path := layout.Path{Kind: layout.TagIndexLink, Repository: s.Repository, Tag: s.Tag, Digest: s.Digest}
			key, err := path.Key()
			if err != nil {
				continue // Execute would refuse it
			}
			s.Kind, s.Key = RemoveEntry, key
		}
		steps = append(steps, s)
	}
	return steps
}

// Repair mends what loses nothing, as the report's list of repairs says. What is
// about to be replaced or removed is looked at again just before. A key that
// cannot be written or removed is reported by name, the rest goes on, and the
// error is [ErrPartial]; so it is when ctx ends. The driver must be the one that
// was checked, and a storage.Writer where links are to be written.
//
// It may stop anywhere: each step is whole by itself, and another check finds the
// rest.
func (c *Check) Repair(ctx context.Context, d storage.Driver) error {
	defer c.effort.Measure(d)()
	c.report.Repair = true
	err := c.writeLinks(ctx, d)
	if err == nil {
		err = c.remove(ctx, d)
	}
	c.settle()
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.Join(ErrPartial, ctx.Err())
	case err != nil:
		return err
	case len(c.report.Failed) > 0:
		return ErrPartial
	}
	return nil
}

// writeLinks writes links, one kind after the other.
func (c *Check) writeLinks(ctx context.Context, d storage.Driver) error {
	for first := 0; first < len(c.writes); {
		n := 1
		for first+n < len(c.writes) && c.writes[first+n].path.Kind == c.writes[first].path.Kind {
			n++
		}
		err := c.pool.ForEach(ctx, n, func(ctx context.Context, i int) error {
			return c.writeLink(ctx, d, c.writes[first+i], &c.report.Repairs[first+i])
		})
		if err != nil {
			return err
		}
		first += n
	}
	return nil
}

// writeLink writes one link, if that is still right.
func (c *Check) writeLink(ctx context.Context, d storage.Driver, w write, s *Step) error {
	why, err := c.stillRight(ctx, d, w)
	if err == nil && why == "" {
		err = storage.Write(ctx, d, s.Key, []byte(w.path.Digest))
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		c.fail(s.Key, err)
		s.WhyNot = err.Error()
	case why != "":
		s.WhyNot = why
	default:
		s.Done = true
	}
	return nil
}

func (c *Check) fail(key string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Failed = append(c.report.Failed, sweep.Failure{Key: storage.DisplayKey(key), Error: err.Error()})
}

// stillRight looks again at what a write rests on, and says what has changed.
func (c *Check) stillRight(ctx context.Context, r storage.Reader, w write) (whyNot string, err error) {
	key, err := w.path.Key()
	if err != nil {
		return "", err
	}
	if w.path.Kind == layout.LayerLink {
		_, absent, err := c.stat(ctx, layout.BlobKey(w.path.Digest))
		if err != nil || absent {
			return "the blob is not stored any more", err
		}
	} else {
		doc, err := mark.ReadDocument(ctx, r, w.path.Digest, c.opts.MaxManifestSize)
		if err != nil || doc.Fault != nil && !errors.Is(doc.Fault, mark.ErrUnknown) {
			return "the manifest's bytes are not what they were", err
		}
	}
	if w.path.Kind == layout.TagIndexLink {
		revision, err := layout.Path{Kind: layout.RevisionLink, Repository: w.path.Repository, Digest: w.path.Digest}.Key()
		if err != nil {
			return "", err
		}
		_, absent, err := c.stat(ctx, revision)
		if err != nil || absent {
			return "the revision is not linked any more", err
		}
	}
	if w.absent {
		current, err := layout.Path{Kind: layout.TagLink, Repository: w.path.Repository, Tag: w.path.Tag}.Key()
		if err != nil {
			return "", err
		}
		names, state, err := mark.ReadLink(ctx, r, current, false)
		if err != nil || state != mark.LinkHolds || names != w.path.Digest {
			return "the tag has moved", err
		}
	}
	_, state, err := mark.ReadLink(ctx, r, key, false)
	switch {
	case err != nil:
		return "", err
	case w.absent && state != mark.LinkAbsent, !w.absent && state != mark.LinkBroken:
		return "the link has changed since", nil
	}
	return "", nil
}

// remove removes what a fresh plan says, where the first one found anything.
func (c *Check) remove(ctx context.Context, d storage.Driver) error {
	if len(c.report.Repairs) == len(c.writes) {
		return nil
	}
	plan, err := sweep.NewTidy(ctx, d, c.opts.sweep(nil), sweep.Sight{})
	if err != nil {
		return err
	}
	steps := removals(plan)
	c.report.Repairs = append(c.report.Repairs[:len(c.writes):len(c.writes)], steps...)
	if blocked := plan.BlockedBy(); len(blocked) > 0 {
		c.report.BlockedBy = blocked
		return nil
	}
	err = plan.Execute(ctx, d)
	c.report.Failed = append(c.report.Failed, plan.Failed()...)
	if errors.Is(err, sweep.ErrPartial) && ctx.Err() == nil && len(plan.Failed()) > 0 {
		err = nil // the keys are named
	}
	return errors.Join(err, c.done(ctx, d, len(c.writes), plan))
}

// done says of each removal whether it was made. A directory in which something
// turned up is asked for.
func (c *Check) done(ctx context.Context, r storage.Reader, first int, plan *sweep.Plan) error {
	failed := map[string]string{}
	for _, f := range plan.Failed() {
		failed[f.Key] = f.Error
	}
	counts := plan.Counts()
	all := counts.EmptyDirectories.Removed+counts.TagIndexEntries.Removed == int64(len(c.report.Repairs)-first)
	return c.pool.ForEach(ctx, len(c.report.Repairs)-first, func(ctx context.Context, i int) error {
		s := &c.report.Repairs[first+i]
		if why, ok := failed[storage.DisplayKey(s.Key)]; ok {
			s.WhyNot = why
			return nil
		}
		s.Done = all
		if !all {
			_, err := inventory.Confirm(func() (storage.Object, error) { return r.Stat(ctx, s.Key) })
			switch {
			case errors.Is(err, storage.ErrNotFound):
				s.Done = true
			case err != nil:
				return err
			default:
				s.WhyNot = "something came to be in it"
			}
		}
		return nil
	})
}

// settle says of each finding whether it was mended.
func (c *Check) settle() {
	done := map[string]bool{}
	for _, s := range c.report.Repairs {
		if s.Done {
			done[s.Key] = true
		}
	}
	for i := range c.findings {
		f := &c.findings[i]
		f.Repaired = f.Repairable && done[f.Key]
	}
	slices.SortFunc(c.report.Failed, func(a, b sweep.Failure) int { return cmp.Compare(a.Key, b.Key) })
}
