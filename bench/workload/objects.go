package workload

import (
	"encoding/hex"
	"iter"
	"strconv"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
)

// section is a part of the tree.
type section uint8

// The sections, in order of keys.
const (
	blobSection section = iota
	layerSection
	revisionSection
	tagSection
	uploadSection
	wholeRepositories
)

// unit is a range of objects that one worker makes: blobs, links of one
// repository, or small repositories as a whole.
type unit struct {
	section    section
	repository int
	span       // of the order of blobs, of a list of links, or of repositories
}

// unitSize is about how many objects a unit has.
const unitSize = 128

// units yields all units in order of keys.
func (r *registry) units() iter.Seq[unit] {
	return func(yield func(unit) bool) {
		for s := range pieces(span{0, len(r.order)}) {
			if !yield(unit{blobSection, 0, s}) {
				return
			}
		}
		small := span{}
		for at, repo := range r.repositories {
			size := r.repositorySize(repo)
			if size <= unitSize {
				small.to = at + 1
				if r.linksBetween(small) < unitSize {
					continue
				}
			}
			if small.from < small.to && !yield(unit{wholeRepositories, 0, small}) {
				return
			}
			small = span{at + 1, at + 1}
			if size > unitSize && !r.repositoryUnits(at, yield) {
				return
			}
		}
		if small.from < small.to {
			yield(unit{wholeRepositories, 0, small})
		}
	}
}

// repositorySize is about how many links there are in a repository.
func (r *registry) repositorySize(repo repository) int {
	entries := 0
	if repo.tags.from < repo.tags.to {
		entries = r.tags[repo.tags.to-1].entries.to - r.tags[repo.tags.from].entries.from
	}
	return repo.layers.len() + repo.revisions.len() + repo.tags.len() + entries + 3*repo.uploads.len()
}

// linksBetween is about how many links there are in repositories.
func (r *registry) linksBetween(s span) (n int) {
	first, last := r.repositories[s.from], r.repositories[s.to-1]
	return last.layers.to - first.layers.from + 3*(last.revisions.to-first.revisions.from)
}

// repositoryUnits yields the units of one repository.
func (r *registry) repositoryUnits(at int, yield func(unit) bool) bool {
	repo := r.repositories[at]
	for i, list := range []span{repo.layers, repo.revisions, repo.tags, repo.uploads} {
		for s := range pieces(list) {
			if !yield(unit{layerSection + section(i), at, s}) {
				return false
			}
		}
	}
	return true
}

func (s span) len() int { return s.to - s.from }

// pieces cuts a range into pieces of the size of a unit.
func pieces(s span) iter.Seq[span] {
	return func(yield func(span) bool) {
		for from := s.from; from < s.to; from += unitSize {
			if !yield(span{from, min(from+unitSize, s.to)}) {
				return
			}
		}
	}
}

// emitter makes objects. It is not safe for concurrent use.
type emitter struct {
	*registry
	yield func(Object) bool
	only  *selection // what to make; nil means everything

	key, buffer []byte
}

// emit makes the objects of a unit. It reports false when yield did.
func (e *emitter) emit(u unit) bool {
	switch u.section {
	case blobSection:
		return e.blobs(u.span)
	case layerSection:
		return e.layerLinks(e.repositories[u.repository], u.span)
	case revisionSection:
		return e.revisionLinks(e.repositories[u.repository], u.span)
	case tagSection:
		return e.tagLinks(e.repositories[u.repository], u.span)
	case uploadSection:
		return e.uploadFiles(e.repositories[u.repository], u.span)
	}
	for _, repo := range e.repositories[u.from:u.to] {
		if !e.layerLinks(repo, repo.layers) || !e.revisionLinks(repo, repo.revisions) ||
			!e.tagLinks(repo, repo.tags) || !e.uploadFiles(repo, repo.uploads) {
			return false
		}
	}
	return true
}

func (e *emitter) blobs(s span) bool {
	for _, b := range e.order[s.from:s.to] {
		if e.only != nil && !e.only.blobs.has(int(b)) {
			continue
		}
		e.key = append(e.key[:0], layout.Blobs+"sha256/"...)
		e.key = hex.AppendEncode(e.key, e.sums[b][:1])
		e.key = append(e.key, '/')
		e.key = hex.AppendEncode(e.key, e.sums[b][:])
		e.key = append(e.key, "/data"...)
		e.buffer = e.content(e.buffer[:0], b)
		if !e.yield(Object{string(e.key), e.buffer, pushed(b)}) {
			return false
		}
	}
	return true
}

// within begins a key of a repository.
func (e *emitter) within(repo repository, parts ...string) {
	e.key = append(append(e.key[:0], layout.Repositories...), repo.name...)
	for _, p := range parts {
		e.key = append(e.key, p...)
	}
}

// link makes the object of a link, of which the key has begun.
func (e *emitter) link(b id, after time.Duration) bool {
	e.key = append(hex.AppendEncode(e.key, e.sums[b][:]), "/link"...)
	return e.linkAt(b, after)
}

// linkAt makes the object of a link to a blob, at the key as it is.
func (e *emitter) linkAt(b id, after time.Duration) bool {
	e.buffer = e.appendDigest(e.buffer[:0], b)
	return e.yield(Object{string(e.key), e.buffer, pushed(b).Add(after)})
}

func (e *emitter) layerLinks(repo repository, s span) bool {
	for i := s.from; i < s.to; i++ {
		if e.only != nil && !e.only.layers.has(i) {
			continue
		}
		e.within(repo, "/_layers/sha256/")
		if !e.link(e.layers[i], time.Second) {
			return false
		}
	}
	return true
}

func (e *emitter) revisionLinks(repo repository, s span) bool {
	for i := s.from; i < s.to; i++ {
		if e.only != nil && !e.only.revisions.has(i) {
			continue
		}
		e.within(repo, "/_manifests/revisions/sha256/")
		if !e.link(e.revisions[i], time.Second) {
			return false
		}
	}
	return true
}

func (e *emitter) tagLinks(repo repository, s span) bool {
	for _, t := range e.tags[s.from:s.to] {
		if e.only == nil {
			e.within(repo, "/_manifests/tags/", t.name, "/current/link")
			if !e.linkAt(t.current, 2*time.Second) {
				return false
			}
		}
		for i := t.entries.from; i < t.entries.to; i++ {
			if e.only != nil && !e.only.entries.has(i) {
				continue
			}
			e.within(repo, "/_manifests/tags/", t.name, "/index/sha256/")
			if !e.link(e.entries[i], 2*time.Second) {
				return false
			}
		}
	}
	return true
}

func (e *emitter) uploadFiles(repo repository, s span) bool {
	for i := s.from; i < s.to; i++ {
		if e.only != nil && !e.only.uploads.has(i) {
			continue
		}
		u := e.uploads[i]
		n := e.random(streamUpload, u.number)
		e.buffer = n.hex(e.buffer[:0], 64) // what arrived, and the state of its hash
		begun := u.begun()
		file := func(name string) bool {
			e.within(repo, "/_uploads/", u.name, name)
			return e.yield(Object{string(e.key), e.buffer, begun})
		}
		if !file("/data") || u.hashed && !file("/hashstates/sha256/"+strconv.Itoa(len(e.buffer))) {
			return false
		}
		e.buffer = begun.AppendFormat(e.buffer[:0], time.RFC3339)
		if !file("/startedat") {
			return false
		}
	}
	return true
}
