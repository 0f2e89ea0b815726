package inventory

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// flatRepositories cuts the listing into repositories. All keys of one begin
// with "<name>/_", so they follow each other, nested repositories or not. One
// that is cut by the end of a range is put together when all are listed.
func (w *Walker) flatRepositories(ctx context.Context, visit func(context.Context, *Repository) error, ranges ...span) (bool, error) {
	var found atomic.Bool
	var ends fragments
	s := scan{reader: w.Reader, pool: w.Pool, prefix: layout.Repositories, budget: w.budget()}
	s.open = func(after string) sink {
		return &repositorySink{walker: w, found: &found, ends: &ends, whole: !cutsRepository(after), visit: func(r *Repository) {
			s.group.Do(func(ctx context.Context) error { return visit(ctx, r) })
		}}
	}
	if err := s.run(ctx, ranges...); err != nil {
		return false, err
	}
	rest := ends.join()
	return found.Load(), w.Pool.ForEach(ctx, len(rest), func(ctx context.Context, i int) error {
		return visit(ctx, rest[i])
	})
}

// budget is what dividing may cost in this run.
func (w *Walker) budget() *budget {
	w.spending.reads = w.Reads
	return &w.spending
}

// repositorySink cuts one range into repositories.
type repositorySink struct {
	walker  *Walker
	found   *atomic.Bool
	ends    *fragments
	visit   func(*Repository)
	current *Repository
	begins  string // the first key of current
	whole   bool   // current begins in this range
}

func (s *repositorySink) take(_ context.Context, object storage.Object) error {
	s.found.Store(true)
	if s.walker.marker(object) {
		return nil
	}
	name, rest, ok := strings.Cut(object.Key[len(layout.Repositories):], "/_")
	if !ok {
		s.walker.OnStranger(Stranger{Key: object.Key})
		return nil
	}
	if s.current == nil || s.current.Name != name {
		s.finish(true)
		s.current = newRepository(name)
		s.begins = object.Key
	}
	s.walker.add(s.current, object, rest)
	s.walker.spending.revisions(len(s.current.Revisions))
	return nil
}

// end leaves the last repository to be joined if it goes on in the next range.
func (s *repositorySink) end(_ context.Context, until string) error {
	s.finish(!cutsRepository(until))
	return nil
}

// finish visits the current repository, or leaves it to be joined if it begins
// or goes on in another range.
func (s *repositorySink) finish(ends bool) {
	switch {
	case s.current == nil:
		return
	case s.whole && ends:
		s.visit(s.current)
	default:
		s.ends.add(s.begins, s.current)
	}
	s.whole = true
}

// cutsRepository reports whether the end of a range is between the keys of one
// repository, which all begin with "<name>/_": of those, a key without "/_" is
// before all or after all.
func cutsRepository(key string) bool {
	return strings.Contains(strings.TrimPrefix(key, layout.Repositories), "/_")
}

// add files an object of a repository; rest is its key after "<name>/_".
func (w *Walker) add(r *Repository, object storage.Object, rest string) {
	name := r.Name
	if r.Odd {
		name = "odd" // the grammar of what follows is the same
	}
	p, ok := layout.Parse(layout.Repositories + name + "/_" + rest)
	area, _, _ := strings.Cut(rest, "/")
	r.Exists = r.Exists || isArea("_"+area)
	if !ok || object.Irregular {
		w.addStranger(r, object, rest, p)
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
		if w.TagsAreRead {
			w.spending.tags.Add(1)
		}
		tag := r.tag(p.Tag)
		tag.Doubtful, tag.ModTime = object.Size == 0, object.ModTime // sorts before the history
	case layout.TagIndexLink:
		tag := r.tag(p.Tag)
		tag.Index = append(tag.Index, link())
	case layout.UploadData, layout.UploadStartedAt, layout.UploadHashState:
		r.upload(p.Upload, object)
	}
}

// addStranger files an object that the grammar does not know, or that is a
// symbolic link in the place of one that it does, and keeps what its key tells
// that must not be lost.
func (w *Walker) addStranger(r *Repository, object storage.Object, rest string, p layout.Path) {
	part := strings.Split(rest, "/")
	link := func() Link {
		return Link{Algorithm: p.Digest.Algorithm().String(), Hex: p.Digest.Encoded(), Size: -1}
	}
	switch {
	case p.Kind == layout.RevisionLink: // a registry follows the symbolic link
		r.IrregularRevisions = append(r.IrregularRevisions, link())
	case p.Kind == layout.LayerLink:
		r.IrregularLayers = append(r.IrregularLayers, link())
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
	s := Stranger{Key: object.Key, Repository: r.Name, Irregular: object.Irregular}
	r.Hides = r.Hides || s.Hides()
	w.OnStranger(s)
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

// flatBlobs visits the blobs in portions of a page.
func (w *Walker) flatBlobs(ctx context.Context, visit func(context.Context, BlobDir) error) error {
	s := scan{reader: w.Reader, pool: w.Pool, prefix: layout.Blobs, budget: w.budget()}
	s.open = func(string) sink { return &blobSink{walker: w, visit: visit} }
	return s.run(ctx, everything)
}

type blobSink struct {
	walker *Walker
	visit  func(context.Context, BlobDir) error
	dir    BlobDir
}

func (s *blobSink) take(ctx context.Context, object storage.Object) error {
	if s.walker.marker(object) {
		return nil
	}
	p, ok := layout.Parse(object.Key)
	if !ok || object.Irregular {
		s.walker.OnStranger(Stranger{Key: object.Key, Irregular: object.Irregular})
		return nil
	}
	s.dir.Blobs = append(s.dir.Blobs, Link{
		Algorithm: p.Digest.Algorithm().String(), Hex: p.Digest.Encoded(),
		Size: object.Size, ModTime: object.ModTime,
	})
	if len(s.dir.Blobs) < page {
		return nil
	}
	return s.end(ctx, "")
}

func (s *blobSink) end(ctx context.Context, _ string) error {
	dir := s.dir
	s.dir = BlobDir{}
	return s.visit(ctx, dir)
}

// marker reports whether an object is a directory marker, and tells of it.
func (w *Walker) marker(object storage.Object) bool {
	if !strings.HasSuffix(object.Key, "/") || object.Size != 0 {
		return false
	}
	w.OnMarker(object)
	return true
}
