package listing

import (
	"maps"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/opencontainers/go-digest"
)

// Images returns the images of a repository: its tags, in their order, and then
// what has none. That is a manifest at the top, see [catalog.ImageWeight]; what
// refers to another image belongs to that.
//
// Unique sizes are true only if the weights are of the whole registry, and are
// left out unless wanted. Without the configurations in the catalog (see
// catalog.Options), platforms may be missing, and creation times and labels are.
func Images(r *catalog.Repository, w *catalog.Weights, unique bool) []Image {
	rows := make([]Image, 0, len(r.Tags))
	for _, t := range r.Tags {
		rows = append(rows, row(r, w, unique, t.Name, t.Digest, t.Pushed))
	}
	for _, i := range w.ImagesOf(r.Name) {
		if len(i.Tags) == 0 {
			rows = append(rows, Manifest(r, w, unique, i.Digest))
		}
	}
	return rows
}

// Manifest returns the row of a single manifest of a repository, without a tag.
// It need not be at the top, nor linked.
func Manifest(r *catalog.Repository, w *catalog.Weights, unique bool, d digest.Digest) Image {
	revision, linked := r.Revision(d)
	if !linked {
		revision.Pushed = time.Time{}
	}
	return row(r, w, unique, "", d, revision.Pushed)
}

func row(r *catalog.Repository, w *catalog.Weights, unique bool, tag string, d digest.Digest, pushed time.Time) Image {
	i := Image{
		Repository: r.Name, Tag: tag, Digest: d, Type: kindOf(r, d, tag), Pushed: pushed,
		Platforms: []string{}, Labels: map[string]string{},
	}
	if m := r.Manifests[d]; m != nil {
		for _, p := range r.Platforms(m) {
			i.Platforms = append(i.Platforms, p.String())
		}
		i.Created = r.Created(m)
		maps.Copy(i.Labels, r.Labels(m))
	}
	if weight, ok := w.Image(r.Name, d); ok {
		i.Size = weight.Size
		if unique {
			i.Unique = &weight.Unique
		}
	} else if d != "" {
		i.Size = total(r, d) // a part of an image
	}
	return i
}

// Repositories returns the repositories of a catalog, in its order. Unique sizes
// are true only for a catalog of the whole registry, and are left out unless
// wanted.
func Repositories(c *catalog.Catalog, w *catalog.Weights, unique bool) []Repository {
	rows := make([]Repository, len(c.Repositories))
	for i, r := range c.Repositories {
		rows[i] = Repository{Name: r.Name, Tags: len(r.Tags), Pushed: lastPush(r)}
		weight, ok := w.Repository(r.Name)
		if !ok {
			continue
		}
		rows[i].Images, rows[i].Size = weight.Images, weight.Size
		if unique {
			rows[i].Unique = &weight.Unique
		}
	}
	return rows
}

func lastPush(r *catalog.Repository) time.Time {
	var last time.Time
	for _, t := range r.Tags {
		if t.Pushed.After(last) {
			last = t.Pushed
		}
	}
	for _, v := range r.Revisions {
		if v.Pushed.After(last) {
			last = v.Pushed
		}
	}
	return last
}
