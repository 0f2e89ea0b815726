package inventory

import (
	"context"
	"errors"
	"strings"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// treeWalk reads real directories.
type treeWalk struct {
	*Walker
	tree storage.Tree
}

// readDir reads a directory that a listing named. One that is gone by now,
// seen twice, is empty; found tells the difference.
func (t treeWalk) readDir(ctx context.Context, prefix string) (entries []storage.Entry, found bool, err error) {
	entries, err = Confirm(func() ([]storage.Entry, error) { return t.tree.ReadDir(ctx, prefix) })
	if errors.Is(err, storage.ErrNotFound) {
		return nil, false, nil
	}
	return entries, err == nil, err
}

func (t treeWalk) repositories(ctx context.Context, visit func(context.Context, *Repository) error) (bool, error) {
	entries, found, err := t.readDir(ctx, layout.Repositories)
	if err != nil || !found {
		return false, err
	}
	var names []string
	for _, e := range entries {
		if e.Kind == storage.EntryDir && !strings.HasPrefix(e.Name, "_") {
			names = append(names, e.Name)
		} else {
			t.stranger(nil, layout.Repositories, e)
		}
	}
	return true, t.Pool.ForEach(ctx, len(names), func(ctx context.Context, i int) error {
		return t.directory(ctx, names[i], visit)
	})
}

// directory reads the directory of a name, visits it, and goes on to the
// directories below.
func (t treeWalk) directory(ctx context.Context, name string, visit func(context.Context, *Repository) error) error {
	r := &Repository{Name: name, Prefix: layout.Repository(name), Odd: !layout.ValidRepository(name)}
	entries, _, err := t.readDir(ctx, r.Prefix)
	if err != nil {
		return err
	}
	var nested []string
	var areas []func(context.Context, *Repository, string) error
	for _, e := range entries {
		read := t.area(e.Name)
		switch {
		case e.Kind != storage.EntryDir || read == nil && strings.HasPrefix(e.Name, "_"):
			t.stranger(r, r.Prefix, e)
		case read == nil:
			nested = append(nested, name+"/"+e.Name)
		default:
			r.Exists = true
			areas = append(areas, read)
		}
	}
	for _, read := range areas {
		if err := read(ctx, r, r.Prefix); err != nil {
			return err
		}
	}
	if err := visit(ctx, r); err != nil {
		return err
	}
	return t.Pool.ForEach(ctx, len(nested), func(ctx context.Context, i int) error {
		return t.directory(ctx, nested[i], visit)
	})
}

// area returns how to read a part of a repository, or nil for other names.
func (t treeWalk) area(name string) func(context.Context, *Repository, string) error {
	switch name {
	case "_layers":
		return t.layers
	case "_manifests":
		return t.manifests
	case "_uploads":
		return t.uploads
	}
	return nil
}

func (t treeWalk) layers(ctx context.Context, r *Repository, prefix string) (err error) {
	r.Layers, r.Aliens, err = t.links(ctx, r, prefix+"_layers/")
	return err
}

func (t treeWalk) manifests(ctx context.Context, r *Repository, prefix string) error {
	prefix += "_manifests/"
	entries, _, err := t.readDir(ctx, prefix)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch {
		case e.Kind == storage.EntryDir && e.Name == "revisions":
			r.Revisions, r.Unknown, err = t.links(ctx, r, prefix+"revisions/")
		case e.Kind == storage.EntryDir && e.Name == "tags":
			err = t.tags(ctx, r, prefix+"tags/")
		default:
			t.stranger(r, prefix, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// links reads <alg>/<hex> below a prefix: links whose algorithm is known, and
// those of others.
func (t treeWalk) links(ctx context.Context, r *Repository, prefix string) (links, unknown []Link, err error) {
	algorithms, _, err := t.readDir(ctx, prefix)
	if err != nil {
		return nil, nil, err
	}
	for _, a := range algorithms {
		if a.Kind != storage.EntryDir {
			t.stranger(r, prefix, a)
			continue
		}
		entries, _, err := t.readDir(ctx, prefix+a.Name+"/")
		if err != nil {
			return nil, nil, err
		}
		if layout.ValidAlgorithm(a.Name) && links == nil {
			links = make([]Link, 0, len(entries))
		}
		for _, e := range entries {
			link := Link{Algorithm: a.Name, Hex: e.Name, Size: -1}
			switch {
			case layout.ValidHex(a.Name, e.Name):
				if e.Kind != storage.EntryDir {
					// The name alone tells what to keep; the thing itself
					// is not ours.
					t.stranger(r, prefix+a.Name+"/", e)
				}
				links = append(links, link)
			case unverifiable(a.Name, e.Name):
				t.stranger(r, prefix+a.Name+"/", e)
				unknown = append(unknown, link)
			default:
				t.stranger(r, prefix+a.Name+"/", e)
			}
		}
	}
	return links, unknown, nil
}

// tags reads the names of the tags and their history. It does not enter
// <tag>/ or <tag>/current/, which hold one known name each.
func (t treeWalk) tags(ctx context.Context, r *Repository, prefix string) error {
	entries, _, err := t.readDir(ctx, prefix)
	if err != nil {
		return err
	}
	r.Tags = make([]Tag, 0, len(entries))
	for _, e := range entries {
		// A tag that is no directory is kept as a tag: what it names cannot
		// be read, and whoever reads it will say so.
		if e.Kind != storage.EntryDir || !layout.ValidTag(e.Name) {
			t.stranger(r, prefix, e)
		}
		if e.Kind != storage.EntryFile {
			r.Tags = append(r.Tags, Tag{Name: e.Name})
		}
	}
	histories := make([]Repository, len(r.Tags)) // strangers, counted apart
	err = t.Pool.ForEach(ctx, len(r.Tags), func(ctx context.Context, i int) (err error) {
		histories[i].Name = r.Name
		r.Tags[i].Index, _, err = t.links(ctx, &histories[i], prefix+r.Tags[i].Name+"/index/")
		if errors.Is(err, storage.ErrIrregular) {
			// No history can be read; the tag's own link still counts.
			t.stranger(&histories[i], prefix+r.Tags[i].Name+"/", storage.Entry{Name: "index", Kind: storage.EntryOther})
			return nil
		}
		return err
	})
	for i := range histories {
		r.Strangers += histories[i].Strangers
	}
	return err
}

func (t treeWalk) uploads(ctx context.Context, r *Repository, prefix string) error {
	prefix += "_uploads/"
	entries, _, err := t.readDir(ctx, prefix)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Kind != storage.EntryDir || !layout.ValidUpload(e.Name) {
			t.stranger(r, prefix, e)
			continue
		}
		upload := Upload{ID: e.Name}
		for object, err := range t.tree.List(ctx, prefix+e.Name+"/", storage.ListOptions{}) {
			if err != nil {
				return err
			}
			upload.Objects = append(upload.Objects, object)
		}
		r.Uploads = append(r.Uploads, upload)
	}
	return nil
}

func (t treeWalk) blobs(ctx context.Context, visit func(context.Context, BlobDir) error) error {
	algorithms, _, err := t.readDir(ctx, layout.Blobs)
	if err != nil {
		return err
	}
	type dir struct{ algorithm, first string }
	var dirs []dir
	for _, a := range algorithms {
		if a.Kind != storage.EntryDir || !layout.ValidAlgorithm(a.Name) {
			t.stranger(nil, layout.Blobs, a)
			continue
		}
		prefix := layout.Blobs + a.Name + "/"
		entries, _, err := t.readDir(ctx, prefix)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			if err := visit(ctx, BlobDir{Prefix: prefix}); err != nil {
				return err
			}
		}
		for _, e := range entries {
			if e.Kind != storage.EntryDir || len(e.Name) != 2 || !layout.IsHex(e.Name) {
				t.stranger(nil, prefix, e)
				continue
			}
			dirs = append(dirs, dir{a.Name, e.Name})
		}
	}
	return t.Pool.ForEach(ctx, len(dirs), func(ctx context.Context, i int) error {
		d := BlobDir{Prefix: layout.Blobs + dirs[i].algorithm + "/" + dirs[i].first + "/"}
		entries, _, err := t.readDir(ctx, d.Prefix)
		if err != nil {
			return err
		}
		d.Blobs = make([]Link, 0, len(entries))
		for _, e := range entries {
			if e.Kind != storage.EntryDir || !layout.ValidHex(dirs[i].algorithm, e.Name) || e.Name[:2] != dirs[i].first {
				t.stranger(nil, d.Prefix, e)
				d.Strangers++
				continue
			}
			d.Blobs = append(d.Blobs, Link{Algorithm: dirs[i].algorithm, Hex: e.Name, Size: -1})
		}
		return visit(ctx, d)
	})
}

// stranger counts an entry that is not ours, in its repository where it has
// one.
func (t treeWalk) stranger(r *Repository, prefix string, e storage.Entry) {
	s := Stranger{Key: prefix + e.Name, Irregular: e.Kind == storage.EntryOther}
	if r != nil {
		r.Strangers++
		s.Repository = r.Name
	}
	t.OnStranger(s)
}
