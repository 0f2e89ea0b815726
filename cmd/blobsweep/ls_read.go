package main

import (
	"context"
	"errors"
	"slices"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/listing"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
)

func (l *list) options(s *session) catalog.Options {
	opts := catalog.Options{MaxManifestSize: int64(l.flags.maxManifestSize), Workers: l.flags.workers, Logger: s.logger}
	if s.bar != nil {
		opts.Progress = func(n int64) { s.bar.show(blobsweep.Progress{Phase: "reading manifests", Done: n}) }
	}
	return opts
}

// showNames prints the names of repositories without reading what is in them.
func (l *list) showNames(ctx context.Context, s *session) error {
	names, err := catalog.Names(ctx, s.Driver, l.options(s))
	if err != nil {
		return err
	}
	rows := make([]listing.Repository, len(names))
	for i, name := range names {
		rows[i].Name = name
	}
	return l.print(s, &listDocument{Repositories: &rows})
}

// read reads the whole registry where unique sizes are wanted, or what else
// takes all of it; and otherwise what is named.
func (l *list) read(ctx context.Context, s *session) (*catalog.Catalog, error) {
	opts := l.options(s)
	wanted := l.wanted()
	opts.Images, opts.ImagesOf = l.wantsImages(), wanted
	switch {
	case l.unique || l.what == listRepositories:
	case l.several:
		opts.Match = wanted
	default:
		opts.Repositories = append(l.bounds(), l.reference.Repository)
	}
	c, err := catalog.Read(ctx, s.Driver, opts)
	if errors.Is(err, catalog.ErrUnknownRepository) {
		return nil, instead(ctx, s, opts, err)
	}
	return c, err
}

// bounds are the repositories of images that others are compared with.
func (l *list) bounds() []string {
	var names []string
	for _, ref := range l.filters.Bounds() {
		if ref.Repository != "" {
			names = append(names, ref.Repository)
		}
	}
	return names
}

// wanted tells which repositories are looked at.
func (l *list) wanted() func(name string) bool {
	bounds := l.bounds()
	return func(name string) bool {
		if slices.Contains(bounds, name) {
			return true
		}
		if l.reference.Repository != "" {
			return name == l.reference.Repository
		}
		return l.filters.Repository(name)
	}
}

// instead says which repositories there are in the place of those that are not.
func instead(ctx context.Context, s *session, opts catalog.Options, err error) error {
	names, namesErr := catalog.Names(ctx, s.Driver, catalog.Options{Workers: opts.Workers})
	if namesErr != nil {
		return namesErr
	}
	there := &catalog.Catalog{}
	for _, name := range names {
		there.Repositories = append(there.Repositories, &catalog.Repository{Name: name})
	}
	for _, name := range opts.Repositories {
		if _, unknown := there.Repository(name); unknown != nil {
			return unknown
		}
	}
	return err
}

// rows makes the rows of the images that were asked for, and counts those that
// are not shown for having no tag.
func (l *list) rows(c *catalog.Catalog, w *catalog.Weights) (rows []listing.Image, hidden int, err error) {
	if l.reference.Repository != "" {
		if _, err := c.Repository(l.reference.Repository); err != nil {
			return nil, 0, err
		}
	}
	if err := l.filters.Resolve(func(ref catalog.Reference) (listing.Image, error) { return l.bound(c, w, ref) }); err != nil {
		return nil, 0, err
	}
	rows = []listing.Image{}
	for _, r := range c.Repositories {
		if l.reference.Repository != "" && r.Name != l.reference.Repository || !l.filters.Repository(r.Name) {
			continue
		}
		for _, i := range listing.Images(r, w, l.unique) {
			switch {
			case !l.filters.Match(i):
			case i.Tag != "" || l.flags.all || l.filters.Dangling():
				rows = append(rows, i)
			default:
				hidden++
			}
		}
	}
	return rows, hidden, listing.SortImages(rows, l.flags.sort)
}

// bound finds an image that others are compared with.
func (l *list) bound(c *catalog.Catalog, w *catalog.Weights, ref catalog.Reference) (listing.Image, error) {
	if ref.Repository == "" {
		ref.Repository = l.reference.Repository
	}
	i, err := find(c, w, ref, false)
	if errors.Is(err, catalog.ErrUnknownTag) && len(ref.Tag) >= catalog.MinDigestPrefix && layout.IsHex(ref.Tag) {
		// Not a tag, but the beginning of a digest.
		return find(c, w, catalog.Reference{Repository: ref.Repository, Digest: ref.Tag}, false)
	}
	return i, err
}

// find finds an image by its tag or digest.
func find(c *catalog.Catalog, w *catalog.Weights, ref catalog.Reference, unique bool) (listing.Image, error) {
	r, err := c.Repository(ref.Repository)
	if err != nil {
		return listing.Image{}, err
	}
	d, err := r.Resolve(ref)
	if err != nil {
		return listing.Image{}, err
	}
	i := listing.Manifest(r, w, unique, d)
	if ref.Tag != "" {
		tag, err := r.Tag(ref.Tag)
		if err != nil {
			return listing.Image{}, err
		}
		i.Tag, i.Pushed = tag.Name, tag.Pushed
	}
	return i, nil
}

// one fills in the image that was named, with its tree.
func (l *list) one(c *catalog.Catalog, w *catalog.Weights, d *listDocument) error {
	image, err := find(c, w, l.reference, l.unique)
	if err != nil {
		return err
	}
	r, err := c.Repository(l.reference.Repository)
	if err != nil {
		return err
	}
	d.Image, d.Tree = &image, listing.Tree(r, image.Digest)
	d.Findings = slices.DeleteFunc(findingsOf(c, func(name string) bool { return name == r.Name }), func(f mark.Finding) bool { return !d.Tree.Concerns(f) })
	return nil
}
