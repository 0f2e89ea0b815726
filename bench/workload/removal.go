package workload

// Mode is a collector and how it is told to collect.
type Mode int

// The modes that there is a truth for.
const (
	Default        Mode = iota // blobsweep, offline
	DeleteUntagged             // the same, with tags as roots
	Upstream                   // Distribution's MarkAndSweep
	UpstreamDeleteUntagged
	modes
)

// selection is a set of what is in a registry, by places in its lists.
type selection struct {
	entries, revisions, layers, blobs, uploads bits
}

func (r *registry) newSelection() *selection {
	return &selection{
		entries: newBits(len(r.entries)), revisions: newBits(len(r.revisions)), layers: newBits(len(r.layers)),
		blobs: newBits(len(r.sums)), uploads: newBits(len(r.uploads)),
	}
}

func (s *selection) join(other *selection) {
	s.entries.join(other.entries)
	s.revisions.join(other.revisions)
	s.layers.join(other.layers)
	s.blobs.join(other.blobs)
	s.uploads.join(other.uploads)
}

// removed is what a mode removes.
func (r *registry) removed(m Mode) *selection {
	switch m {
	case Default, DeleteUntagged:
		return r.removedByLaw(m == DeleteUntagged)
	}
	return r.removedUpstream(m == UpstreamDeleteUntagged)
}

// addOrphans adds the blobs that are stored and not marked.
func (r *registry) addOrphans(gone *selection, marked bits) {
	for b, k := range r.kinds {
		if k != lostBlob && !marked.has(b) {
			gone.blobs.set(b)
		}
	}
}

// notes are numbers of blobs that were noted down in one repository or another,
// without a set for each: a note is the place of the repository.
type notes []uint32

func (n notes) set(b id, repository int)      { n[b] = uint32(repository) + 1 }
func (n notes) has(b id, repository int) bool { return n[b] == uint32(repository)+1 }

// law is the search by the laws of docs/semantics.md. Everything is older than
// any grace period, every manifest is valid, and every tag names a revision.
type law struct {
	*registry
	needed notes // blobs that kept manifests of a repository need, manifests too
	linked notes // revisions of a repository
	marked bits  // blobs that any repository needs
	// referrers of the repository at hand, by subject; only with tags as roots.
	referrers map[id][]id
}

func (r *registry) removedByLaw(deleteUntagged bool) *selection {
	l := &law{registry: r, needed: make(notes, len(r.sums)), linked: make(notes, len(r.sums)), marked: newBits(len(r.sums))}
	gone := r.newSelection()
	for at, repo := range r.repositories {
		l.repository(at, repo, deleteUntagged)
		for i := repo.revisions.from; i < repo.revisions.to; i++ {
			if !l.needed.has(r.revisions[i], at) { // law 1
				gone.revisions.set(i)
			}
		}
		for i := repo.layers.from; i < repo.layers.to; i++ {
			if !l.needed.has(r.layers[i], at) { // law 7
				gone.layers.set(i)
			}
		}
		for _, t := range r.tags[repo.tags.from:repo.tags.to] {
			for i := t.entries.from; i < t.entries.to; i++ {
				if b := r.entries[i]; !l.linked.has(b, at) || !l.needed.has(b, at) { // law 8
					gone.entries.set(i)
				}
			}
		}
	}
	r.addOrphans(gone, l.marked)
	for i := range r.uploads { // law 12
		gone.uploads.set(i)
	}
	return gone
}

// repository finds what one needs.
func (l *law) repository(at int, repo repository, deleteUntagged bool) {
	l.referrers = nil
	for _, b := range l.revisions[repo.revisions.from:repo.revisions.to] {
		l.linked.set(b, at)
	}
	if !deleteUntagged {
		for _, b := range l.revisions[repo.revisions.from:repo.revisions.to] {
			l.need(at, b)
		}
		return
	}
	l.referrers = map[id][]id{}
	for _, b := range l.revisions[repo.revisions.from:repo.revisions.to] {
		if subject := l.subject(b); subject != none {
			l.referrers[subject] = append(l.referrers[subject], b)
		}
	}
	for _, t := range l.tags[repo.tags.from:repo.tags.to] {
		l.need(at, t.current)
	}
}

// need keeps a blob, and if it is a manifest what that references and what
// refers to it (laws 1 and 2).
func (l *law) need(at int, b id) {
	if l.needed.has(b, at) {
		return
	}
	l.needed.set(b, at)
	l.marked.set(int(b))
	for _, reference := range l.of(b) {
		l.need(at, reference)
	}
	for _, referrer := range l.referrers[b] {
		l.need(at, referrer)
	}
}
