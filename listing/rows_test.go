package listing_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/listing"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func read(t *testing.T, tree *fixture.Tree) *catalog.Catalog {
	t.Helper()
	d := memory.New()
	if err := tree.Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Read(t.Context(), d, catalog.Options{Images: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestImages(t *testing.T) {
	tree := fixture.New(now.Add(-time.Hour))
	index := tree.Index("app", tree.Image("app", "amd64", "base"), fixture.Describe(v1.MediaTypeImageManifest, []byte("absent")))
	tree.Referrer("app", "signature", index)
	untagged := tree.Image("app", "untagged", "base")
	tree.Now = now.Add(-time.Minute)
	tree.Tag("app", "v1", index.Digest)
	tree.Tag("app", "gone", digest.FromString("gone"))
	tree.Tag("app", "broken", index.Digest)
	tree.Add(layout.Path{Kind: layout.TagLink, Repository: "app", Tag: "broken"}, nil)
	signature := tree.Image("app", "cosign")
	tree.Tag("app", strings.Replace(index.Digest.String(), ":", "-", 1)+".sig", signature.Digest)
	tree.Tag("other", "same", tree.Image("other", "other", "base").Digest)
	tree.Now = now.Add(-time.Hour)
	c := read(t, tree)
	r, err := c.Repository("app")
	if err != nil {
		t.Fatal(err)
	}

	var got []string
	images := listing.Images(r, c.Weigh(), true)
	for _, i := range images {
		if i.Unique == nil && i.Digest != "" {
			t.Errorf("%s has no unique size", i.Digest)
		}
		got = append(got, fmt.Sprint(i.Tag, " ", i.Type, " ", i.Platforms, " ", i.Digest != "", " ", now.Sub(i.Pushed)))
	}
	want := []string{
		"broken broken [] false 1m0s",
		"gone absent [] true 1m0s",
		"sha256-" + index.Digest.Encoded() + ".sig signature [linux/amd64] true 1m0s",
		"v1 index [linux/amd64] true 1m0s",
		" image [linux/amd64] true 1h0m0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if last := images[len(images)-1]; last.Digest != untagged.Digest || *last.Unique >= last.Size {
		t.Errorf("the untagged image is %+v: its base is shared", last)
	}
	for _, i := range listing.Images(r, c.Weigh(), false) {
		if i.Unique != nil {
			t.Error("a unique size that is not wanted")
		}
	}

	repositories := listing.Repositories(c, c.Weigh(), true)
	if len(repositories) != 2 || repositories[0].Name != "app" || repositories[0].Tags != 4 || repositories[0].Images != 4 ||
		*repositories[0].Unique >= repositories[0].Size || now.Sub(repositories[0].Pushed) != time.Minute {
		t.Errorf("%+v", repositories)
	}
	child := listing.Manifest(r, c.Weigh(), true, r.Manifests[index.Digest].Manifests[0].Digest)
	if child.Unique != nil || child.Size == 0 || now.Sub(child.Pushed) != time.Hour {
		t.Errorf("a child: %+v", child)
	}
}

// sketch draws a tree in words.
func sketch(n *listing.Node) string {
	s := string(n.Role)
	if n.Type != "" {
		s += ":" + string(n.Type)
	}
	if n.Repeated {
		s += "!"
	}
	var children []string
	for _, child := range n.Children {
		children = append(children, sketch(child))
	}
	if children != nil {
		s += "(" + strings.Join(children, " ") + ")"
	}
	return s
}

func TestTree(t *testing.T) {
	c := read(t, fixture.NewWild(now).Tree)
	for name, want := range map[string]string{
		"app:v1":           "image:image(config layer layer)",
		"multi:latest":     "image:index(child:image(config layer) child:image(config layer))",
		"multi:sparse":     "image:index(child:image(config layer) child:absent)",
		"built:cache":      "image:cache(child child child)",
		"built:latest":     "image:index(child:image(config layer) child:attestation(config layer))",
		"windows:latest":   "image:image(config layer layer)",
		"old:v1":           "image:schema1(layer)",
		"damaged:dangling": "image:absent",
		"cycle:latest":     "image:index(child:image(config layer referrer:index(child:index!)))",
	} {
		ref, err := catalog.ParseReference(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Repository(ref.Repository)
		if err != nil {
			t.Fatal(err)
		}
		d, err := r.Resolve(ref)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, sketch(listing.Tree(r, d))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	r, err := c.Repository("signed")
	if err != nil {
		t.Fatal(err)
	}
	image, err := r.Tag("v1")
	if err != nil {
		t.Fatal(err)
	}
	tree := listing.Tree(r, image.Digest)
	drawn := sketch(tree)
	// Those with a subject, an artifact of the old kind, one that refers to one of
	// them, the index of the fallback tag, cosign's.
	if strings.Count(drawn, "referrer:") != 6 || !strings.Contains(drawn, "referrer:signature(") || !strings.Contains(drawn, "referrer:index(child:artifact!)") {
		t.Error(drawn)
	}
	built, err := c.Repository("built") // nothing refers to its images
	if err != nil {
		t.Fatal(err)
	}
	for _, weight := range c.Weigh().ImagesOf("built") {
		if tree := listing.Tree(built, weight.Digest); tree.Total != weight.Size {
			t.Errorf("built@%s: %d bytes in the tree, not %d", weight.Digest, tree.Total, weight.Size)
		}
	}
	for _, r := range c.Repositories {
		for _, weight := range c.Weigh().ImagesOf(r.Name) {
			if tree := listing.Tree(r, weight.Digest); tree.Total > weight.Size {
				t.Errorf("%s@%s: %d bytes in the tree, of %d", r.Name, weight.Digest, tree.Total, weight.Size)
			}
		}
	}
}

// What a manifest calls a digest can be anything.
func TestTreeOfNonsense(t *testing.T) {
	tree := fixture.New(now)
	nonsense := tree.ManifestOf("app", v1.MediaTypeImageManifest, map[string]any{
		"schemaVersion": 2, "mediaType": v1.MediaTypeImageManifest,
		"config": map[string]any{"digest": "sha256:", "size": -1},
		"layers": []any{
			map[string]any{"digest": "none", "size": int64(1) << 62}, map[string]any{"digest": ":", "size": int64(1) << 62},
			map[string]any{"digest": "sha256:zz", "size": int64(1) << 62}, map[string]any{},
		},
	})
	tree.Tag("app", "v1", nonsense.Digest)
	var layers []v1.Descriptor
	for i := range 3 {
		layers = append(layers, v1.Descriptor{Digest: digest.FromString(fmt.Sprint(i)), Size: 1 << 62})
	}
	huge := tree.ManifestOf("app", v1.MediaTypeImageManifest, map[string]any{"schemaVersion": 2, "layers": layers})
	c := read(t, tree)
	r, err := c.Repository("app")
	if err != nil {
		t.Fatal(err)
	}
	n := listing.Tree(r, nonsense.Digest)
	if n.Total <= 0 || n.Concerns(mark.Finding{Key: "docker/registry/v2/blobs/x"}) {
		t.Errorf("%+v", n)
	}
	if n := listing.Tree(r, huge.Digest); n.Total != math.MaxInt64 {
		t.Errorf("%d bytes", n.Total)
	}
}

func TestConcerns(t *testing.T) {
	tree := fixture.New(now)
	image := tree.Image("app", "image")
	tree.Tag("app", "v1", image.Digest)
	c := read(t, tree)
	n := listing.Tree(c.Repositories[0], image.Digest)
	layer := n.Children[1].Digest
	for key, want := range map[string]bool{
		layout.BlobKey(image.Digest): true, layout.BlobKey(layer): true, layout.BlobKey(digest.FromString("x")): false,
		layout.Repository("app") + "_manifests/tags/v1/current/link": true,
		layout.Repository("app") + "_manifests/tags/v/current/link":  false,
	} {
		if n.Concerns(mark.Finding{Key: key}) != want {
			t.Errorf("%s: not %t", key, want)
		}
	}
}

// A row has one of the types that filters take.
func TestTypes(t *testing.T) {
	c := read(t, fixture.NewWild(now).Tree)
	w := c.Weigh()
	for _, r := range c.Repositories {
		for _, i := range listing.Images(r, w, false) {
			if !slices.Contains(listing.Types(), string(i.Type)) {
				t.Errorf("%s:%s is of type %q", r.Name, i.Tag, i.Type)
			}
		}
	}
}
