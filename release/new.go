package release

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// New plans what goes of a catalog. It reads nothing else.
//
// It fails with a [*RefusedError] that lists every digest that was chosen and
// that something else still names, with [catalog.ErrUnknownRepository],
// [catalog.ErrUnknownTag] and [catalog.ErrUnknownDigest]: the error wraps all of
// them that there are.
func New(c *catalog.Catalog, targets []Target, opts Options) (*Plan, error) {
	opts, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	p := &Plan{opts: opts}
	unreadable := c.Unreadable && !slices.ContainsFunc(c.Repositories, func(r *catalog.Repository) bool { return r.Unreadable })
	var refused RefusedError
	var errs []error
	for _, target := range merge(targets) {
		r, err := c.Repository(target.Repository)
		if err == nil && r.Odd {
			err = fmt.Errorf("%s: no registry gives such a name, so nothing in it is removed", target.Repository)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		w := &work{repository: newRepository(r, unreadable), opts: opts, all: target.All}
		if err := w.choose(target); err != nil {
			errs = append(errs, err)
			continue
		}
		refused.Refusals = append(refused.Refusals, w.decide()...)
		p.works = append(p.works, w)
	}
	if len(refused.Refusals) > 0 {
		errs = append(errs, &refused)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p.conclude()
	return p, nil
}

// merge makes one target of those of a repository, sorted by name.
func merge(targets []Target) []Target {
	byName := map[string]*Target{}
	for _, t := range targets {
		to := byName[t.Repository]
		if to == nil {
			to = &Target{Repository: t.Repository}
			byName[t.Repository] = to
		}
		to.All = to.All || t.All
		to.Tags = append(to.Tags, t.Tags...)
		to.Revisions = append(to.Revisions, t.Revisions...)
	}
	var merged []Target
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		merged = append(merged, *byName[name])
	}
	return merged
}

// work is what is done in one repository.
type work struct {
	*repository
	opts Options
	all  bool
	// tags are those that go, by name, and named the revisions that were chosen,
	// with the reasons.
	tags  map[string]string
	named map[digest.Digest]string
	// goes are the revisions that go, with the reasons; whatever stays after all
	// is taken out. levels are they in the order of removal.
	goes   map[digest.Digest]string
	levels [][]digest.Digest
	// layers are the layer links that go.
	layers  []digest.Digest
	kept    []Kept
	blocked []sweep.Blocker

	// What an execution finds out: the tags that are gone, the revisions that
	// are, and what was seen when it looked again.
	untagged map[string]bool
	gone     map[digest.Digest]bool
	seen     sight
}

// Reasons of steps.
const (
	reasonNamed      = "named"
	reasonEverything = "everything in the repository goes"
)

// choose takes over what the target names.
func (w *work) choose(t Target) error {
	w.tags, w.named, w.goes = map[string]string{}, map[digest.Digest]string{}, map[digest.Digest]string{}
	var errs []error
	for _, choice := range t.Tags {
		tag, err := w.Tag(choice.Name)
		if err == nil {
			_, err = w.tagLink(tag.Name).Key()
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		w.tags[tag.Name] = cmp.Or(choice.Reason, reasonNamed)
	}
	for _, choice := range t.Revisions {
		d := digest.Digest(choice.Name)
		switch {
		case w.opts.UntagOnly:
			errs = append(errs, fmt.Errorf("%s@%s is no tag, and nothing but tags shall go", w.Name, d))
		case !w.isLinked(d):
			errs = append(errs, fmt.Errorf("%w: %s@%s is not linked as a revision", catalog.ErrUnknownDigest, w.Name, d))
		default:
			w.named[d] = cmp.Or(choice.Reason, reasonNamed)
		}
	}
	for _, tag := range w.Tags {
		_, err := w.tagLink(tag.Name).Key()
		switch {
		case w.tags[tag.Name] != "":
		case err != nil && w.opts.Force && w.named[tag.Digest] != "":
			errs = append(errs, fmt.Errorf("the tag %q of %s names %s; no registry gives such a name, so it is not removed", tag.Name, w.Name, tag.Digest))
		case w.opts.Force && w.named[tag.Digest] != "":
			w.tags[tag.Name] = "it names " + string(tag.Digest) + ", which goes by force"
		case !w.all:
		case err != nil:
			w.keep(Kept{Kind: Tag, Tag: tag.Name, Digest: tag.Digest, Cause: ByDoubt, Reason: "no registry gives such a name"})
		default:
			w.tags[tag.Name] = reasonEverything
		}
	}
	return errors.Join(errs...)
}

// decide asks the rule which revisions go, and returns those that were named and
// must not.
func (w *work) decide() []Refusal {
	if w.opts.UntagOnly {
		return nil
	}
	q := question[digest.Digest]{
		needs: w.needs, leads: w.leads, referrers: w.referrers,
		named: slices.Sorted(maps.Keys(w.named)),
	}
	staying := map[digest.Digest][]string{} // tags, by what they name
	again := w.pushedAgain()
	for _, tag := range w.Tags {
		switch {
		case w.tags[tag.Name] == "":
			q.tagged = append(q.tagged, w.MayName(tag)...)
			staying[tag.Digest] = append(staying[tag.Digest], tag.Name)
		case again[tag.Digest]:
			q.rest = append(q.rest, tag.Digest)
		case tag.Digest != "":
			q.untagged = append(q.untagged, tag.Digest)
		}
	}
	for _, revision := range w.Revisions {
		q.linked = append(q.linked, revision.Digest)
	}
	if w.all {
		q.rest = q.linked
	}
	held := map[digest.Digest]Kept{}
	recent := w.recentlyNamed()
	q.held = func(d digest.Digest) bool {
		k, ok := w.held(d, recent[d])
		held[d] = k
		return ok
	}
	a := q.decide()
	w.list(q, a)
	w.block()
	w.explain(a, staying, held)
	return w.refuse(a, staying)
}

// recentlyNamed are the manifests in the histories of tags that stay and moved
// not long ago: an entry of theirs may be recent, and then they are.
func (w *work) recentlyNamed() map[digest.Digest]bool {
	recent := map[digest.Digest]bool{}
	for _, tag := range w.Tags {
		if w.tags[tag.Name] == "" && w.opts.recent(tag.Pushed) {
			for _, d := range tag.History {
				recent[d] = true
			}
		}
	}
	return recent
}

// pushedAgain are the recent manifests of which no tag that goes is recent: they
// were pushed for something else than those tags.
func (w *work) pushedAgain() map[digest.Digest]bool {
	again := map[digest.Digest]bool{}
	for d, revision := range w.linked {
		again[d] = w.opts.recent(revision.Pushed)
	}
	for _, tag := range w.Tags {
		if w.tags[tag.Name] != "" && w.opts.recent(tag.Pushed) {
			delete(again, tag.Digest)
		}
	}
	return again
}

// held tells why a revision that would only follow stays although nothing needs
// it.
func (w *work) held(d digest.Digest, named bool) (Kept, bool) {
	k := Kept{Kind: Manifest, Digest: d}
	state := w.state(d)
	switch {
	case named || w.opts.recent(w.linked[d].Pushed):
		k.Cause, k.Reason = ByAge, "younger than the grace period, or of unknown age"
	case w.all:
		return k, false
	case state != catalog.Understood && state != catalog.Absent:
		k.Cause, k.Reason = ByDoubt, "what it needs is not known"
	case w.doubtful():
		k.Cause, k.Reason = ByDoubt, "another manifest may need it that cannot be read"
	default:
		return k, false
	}
	return k, true
}

// doubtful reports whether something in the repository may need anything, and
// that was not accepted.
func (w *work) doubtful() bool {
	return w.unreadable && !slices.Contains(w.opts.AcceptRisk, sweep.BlockedUnreadableManifest)
}

// list notes what goes, with the reasons and in the order of removal.
func (w *work) list(q question[digest.Digest], a answer[digest.Digest]) {
	tagsOf := w.TagsByDigest()
	var goes []digest.Digest
	for _, d := range q.linked {
		if !a.goes(d) {
			continue
		}
		goes = append(goes, d)
		by := a.led[d]
		switch tags := tagsOf[d]; {
		case w.named[d] != "":
			w.goes[d] = w.named[d]
		case len(tags) > 0:
			w.goes[d] = "its last tag goes: " + tags[0]
		case by.from == "":
			w.goes[d] = reasonEverything
		case by.referrer:
			w.goes[d] = fmt.Sprintf("it refers to %s, which goes", by.from)
		default:
			w.goes[d] = fmt.Sprintf("nothing needs it without %s, which goes", by.from)
		}
	}
	after := w.after(w.goes)
	known := map[digest.Digest][]digest.Digest{}
	for _, d := range goes {
		known[d] = after(d)
	}
	w.levels = levels(goes, func(d digest.Digest) []digest.Digest { return known[d] })
	if !w.all {
		return
	}
	for _, d := range w.Layers {
		if _, needed := a.kept[d]; !needed {
			w.layers = append(w.layers, d)
		}
	}
}

// block notes what forbids to let go of manifests and layer links (law 16).
func (w *work) block() {
	if w.Hides && !slices.Contains(w.opts.AcceptRisk, sweep.BlockedSymlinkedReferences) && len(w.goes)+len(w.layers) > 0 {
		w.blocked = append(w.blocked, sweep.BlockedSymlinkedReferences)
	}
	// A manifest that nobody can pull is the remedy's own object.
	pulled := func(d digest.Digest) bool {
		s := w.state(d)
		return s != catalog.Corrupt && s != catalog.Absent
	}
	if w.doubtful() && (len(w.layers) > 0 || slices.ContainsFunc(slices.Collect(maps.Keys(w.goes)), pulled)) {
		w.blocked = append(w.blocked, sweep.BlockedUnreadableManifest)
	}
}

// explain notes what was asked for or follows directly from what goes, and
// stays.
func (w *work) explain(a answer[digest.Digest], staying map[digest.Digest][]string, held map[digest.Digest]Kept) {
	asked := map[digest.Digest]bool{}
	for _, tag := range w.Tags {
		if w.tags[tag.Name] != "" {
			asked[tag.Digest] = true
		}
	}
	for d := range w.goes {
		for _, n := range slices.Concat(w.leads(d), w.referrers(d)) {
			asked[n] = true
		}
	}
	for _, revision := range w.Revisions {
		d := revision.Digest
		by, stays := a.kept[d]
		if !stays || !asked[d] && !w.all {
			continue
		}
		k := Kept{Kind: Manifest, Digest: d, By: string(by.from)}
		switch tags := staying[d]; {
		case len(tags) > 0:
			k.Cause, k.By, k.Reason = ByTag, tags[0], "tag "+tags[0]+" names it"
		case a.held[d]:
			k = held[d]
		case by.from == "":
			k.Cause, k.Reason = ByBrokenTag, "a tag whose link is broken may name it"
		case by.referrer:
			k.Cause, k.Reason = BySubject, "it refers to "+k.By+", which stays"
		default:
			k.Cause, k.Reason = ByManifest, k.By+" needs it"
		}
		w.keep(k)
	}
}

// refuse returns what was named and is still named by something that stays.
// What goes by force is said of the manifests that lack it.
func (w *work) refuse(a answer[digest.Digest], staying map[digest.Digest][]string) []Refusal {
	needing := map[digest.Digest][]digest.Digest{}
	for d := range a.kept {
		for _, n := range w.needs(d) {
			if w.named[n] != "" && !slices.Contains(needing[n], d) {
				needing[n] = append(needing[n], d)
			}
		}
	}
	var refusals []Refusal
	for _, d := range slices.Sorted(maps.Keys(w.named)) {
		r := Refusal{Repository: w.Name, Digest: d, Tags: staying[d], Manifests: needing[d]}
		slices.Sort(r.Manifests)
		if len(r.Tags)+len(r.Manifests) > 0 && !w.opts.Force {
			refusals = append(refusals, r)
			continue
		}
		for _, m := range r.Manifests {
			w.keep(Kept{
				Kind: Manifest, Digest: m, Cause: Sparse, By: string(d),
				Reason: "it needs " + string(d) + ", which goes by force",
			})
		}
	}
	return refusals
}

func (w *work) keep(k Kept) {
	k.Repository = w.Name
	w.kept = append(w.kept, k)
}

// conclude puts the steps together.
func (p *Plan) conclude() {
	depth := 0
	for _, w := range p.works {
		for _, tag := range w.Tags {
			if w.tags[tag.Name] != "" {
				p.steps = append(p.steps, w.tagStep(tag))
			}
		}
		depth = max(depth, len(w.levels))
		p.kept = append(p.kept, w.kept...)
		for _, blocker := range w.blocked {
			if !slices.Contains(p.blocked, blocker) {
				p.blocked = append(p.blocked, blocker)
			}
		}
	}
	for _, w := range p.works {
		p.steps = append(p.steps, w.entries(w.Tags, func(tag string) bool { return w.tags[tag] != "" })...)
	}
	for level := range depth {
		for _, w := range p.works {
			if level < len(w.levels) {
				for _, d := range w.levels[level] {
					p.steps = append(p.steps, w.revisionStep(d))
				}
			}
		}
	}
	for _, w := range p.works {
		for _, d := range w.layers {
			p.steps = append(p.steps, Step{Kind: LayerLink, Repository: w.Name, Digest: d, Reason: reasonEverything})
		}
	}
	for _, w := range p.works {
		if w.all && !w.opts.UntagOnly && w.Uploads > 0 {
			p.steps = append(p.steps, Step{Kind: Upload, Repository: w.Name, Count: w.Uploads, Reason: reasonEverything})
		}
	}
}

func (w *work) tagStep(t catalog.Tag) Step {
	return Step{Kind: Tag, Repository: w.Name, Tag: t.Name, Digest: t.Digest, Reason: w.tags[t.Name]}
}

func (w *work) revisionStep(d digest.Digest) Step {
	return Step{Kind: Manifest, Repository: w.Name, Digest: d, Reason: w.goes[d]}
}

// entries are those of what goes in the histories of tags, but for tags that are
// gone (law 8).
func (w *work) entries(tags []catalog.Tag, gone func(tag string) bool) (steps []Step) {
	for _, tag := range tags {
		for _, d := range tag.History {
			_, goes := w.goes[d]
			if _, err := w.entryLink(tag.Name, d).Key(); goes && err == nil && !gone(tag.Name) {
				steps = append(steps, Step{
					Kind: TagIndexEntry, Repository: w.Name, Tag: tag.Name, Digest: d, Reason: "its revision goes",
				})
			}
		}
	}
	return steps
}
