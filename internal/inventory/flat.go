package inventory

import (
	"context"
	"iter"
	"strings"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// page is how many blobs of a flat listing are visited at a time.
const page = 1000

// flatRepositories cuts the listing into repositories. All keys of one begin
// with "<name>/_", so they follow each other, nested repositories or not.
func (w *Walker) flatRepositories(ctx context.Context, visit func(context.Context, *Repository) error) (bool, error) {
	found := false
	seq := func(yield func(*Repository, error) bool) {
		var r *Repository
		for object, err := range w.Reader.List(ctx, layout.Repositories, storage.ListOptions{}) {
			if err != nil {
				yield(nil, err)
				return
			}
			found = true
			if w.marker(object) {
				continue
			}
			name, rest, ok := strings.Cut(object.Key[len(layout.Repositories):], "/_")
			if !ok {
				w.OnStranger(Stranger{Key: object.Key})
				continue
			}
			if r == nil || r.Name != name {
				if r != nil && !yield(r, nil) {
					return
				}
				r = &Repository{
					Name: name, Prefix: layout.Repository(name), Odd: !layout.ValidRepository(name),
				}
			}
			w.add(r, object, rest)
		}
		if r != nil {
			yield(r, nil)
		}
	}
	err := parallel.Each(ctx, w.Pool, iter.Seq2[*Repository, error](seq), visit)
	return found, err
}

// add files an object of a repository; rest is its key after "<name>/_".
func (w *Walker) add(r *Repository, object storage.Object, rest string) {
	name := r.Name
	if r.Odd {
		name = "odd" // the grammar of what follows is the same
	}
	p, ok := layout.Parse(layout.Repositories + name + "/_" + rest)
	area, _, _ := strings.Cut(rest, "/")
	r.Exists = r.Exists || area == "layers" || area == "manifests" || area == "uploads"
	if !ok || object.Irregular {
		w.addStranger(r, object, rest)
		return
	}
	link := func() Link {
		return Link{Algorithm: p.Digest.Algorithm().String(), Hex: p.Digest.Encoded(), Size: object.Size, ModTime: object.ModTime}
	}
	switch p.Kind {
	case layout.LayerLink:
		r.Layers = append(r.Layers, link())
	case layout.RevisionLink:
		r.Revisions = append(r.Revisions, link())
	case layout.SignatureLink:
		signature := Link{Algorithm: p.Signature.Algorithm().String(), Hex: p.Signature.Encoded(), Size: object.Size, ModTime: object.ModTime}
		r.Signatures = append(r.Signatures, Signature{Revision: link(), Link: signature})
	case layout.TagLink:
		r.tag(p.Tag).Doubtful = object.Size == 0 // sorts before the history
	case layout.TagIndexLink:
		tag := r.tag(p.Tag)
		tag.Index = append(tag.Index, link())
	case layout.UploadData, layout.UploadStartedAt, layout.UploadHashState:
		r.upload(p.Upload, object)
	}
}

// addStranger files an object that the grammar does not know, and keeps what
// its key tells that must not be lost.
func (w *Walker) addStranger(r *Repository, object storage.Object, rest string) {
	part := strings.Split(rest, "/")
	switch {
	case len(part) > 2 && part[0] == "uploads" && layout.ValidUpload(part[1]):
		r.upload(part[1], object)
		return // counted with its upload
	case len(part) == 4 && part[0] == "layers" && part[3] == "link" && unverifiable(part[1], part[2]):
		r.UnverifiedLayers = append(r.UnverifiedLayers, Link{Algorithm: part[1], Hex: part[2], Size: object.Size})
	case len(part) == 5 && part[0] == "manifests" && part[1] == "tags" && part[3] == "current" && part[4] == "link":
		r.tag(part[2]).Doubtful = object.Size == 0 // a tag of no valid name, which may be one
	case len(part) == 5 && part[0] == "manifests" && part[1] == "revisions" && part[4] == "link" && unverifiable(part[2], part[3]):
		r.UnverifiedRevisions = append(r.UnverifiedRevisions, Link{Algorithm: part[2], Hex: part[3], Size: object.Size})
	}
	r.Strangers++
	w.OnStranger(Stranger{Key: object.Key, Repository: r.Name, Irregular: object.Irregular})
}

// tag returns the tag of that name, which in a sorted listing is the last one
// or a new one.
func (r *Repository) tag(name string) *Tag {
	if n := len(r.Tags); n == 0 || r.Tags[n-1].Name != name {
		r.Tags = append(r.Tags, Tag{Name: name, Doubtful: true})
	}
	return &r.Tags[len(r.Tags)-1]
}

func (r *Repository) upload(id string, object storage.Object) {
	if n := len(r.Uploads); n == 0 || r.Uploads[n-1].ID != id {
		r.Uploads = append(r.Uploads, Upload{ID: id})
	}
	u := &r.Uploads[len(r.Uploads)-1]
	u.Objects = append(u.Objects, object)
}

func (w *Walker) flatBlobs(ctx context.Context, visit func(context.Context, BlobDir) error) error {
	seq := func(yield func(BlobDir, error) bool) {
		d := BlobDir{}
		for object, err := range w.Reader.List(ctx, layout.Blobs, storage.ListOptions{}) {
			if err != nil {
				yield(BlobDir{}, err)
				return
			}
			if w.marker(object) {
				continue
			}
			p, ok := layout.Parse(object.Key)
			if !ok || object.Irregular {
				w.OnStranger(Stranger{Key: object.Key, Irregular: object.Irregular})
				continue
			}
			d.Blobs = append(d.Blobs, Link{
				Algorithm: p.Digest.Algorithm().String(), Hex: p.Digest.Encoded(),
				Size: object.Size, ModTime: object.ModTime,
			})
			if len(d.Blobs) == page {
				if !yield(d, nil) {
					return
				}
				d = BlobDir{}
			}
		}
		yield(d, nil)
	}
	return parallel.Each(ctx, w.Pool, iter.Seq2[BlobDir, error](seq), visit)
}

// marker reports whether an object is a directory marker, and tells of it.
func (w *Walker) marker(object storage.Object) bool {
	if !strings.HasSuffix(object.Key, "/") || object.Size != 0 {
		return false
	}
	w.OnMarker(object)
	return true
}
