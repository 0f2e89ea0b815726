package workload

// upstream goes the way of MarkAndSweep in registry/storage/garbagecollect.go
// of Distribution v3.1.2, faults included.
type upstream struct {
	*registry
	marked bits
	linked notes // revisions of a repository
}

func (r *registry) removedUpstream(removeUntagged bool) *selection {
	u := &upstream{registry: r, marked: newBits(len(r.sums)), linked: make(notes, len(r.sums))}
	gone := r.newSelection()
	var untagged [][2]int // place of the repository, place of the revision
	for at, repo := range r.repositories {
		revisions := r.revisions[repo.revisions.from:repo.revisions.to]
		if len(revisions) == 0 && repo.tags.from == repo.tags.to {
			continue // without _manifests it is not seen to be a repository
		}
		for _, b := range revisions {
			u.linked.set(b, at)
		}
		tagged := map[id]bool{}
		for _, t := range r.tags[repo.tags.from:repo.tags.to] {
			tagged[t.current] = true
		}
		for i, b := range revisions {
			switch {
			case !removeUntagged || tagged[b]:
				u.marked.set(int(b))
				u.mark(at, b)
			case len(tagged) > 0:
				untagged = append(untagged, [2]int{at, repo.revisions.from + i})
				// Without a directory of tags it forgets the revision, and keeps
				// its link.
			}
		}
		// It skips links to blobs that are gone. What only later repositories
		// mark is not marked yet.
		for i := repo.layers.from; i < repo.layers.to; i++ {
			if b := r.layers[i]; r.kinds[b] != lostBlob && !u.marked.has(int(b)) {
				gone.layers.set(i)
			}
		}
	}
	for _, u2 := range untagged {
		at, i := u2[0], u2[1]
		if b := r.revisions[i]; !u.marked.has(int(b)) {
			gone.revisions.set(i)
			u.forget(gone, r.repositories[at], b)
		}
	}
	r.addOrphans(gone, u.marked)
	return gone
}

// mark marks what a manifest references. It descends into what the repository
// links, unless that was marked before.
func (u *upstream) mark(at int, manifest id) {
	for _, b := range u.of(manifest) {
		if u.marked.has(int(b)) {
			continue
		}
		u.marked.set(int(b))
		if u.linked.has(b, at) {
			u.mark(at, b)
		}
	}
}

// forget removes a revision from the history of every tag.
func (u *upstream) forget(gone *selection, repo repository, revision id) {
	for _, t := range u.tags[repo.tags.from:repo.tags.to] {
		for i := t.entries.from; i < t.entries.to; i++ {
			if u.entries[i] == revision {
				gone.entries.set(i)
			}
		}
	}
}
