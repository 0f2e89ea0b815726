package release

import (
	"slices"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// repository is one of the catalog, with the edges of its manifests.
type repository struct {
	*catalog.Repository
	linked     map[digest.Digest]catalog.Revision
	referring  map[digest.Digest][]digest.Digest // revisions, by their subject
	unreadable bool                              // something in it may need anything (law 4)
}

func newRepository(r *catalog.Repository, unreadable bool) *repository {
	repo := &repository{
		Repository: r,
		linked:     make(map[digest.Digest]catalog.Revision, len(r.Revisions)),
		referring:  r.ReferrersBySubject(),
		unreadable: unreadable || r.Unreadable,
	}
	for _, revision := range r.Revisions {
		repo.linked[revision.Digest] = revision
		repo.unreadable = repo.unreadable || r.Manifests[revision.Digest] == nil
	}
	for _, m := range r.Manifests {
		switch m.State {
		case catalog.Corrupt, catalog.Oversized, catalog.Irregular:
			repo.unreadable = true
		}
	}
	return repo
}

// isLinked reports whether a digest is a revision's.
func (r *repository) isLinked(d digest.Digest) bool {
	_, ok := r.linked[d]
	return ok
}

// state is how far a manifest could be read; zero when it was not tried. Of one
// whose bytes lie under what its link holds (law 14) it is that of those.
func (r *repository) state(d digest.Digest) catalog.State {
	m := r.Manifests[d]
	if held := r.Manifests[r.linked[d].Holds]; held != nil && (m == nil || m.State == catalog.Absent) {
		m = held
	}
	if m == nil {
		return 0
	}
	return m.State
}

// needs is what a manifest needs, blobs included, and what links hold that have
// another name (law 14).
func (r *repository) needs(d digest.Digest) []digest.Digest {
	var needs []digest.Digest
	if m := r.Manifests[d]; m != nil {
		needs = slices.Grow(needs, len(m.References)+1)
		for _, ref := range m.References {
			needs = append(needs, ref.Digest)
		}
	}
	for _, held := range []digest.Digest{r.linked[d].Holds, r.Aliases[d]} {
		if held != "" {
			needs = append(needs, held)
		}
	}
	return needs
}

// leads is what a manifest takes along, if nothing else needs it: of one that is
// not understood, nothing (laws 3 and 4).
func (r *repository) leads(d digest.Digest) []digest.Digest {
	if state := r.state(d); state == catalog.Understood || state == catalog.Absent {
		return r.needs(d)
	}
	return nil
}

// referrers are the revisions that refer to a manifest.
func (r *repository) referrers(d digest.Digest) []digest.Digest { return r.referring[d] }

// refersTo is what a manifest needs and its subject.
func (r *repository) refersTo(d digest.Digest) []digest.Digest {
	needs := r.needs(d)
	for _, of := range []digest.Digest{d, r.linked[d].Holds} {
		if m := r.Manifests[of]; m != nil && m.Subject != "" {
			needs = append(needs, m.Subject)
		}
	}
	return needs
}

// after tells, of some revisions that go, which of them must go after one of
// them: what that refers to, by way of manifests that do not go too.
func (r *repository) after(goes map[digest.Digest]string) edges[digest.Digest] {
	return func(d digest.Digest) (later []digest.Digest) {
		reached := trail[digest.Digest]{}
		reached.follow([]digest.Digest{d}, func(n digest.Digest) []digest.Digest {
			if _, own := goes[n]; own && n != d {
				return nil // it has edges of its own
			}
			return r.refersTo(n)
		}, none, nil)
		for n := range reached {
			if _, own := goes[n]; own && n != d {
				later = append(later, n)
			}
		}
		return later
	}
}

func none(digest.Digest) []digest.Digest { return nil }

// The keys of a repository.

func (r *repository) tagLink(tag string) layout.Path {
	return layout.Path{Kind: layout.TagLink, Repository: r.Name, Tag: tag}
}

func (r *repository) entryLink(tag string, d digest.Digest) layout.Path {
	return layout.Path{Kind: layout.TagIndexLink, Repository: r.Name, Tag: tag, Digest: d}
}

func (r *repository) revisionLink(d digest.Digest) layout.Path {
	return layout.Path{Kind: layout.RevisionLink, Repository: r.Name, Digest: d}
}
