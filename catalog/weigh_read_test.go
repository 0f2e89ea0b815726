package catalog_test

import (
	"testing"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// TestWeighFiles weighs a registry that was read: all that images need is what
// its blobs take.
func TestWeighFiles(t *testing.T) {
	tree := fixture.New(now)
	image := tree.Image("app", "image", "base", "top")
	child := tree.Image("app", "child", "base")
	index := tree.Index("app", child)
	tree.Referrer("app", "signature", child)
	tree.Tag("app", "image", image.Digest)
	tree.Tag("app", "index", index.Digest)
	tree.Image("other", "untagged", "base", "own")
	var stored, blobs int64
	for key, file := range tree.Files {
		if p, ok := layout.Parse(key); ok && p.Kind == layout.BlobData {
			stored += int64(len(file.Content))
			blobs++
		}
	}
	onEach(t, tree, func(t *testing.T, d storage.Driver) {
		w := read(t, d, catalog.Options{}).Weigh()
		if w.Size != stored || int64(w.Blobs) != blobs || len(w.Images) != 3 {
			t.Errorf("%d images weigh %d in %d blobs, not %d in %d", len(w.Images), w.Size, w.Blobs, stored, blobs)
		}
	})
}

// TestWeighWild weighs a damaged registry: every tag has its image.
func TestWeighWild(t *testing.T) {
	wild := fixture.NewWild(now)
	onEach(t, wild.Tree, func(t *testing.T, d storage.Driver) {
		c := read(t, d, catalog.Options{Images: true})
		w := c.Weigh()
		tags := 0
		for _, r := range c.Repositories {
			for _, tag := range r.Tags {
				if _, ok := w.Image(r.Name, tag.Digest); ok == (tag.Digest == "") {
					t.Errorf("%s:%s has an image: %v", r.Name, tag.Name, ok)
				}
				tags++
			}
			for _, v := range r.Revisions {
				m := r.Manifests[v.Digest]
				if got := r.Closure(v.Digest); len(got.Manifests) == 0 || m.Kind() == "" {
					t.Errorf("%s@%s is %s and needs %v", r.Name, v.Digest, m.Kind(), got)
				}
			}
		}
		if tags == 0 || w.Size == 0 {
			t.Errorf("%d tags, %d bytes", tags, w.Size)
		}
	})
}
