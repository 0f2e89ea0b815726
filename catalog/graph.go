package catalog

import (
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/opencontainers/go-digest"
)

// Closure is everything that some manifests need, themselves included.
type Closure struct {
	// Manifests are those that were asked for and those found below them, the
	// nearest first. Some may be absent: an index can name children that were
	// never pushed.
	Manifests []digest.Digest
	// Blobs are the other digests that they need, in the order in which they
	// were met. A digest that only a manifest of an unknown type names may be no
	// blob at all.
	//
	// A digest that stands for another (law 14) comes with that one, here and
	// among Manifests. Its own bytes are mostly not stored.
	Blobs []digest.Digest
}

// Closure follows what manifests need within the repository (laws 2, 3 and 14):
// everything they reference, through those references that are manifests.
// Referrers are not needed by their subject. It takes time in proportion to
// what it returns.
func (r *Repository) Closure(roots ...digest.Digest) Closure {
	manifests := reach(roots, r.children)
	met := make(map[digest.Digest]bool, len(manifests))
	for _, d := range manifests {
		met[d] = true
	}
	c := Closure{Manifests: manifests}
	add := func(d digest.Digest) {
		if d != "" && !met[d] {
			met[d] = true
			c.Blobs = append(c.Blobs, d)
		}
	}
	for _, d := range manifests {
		add(r.Aliases[d])
		own, _ := r.Revision(d)
		for _, signature := range own.Signatures {
			add(signature)
		}
		if m := r.Manifests[d]; m != nil {
			for _, ref := range m.References {
				add(ref.Digest)
				add(r.Aliases[ref.Digest])
			}
		}
	}
	return c
}

// children are the manifests that a manifest needs.
func (r *Repository) children(d digest.Digest) []digest.Digest {
	var children []digest.Digest
	if own, ok := r.Revision(d); ok && own.Holds != "" {
		children = append(children, own.Holds)
	}
	if to := r.Aliases[d]; r.Manifests[to] != nil {
		children = append(children, to)
	}
	if m := r.Manifests[d]; m != nil {
		for _, ref := range m.References {
			if r.descends(ref) {
				children = append(children, ref.Digest)
			}
		}
	}
	return children
}

// descends reports whether a collection takes a reference for a manifest.
func (r *Repository) descends(ref mark.Reference) bool {
	m := r.Manifests[ref.Digest]
	if m == nil {
		return false
	}
	if ref.Manifest || ref.Perhaps && m.State == Understood {
		return true
	}
	_, linked := r.Revision(ref.Digest)
	return linked
}

// Referrers returns the linked revisions whose subject is d, sorted. It looks at
// every revision: to ask for many subjects, use [Repository.ReferrersBySubject].
func (r *Repository) Referrers(d digest.Digest) []digest.Digest {
	var referrers []digest.Digest
	for _, revision := range r.Revisions {
		if d != "" && r.subject(revision) == d {
			referrers = append(referrers, revision.Digest)
		}
	}
	return referrers
}

// ReferrersBySubject returns the linked revisions that have a subject, sorted,
// by that subject, whether or not the subject is there.
func (r *Repository) ReferrersBySubject() map[digest.Digest][]digest.Digest {
	referrers := map[digest.Digest][]digest.Digest{}
	for _, revision := range r.Revisions {
		if subject := r.subject(revision); subject != "" {
			referrers[subject] = append(referrers[subject], revision.Digest)
		}
	}
	return referrers
}

// subject is that of a revision, or of what it holds.
func (r *Repository) subject(revision Revision) digest.Digest {
	for _, d := range []digest.Digest{revision.Digest, revision.Holds} {
		if m := r.Manifests[d]; m != nil && m.Subject != "" {
			return m.Subject
		}
	}
	return ""
}

// Revision returns the link of a manifest, if the repository has one.
func (r *Repository) Revision(d digest.Digest) (Revision, bool) {
	i, ok := slices.BinarySearchFunc(r.Revisions, d, func(revision Revision, d digest.Digest) int {
		return strings.Compare(string(revision.Digest), string(d))
	})
	if !ok {
		return Revision{}, false
	}
	return r.Revisions[i], true
}

// reach returns the roots and all that can be reached from them, each once, in
// the order of their distance. Cycles end.
func reach[N comparable](roots []N, edges func(N) []N) []N {
	var found []N
	seen := make(map[N]bool, len(roots))
	add := func(nodes []N) {
		for _, n := range nodes {
			if !seen[n] {
				seen[n] = true
				found = append(found, n)
			}
		}
	}
	add(roots)
	for i := 0; i < len(found); i++ {
		add(edges(found[i]))
	}
	return found
}
