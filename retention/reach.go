package retention

import (
	"maps"
	"slices"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/opencontainers/go-digest"
)

// cause is from what something was come to; empty for a start. It refers to that,
// or else is needed by it.
type cause struct {
	from   digest.Digest
	refers bool
}

// reach is what was come to, and how.
type reach map[digest.Digest]cause

func (r reach) has(d digest.Digest) bool {
	_, ok := r[d]
	return ok
}

// edges are what leads from a manifest to others.
type edges struct {
	*catalog.Repository
	holds     map[digest.Digest]digest.Digest // of links under other algorithms
	referrers map[digest.Digest][]digest.Digest
	subjects  map[digest.Digest]digest.Digest // of referrers
}

func newEdges(r *catalog.Repository) edges {
	e := edges{r, map[digest.Digest]digest.Digest{}, r.ReferrersBySubject(), map[digest.Digest]digest.Digest{}}
	for subject, referrers := range e.referrers {
		for _, referrer := range referrers {
			e.subjects[referrer] = subject
		}
	}
	for _, revision := range r.Revisions {
		if revision.Holds != "" {
			e.holds[revision.Digest] = revision.Holds
		}
	}
	return e
}

// follow adds to a reach what some digests lead to: all that they need, and what
// refers to it, until nothing changes (law 1). The followers of a subject are
// what it keeps besides; nil for none.
func (e edges) follow(stays reach, starts []digest.Digest, followers map[digest.Digest][]digest.Digest) {
	var queue []digest.Digest
	add := func(d digest.Digest, by cause) {
		if _, been := stays[d]; !been && d != "" {
			stays[d] = by
			queue = append(queue, d)
		}
	}
	for _, d := range starts {
		add(d, cause{})
	}
	for len(queue) > 0 {
		d := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if m := e.Manifests[d]; m != nil {
			for _, ref := range m.References {
				add(ref.Digest, cause{d, false})
			}
		}
		add(e.holds[d], cause{d, false})
		add(e.Aliases[d], cause{d, false})
		for _, referrer := range e.referrers[d] {
			add(referrer, cause{d, true})
		}
		for _, follower := range followers[d] {
			add(follower, cause{d, true})
		}
	}
}

// leaders tells which manifests would take a digest with them: what needs it, and
// its subject.
func (e edges) leaders() func(digest.Digest) []digest.Digest {
	needing := map[digest.Digest][]digest.Digest{}
	for _, d := range slices.Sorted(maps.Keys(e.Manifests)) {
		for _, ref := range e.Manifests[d].References {
			needing[ref.Digest] = append(needing[ref.Digest], d)
		}
	}
	for _, held := range []map[digest.Digest]digest.Digest{e.holds, e.Aliases} {
		for _, d := range slices.Sorted(maps.Keys(held)) {
			needing[held[d]] = append(needing[held[d]], d)
		}
	}
	return func(d digest.Digest) []digest.Digest {
		if subject := e.subjects[d]; subject != "" {
			return append(slices.Clip(needing[d]), subject)
		}
		return needing[d]
	}
}
