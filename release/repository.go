package release

import (
	"slices"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/opencontainers/go-digest"
)

// repository is one of the catalog, with the edges of its manifests.
type repository struct {
	*catalog.Repository
	revisions  map[digest.Digest]catalog.Revision
	referring  map[digest.Digest][]digest.Digest // revisions, by their subject
	unreadable bool                              // something in it may need anything (law 4)
}

func newRepository(r *catalog.Repository) *repository {
	repo := &repository{
		Repository: r,
		revisions:  make(map[digest.Digest]catalog.Revision, len(r.Revisions)),
		referring:  map[digest.Digest][]digest.Digest{},
	}
	for _, rev := range r.Revisions {
		repo.revisions[rev.Digest] = rev
		switch m := r.Manifests[rev.Digest]; {
		case m == nil:
			repo.unreadable = true
		case m.Subject != "":
			repo.referring[m.Subject] = append(repo.referring[m.Subject], rev.Digest)
		}
	}
	for _, m := range r.Manifests {
		switch m.State {
		case catalog.Corrupt, catalog.Oversized, catalog.Irregular:
			repo.unreadable = true
		}
	}
	return repo
}

// state is how far a manifest could be read; zero when nobody tried.
func (r *repository) state(d digest.Digest) catalog.State {
	if m := r.Manifests[d]; m != nil {
		return m.State
	}
	return 0
}

// needs is what a manifest needs, blobs included, and what an alias holds (law
// 14).
func (r *repository) needs(d digest.Digest) []digest.Digest {
	var needs []digest.Digest
	if m := r.Manifests[d]; m != nil {
		needs = slices.Grow(needs, len(m.References)+1)
		for _, ref := range m.References {
			needs = append(needs, ref.Digest)
		}
	}
	if holds := r.revisions[d].Holds; holds != "" {
		needs = append(needs, holds)
	}
	return needs
}

// leads is what a manifest needs and takes along: of one that is not understood,
// nothing (laws 3 and 4).
func (r *repository) leads(d digest.Digest) []digest.Digest {
	if state := r.state(d); state == catalog.Understood || state == catalog.Absent {
		return r.needs(d)
	}
	return nil
}

// referrers are the revisions that refer to a manifest.
func (r *repository) referrers(d digest.Digest) []digest.Digest { return r.referring[d] }

// before tells what must go after a revision: what it needs, and what it refers
// to, by way of manifests that are not linked too.
func (r *repository) before(goes map[digest.Digest]bool) edges[digest.Digest] {
	none := func(digest.Digest) []digest.Digest { return nil }
	return func(d digest.Digest) []digest.Digest {
		starts := r.needs(d)
		if m := r.Manifests[d]; m != nil && m.Subject != "" {
			starts = append(starts, m.Subject)
		}
		on := func(n digest.Digest) []digest.Digest {
			if goes[n] {
				return nil // it has its own
			}
			return r.needs(n)
		}
		reached := trail[digest.Digest]{}
		reached.follow(starts, on, none, nil)
		var after []digest.Digest
		for n := range reached {
			if goes[n] && n != d {
				after = append(after, n)
			}
		}
		return after
	}
}
