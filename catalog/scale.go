package catalog

import (
	"maps"

	"github.com/opencontainers/go-digest"
)

// scale numbers the digests of a catalog, so that to weigh an image is to follow
// numbers: no digest is looked up. Each blob remembers the last image and the last repository that
// needed it: one that meets it next tells whether it is shared.
type scale struct {
	numbers map[digest.Digest]int32
	blobs   []blob
	nodes   []node
	edges   []edge

	// What follows is of the repository that is being weighed.

	// aliases are what its links hold, where that is another digest (law 14).
	aliases map[int32]int32
	// signatures are those beside its revisions.
	signatures map[int32][]int32
	// referrers are its untagged ones, by subject.
	referrers map[int32][]int32
	stack     []int32
}

// blob is a digest, of a manifest or of anything else.
type blob struct {
	size int64
	// node is the position of the manifest plus one; 0 for other blobs.
	node int32
	// image and repository are the last that needed it, counted from 1.
	image, repository                    int32
	sharedByImages, sharedByRepositories bool
	// stored says that something tells of bytes under the digest.
	stored bool
}

// node is a manifest, or a digest that a repository takes for one.
type node struct {
	// from and to are the part of the edges that are its own.
	from, to int32
	subject  int32 // plus one; 0 is none
	// understood is as in State.
	understood bool
	// The last repository that has it, links it, tags it, has a manifest that
	// references it.
	here, linked, tagged, child int32
	// image is the last that was followed through it. That is not to say that it
	// is the last that needed it: what one manifest references as a manifest can be
	// a layer to another.
	image int32
}

// edge is what a manifest needs: the number of a digest, and how it is
// referenced.
type edge struct {
	to                int32
	manifest, perhaps bool
}

// newScale numbers everything that the manifests of a catalog mention.
func newScale(c *Catalog) *scale {
	manifests, references := map[digest.Digest]*Manifest{}, 0
	for _, r := range c.Repositories {
		for d, m := range r.Manifests {
			if _, met := manifests[d]; !met {
				manifests[d] = m
				references += len(m.References)
			}
		}
	}
	// Images of a kind share about half of what they need.
	guess := len(manifests) + references/2
	s := &scale{
		numbers: make(map[digest.Digest]int32, guess),
		blobs:   make([]blob, 0, guess),
		nodes:   make([]node, 0, len(manifests)),
		edges:   make([]edge, 0, references),
	}
	for _, m := range manifests {
		s.add(m)
	}
	for _, r := range c.Repositories {
		for d, to := range r.aliases() {
			b := &s.blobs[s.number(to)]
			b.size = max(b.size, s.blobs[s.number(d)].size)
			b.stored = true
		}
	}
	// Last, because what a manifest has counts, whatever descriptors declare.
	for d, m := range manifests {
		b := &s.blobs[s.numbers[d]]
		b.stored = m.State != Absent
		if m.State == Absent || m.Size > 0 {
			b.size = m.Size
		}
	}
	return s
}

// number returns the number of a digest, a new one if need be.
func (s *scale) number(d digest.Digest) int32 {
	n, ok := s.numbers[d]
	if !ok {
		n = int32(len(s.blobs))
		s.numbers[d] = n
		s.blobs = append(s.blobs, blob{})
	}
	return n
}

// node returns the node of a blob, a new one if need be.
func (s *scale) node(n int32) *node {
	if s.blobs[n].node == 0 {
		s.nodes = append(s.nodes, node{})
		s.blobs[n].node = int32(len(s.nodes))
	}
	return &s.nodes[s.blobs[n].node-1]
}

// add takes a manifest, with its edges and the sizes that it declares.
func (s *scale) add(m *Manifest) {
	own := s.node(s.number(m.Digest))
	own.understood = m.State == Understood
	own.from = int32(len(s.edges))
	for _, ref := range m.References {
		s.edges = append(s.edges, edge{s.number(ref.Digest), ref.Manifest, ref.Perhaps})
	}
	own.to = int32(len(s.edges))
	if m.Subject != "" {
		own.subject = s.number(m.Subject) + 1
	}
	edges := s.edges[own.from:own.to]
	next := 0
	declare := func(d *Descriptor) {
		// Descriptors and references mostly come in the same order.
		var n int32
		if next < len(edges) && m.References[next].Digest == d.Digest {
			n = edges[next].to
			next++
		} else {
			n = s.number(d.Digest)
		}
		if b := &s.blobs[n]; !d.Foreign {
			b.size = max(b.size, d.Size)
			b.stored = true
		}
	}
	if m.Config != nil {
		declare(m.Config)
	}
	for i := range m.Layers {
		declare(&m.Layers[i])
	}
	for i := range m.Manifests {
		declare(&m.Manifests[i])
	}
}

