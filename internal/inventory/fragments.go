package inventory

import (
	"cmp"
	"slices"
	"sync"
)

// fragments are repositories at the ends of ranges: each may be a part of one
// that goes on in the range before or after.
type fragments struct {
	mu  sync.Mutex
	all []fragment
}

type fragment struct {
	begins string // its first key
	*Repository
}

func (f *fragments) add(begins string, r *Repository) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, fragment{begins, r})
}

// join puts the parts together, in the order of their keys.
func (f *fragments) join() []*Repository {
	slices.SortFunc(f.all, func(a, b fragment) int { return cmp.Compare(a.begins, b.begins) })
	var joined []*Repository
	for _, part := range f.all {
		if n := len(joined); n > 0 && joined[n-1].Name == part.Name {
			joined[n-1].join(part.Repository)
			continue
		}
		joined = append(joined, part.Repository)
	}
	return joined
}

// join appends what a later range has of the same repository.
func (r *Repository) join(next *Repository) {
	r.Exists = r.Exists || next.Exists
	r.Revisions = append(r.Revisions, next.Revisions...)
	r.Signatures = append(r.Signatures, next.Signatures...)
	r.Layers = append(r.Layers, next.Layers...)
	r.UnverifiedRevisions = append(r.UnverifiedRevisions, next.UnverifiedRevisions...)
	r.UnverifiedLayers = append(r.UnverifiedLayers, next.UnverifiedLayers...)
	r.IrregularRevisions = append(r.IrregularRevisions, next.IrregularRevisions...)
	r.IrregularLayers = append(r.IrregularLayers, next.IrregularLayers...)
	r.Hides = r.Hides || next.Hides
	r.Strangers += next.Strangers
	for _, tag := range next.Tags {
		if n := len(r.Tags); n > 0 && r.Tags[n-1].Name == tag.Name { // its link was before its history
			r.Tags[n-1].Index = append(r.Tags[n-1].Index, tag.Index...)
			continue
		}
		r.Tags = append(r.Tags, tag)
	}
	for _, upload := range next.Uploads {
		if n := len(r.Uploads); n > 0 && r.Uploads[n-1].ID == upload.ID {
			r.Uploads[n-1].Objects = append(r.Uploads[n-1].Objects, upload.Objects...)
			continue
		}
		r.Uploads = append(r.Uploads, upload)
	}
}
