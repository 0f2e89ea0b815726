package inventory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// treeWalk reads real directories.
type treeWalk struct {
	*Walker
	tree storage.Tree
}

// readIfThere reads a directory that may be gone. One that is, seen twice, is
// empty; found tells the difference.
func (t treeWalk) readIfThere(ctx context.Context, prefix string) (entries []storage.Entry, found bool, err error) {
	entries, err = Confirm(func() ([]storage.Entry, error) { return t.tree.ReadDir(ctx, prefix) })
	if errors.Is(err, storage.ErrNotFound) {
		return nil, false, nil
	}
	return entries, err == nil, err
}

// readListed reads a directory that was just seen and that no registry removes.
// When it is gone all the same, what was in it cannot be known.
func (t treeWalk) readListed(ctx context.Context, prefix string) ([]storage.Entry, error) {
	entries, found, err := t.readIfThere(ctx, prefix)
	if err == nil && !found {
		err = &storage.Error{Op: "list", Key: prefix, Err: ErrVanished}
	}
	return entries, err
}

func (t treeWalk) repositories(ctx context.Context, visit func(context.Context, *Repository) error) (bool, error) {
	entries, found, err := t.readIfThere(ctx, layout.Repositories)
	if err != nil || !found {
		return false, err
	}
	var names []string
	for _, e := range entries {
		if e.Kind == storage.EntryDir {
			names = append(names, e.Name)
		}
		if e.Kind != storage.EntryDir || strings.HasPrefix(e.Name, "_") {
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
	r := newRepository(name)
	entries, err := t.readListed(ctx, r.Prefix)
	if err != nil {
		return err
	}
	nested, err := t.inside(ctx, r, entries)
	if err != nil {
		return err
	}
	if err := visit(ctx, r); err != nil {
		return err
	}
	return t.Pool.ForEach(ctx, len(nested), func(ctx context.Context, i int) error {
		return t.directory(ctx, name+"/"+nested[i], visit)
	})
}

// inside reads what the directory of a name holds, and returns the names of the
// directories that are no parts of the repository.
func (t treeWalk) inside(ctx context.Context, r *Repository, entries []storage.Entry) (nested []string, err error) {
	var areas []func(context.Context, *Repository, string) error
	for _, e := range entries {
		read := t.area(e.Name)
		switch {
		case e.Kind != storage.EntryDir || read == nil && strings.HasPrefix(e.Name, "_"):
			t.stranger(r, r.Prefix, e)
		case read == nil:
			nested = append(nested, e.Name)
		default:
			r.Exists = true
			areas = append(areas, read)
		}
	}
	for _, read := range areas {
		if err := read(ctx, r, r.Prefix); err != nil {
			return nil, err
		}
	}
	return nested, nil
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
	r.Layers, r.UnverifiedLayers, _, err = t.links(ctx, r, prefix+"_layers/", &r.IrregularLayers)
	return err
}

func (t treeWalk) manifests(ctx context.Context, r *Repository, prefix string) error {
	prefix += "_manifests/"
	entries, err := t.readListed(ctx, prefix)
	if err != nil {
		return err
	}
	tags := false
	var algorithms []string
	for _, e := range entries {
		switch {
		case e.Kind == storage.EntryDir && e.Name == "revisions":
			r.Revisions, r.UnverifiedRevisions, algorithms, err = t.links(ctx, r, prefix+"revisions/", &r.IrregularRevisions)
			if err == nil {
				err = t.unlinked(ctx, r, prefix+"revisions/", algorithms)
			}
		case e.Kind == storage.EntryDir && e.Name == "tags":
			tags = true
		default:
			t.stranger(r, prefix, e)
		}
		if err != nil {
			return err
		}
	}
	if tags {
		return t.tags(ctx, r, prefix+"tags/", algorithms)
	}
	return nil
}

// links reads <alg>/<hex> below a prefix: links whose algorithm is known, and
// those of others. It returns the algorithms as well. What has the name of a
// link but is no directory goes to foreign.
func (t treeWalk) links(ctx context.Context, r *Repository, prefix string, foreign *[]Link) (links, unknown []Link, algorithms []string, err error) {
	entries, err := t.readListed(ctx, prefix)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, e := range entries {
		if e.Kind != storage.EntryDir {
			t.stranger(r, prefix, e)
			continue
		}
		algorithms = append(algorithms, e.Name)
		inside, err := t.readListed(ctx, prefix+e.Name+"/")
		if err != nil {
			return nil, nil, nil, err
		}
		known, others := t.linksOf(r, prefix+e.Name+"/", e.Name, inside, foreign)
		if links == nil { // nearly always there is one algorithm
			links = known
		} else {
			links = append(links, known...)
		}
		unknown = append(unknown, others...)
	}
	return links, unknown, algorithms, nil
}

// linksOf tells which entries of a directory that is named after an algorithm
// are links.
func (t treeWalk) linksOf(r *Repository, prefix, algorithm string, entries []storage.Entry, foreign *[]Link) (links, unknown []Link) {
	links = make([]Link, 0, len(entries))
	for _, e := range entries {
		link := Link{Algorithm: algorithm, Hex: e.Name, Size: -1}
		ours := layout.ValidHex(algorithm, e.Name)
		switch {
		case ours && e.Kind == storage.EntryDir:
			links = append(links, link)
			continue
		case ours:
			*foreign = append(*foreign, link)
		case unverifiable(algorithm, e.Name):
			unknown = append(unknown, link)
		}
		t.stranger(r, prefix, e)
	}
	return links, unknown
}

// unlinked sets apart the revisions that have a directory but no link. Every
// link must be asked for: it alone makes a root, and the delete API removes
// it without its directory. Absence counts when it was seen twice.
func (t treeWalk) unlinked(ctx context.Context, r *Repository, prefix string, algorithms []string) error {
	all := r.Revisions
	r.Revisions = all[:0]
	for _, algorithm := range algorithms {
		n := 0 // links of one algorithm follow each other
		for n < len(all) && all[n].Algorithm == algorithm {
			n++
		}
		links := all[:n]
		all = all[n:]
		described, err := DescribeEach(ctx, t.tree, t.Pool, prefix+algorithm+"/", links, "link")
		if err != nil {
			return err
		}
		for i, l := range links {
			err := described[i].Err
			if errors.Is(err, storage.ErrNotFound) {
				_, err = t.tree.Stat(ctx, prefix+algorithm+"/"+l.Hex+"/link")
			}
			if o := described[i].Object; err == nil && described[i].Err == nil && !o.Irregular && !o.IsPrefix {
				l.Size, l.ModTime = o.Size, o.ModTime
			}
			switch {
			case errors.Is(err, storage.ErrNotFound):
				r.Unlinked = append(r.Unlinked, l)
			case err == nil, errors.Is(err, storage.ErrIrregular): // something is there
				r.Revisions = append(r.Revisions, l)
			default:
				return err
			}
		}
	}
	return nil
}

// tags reads the names of the tags and their history. It does not enter
// <tag>/, <tag>/current/ and <tag>/index/, whose names are known: a history has
// the algorithms that the revisions have or had.
func (t treeWalk) tags(ctx context.Context, r *Repository, prefix string, algorithms []string) error {
	entries, err := t.readListed(ctx, prefix)
	if err != nil {
		return err
	}
	if !slices.Contains(algorithms, "sha256") {
		algorithms = append(algorithms, "sha256")
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
	var strangers atomic.Int64
	err = t.Pool.ForEach(ctx, len(r.Tags), func(ctx context.Context, i int) error {
		own := Repository{Name: r.Name} // counts apart
		for _, algorithm := range algorithms {
			if err := t.history(ctx, &own, &r.Tags[i], prefix, algorithm); err != nil {
				return err
			}
		}
		if own.Strangers > 0 {
			strangers.Add(int64(own.Strangers))
		}
		return nil
	})
	r.Strangers += int(strangers.Load())
	return err
}

// history reads what a tag names and named under one algorithm.
func (t treeWalk) history(ctx context.Context, r *Repository, tag *Tag, prefix, algorithm string) error {
	dir := prefix + tag.Name + "/index/" + algorithm + "/"
	entries, _, err := t.readIfThere(ctx, dir)
	if errors.Is(err, storage.ErrIrregular) {
		// No history can be read; the tag's own link still counts.
		t.stranger(r, strings.TrimSuffix(dir, algorithm+"/"), storage.Entry{Name: algorithm, Kind: storage.EntryOther})
		return nil
	}
	if err != nil {
		return err
	}
	// Under an algorithm that is not known here, an entry names no blob that
	// could be removed.
	links, _ := t.linksOf(r, dir, algorithm, entries, &tag.Index)
	if tag.Index == nil {
		tag.Index = links
	} else {
		tag.Index = append(tag.Index, links...)
	}
	return nil
}

func (t treeWalk) uploads(ctx context.Context, r *Repository, prefix string) error {
	prefix += "_uploads/"
	entries, _, err := t.readIfThere(ctx, prefix)
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
	algorithms, _, err := t.readIfThere(ctx, layout.Blobs)
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
		entries, _, err := t.readIfThere(ctx, prefix)
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
		entries, _, err := t.readIfThere(ctx, d.Prefix)
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
		r.Hides = r.Hides || s.Hides()
	}
	t.OnStranger(s)
}