// weighRepository adds the images of a repository and its own figures but for
// what is unique.
func (s *scale) weighRepository(w *Weights, r *Repository, repository int32) {
	s.look(r, repository)
	before := int32(len(w.Images))
	weigh := func(d digest.Digest, tags []string) {
		w.Images = append(w.Images, ImageWeight{Repository: r.Name, Digest: d, Tags: tags})
		s.weighImage(w, s.number(d), repository)
		w.Repositories[repository-1].Images++
	}
	for d, tags := range r.TagsByDigest() {
		weigh(d, tags)
	}
	for _, revision := range r.Revisions {
		if n := s.number(revision.Digest); s.atTop(n, repository) {
			weigh(revision.Digest, nil)
		}
	}
	// No valid tree has manifests that lead to each other in a circle, but nothing
	// shall be left out.
	for _, revision := range r.Revisions {
		n := s.number(revision.Digest)
		if s.node(n).image <= before {
			weigh(revision.Digest, nil)
		}
	}
}

// look notes what a repository links, tags and references.
func (s *scale) look(r *Repository, repository int32) {
	s.aliases, s.signatures, s.referrers = map[int32]int32{}, map[int32][]int32{}, map[int32][]int32{}
	for _, revision := range r.Revisions {
		n := s.number(revision.Digest)
		s.node(n).linked = repository
		for _, d := range revision.Signatures {
			signature := s.number(d)
			s.blobs[signature].stored = true
			s.signatures[n] = append(s.signatures[n], signature)
		}
	}
	for d, to := range r.aliases() {
		n, held := s.number(d), s.number(to)
		s.aliases[n] = held
		s.node(held) // it may be a manifest
		if s.blobs[n].node != 0 && s.node(n).linked == repository {
			s.node(held).child = repository
		}
	}
	for i := range r.Tags {
		if d := r.Tags[i].Digest; d != "" {
			s.node(s.number(d)).tagged = repository
		}
	}
	for _, m := range r.Manifests {
		s.node(s.number(m.Digest)).here = repository
	}
	for _, m := range r.Manifests {
		n := s.number(m.Digest)
		own := s.node(n)
		for _, e := range s.edges[own.from:own.to] {
			if s.descends(e, repository) && e.to != n {
				s.node(e.to).child = repository
				if to, ok := s.aliases[e.to]; ok {
					s.node(to).child = repository
				}
			}
		}
	}
	for _, revision := range r.Revisions {
		n := s.number(revision.Digest)
		if subject, ok := s.refers(n, repository); ok && s.node(n).tagged != repository {
			s.referrers[subject] = append(s.referrers[subject], n)
		}
	}
}

// aliases are what the links of the repository hold, where that is another
// digest than their name.
func (r *Repository) aliases() map[digest.Digest]digest.Digest {
	aliases := map[digest.Digest]digest.Digest{}
	maps.Copy(aliases, r.Aliases)
	for _, revision := range r.Revisions {
		if revision.Holds != "" {
			aliases[revision.Digest] = revision.Holds
		}
	}
	return aliases
}

// refers returns the subject that a revision, or what it holds, has in the
// repository.
func (s *scale) refers(n, repository int32) (subject int32, ok bool) {
	own := s.node(n)
	if held, ok := s.aliases[n]; ok && own.subject == 0 {
		own = s.node(held)
	}
	if own.subject == 0 {
		return 0, false
	}
	subject = own.subject - 1
	return subject, s.blobs[subject].node != 0 && s.node(subject).here == repository
}

// atTop reports whether an untagged revision is an image.
func (s *scale) atTop(n, repository int32) bool {
	own := s.node(n)
	if own.tagged == repository || own.child == repository {
		return false
	}
	_, refers := s.refers(n, repository)
	return !refers
}

// descends is as Repository.descends.
func (s *scale) descends(e edge, repository int32) bool {
	if s.blobs[e.to].node == 0 {
		return false
	}
	to := s.node(e.to)
	return to.here == repository && (e.manifest || e.perhaps && to.understood || to.linked == repository)
}

// weighImage follows everything that belongs to the last image.
func (s *scale) weighImage(w *Weights, root, repository int32) {
	image := int32(len(w.Images))
	weight, total := &w.Images[image-1], &w.Repositories[repository-1]
	take := func(n int32) {
		b := &s.blobs[n]
		if b.image == image {
			return
		}
		b.sharedByImages = b.image != 0
		b.image = image
		weight.Size = plus(weight.Size, b.size)
		if b.stored {
			weight.Blobs++
		}
		if b.repository == repository {
			return
		}
		b.sharedByRepositories = b.repository != 0
		b.repository = repository
		total.Size = plus(total.Size, b.size)
		if b.stored {
			total.Blobs++
		}
	}
	s.stack = append(s.stack[:0], root)
	for len(s.stack) > 0 {
		n := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		own := s.node(n)
		if own.image == image {
			continue
		}
		own.image = image
		if held, ok := s.aliases[n]; ok {
			s.stack = append(s.stack, held)
		} else {
			take(n)
		}
		s.stack = append(s.stack, s.referrers[n]...)
		for _, signature := range s.signatures[n] {
			take(signature)
		}
		for _, e := range s.edges[own.from:own.to] {
			if s.descends(e, repository) {
				s.stack = append(s.stack, e.to)
			} else if held, ok := s.aliases[e.to]; ok {
				take(held)
			} else {
				take(e.to)
			}
		}
	}
}
