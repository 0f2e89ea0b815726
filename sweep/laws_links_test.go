package sweep_test

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

var layerLinkCases = []lawCase{
	{"needed by another repository only", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x", "shared").Digest)
		c.Tag("b", "v1", c.Image("b", "y").Digest)
		c.goes(always, layer("b", c.Layer("b", "shared").Digest))
	}},
	{"needed by nobody", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		one := c.Layer("a", "one").Digest
		c.goes(always, layer("a", one), blob(one))
	}},
	{"needed by an untagged manifest of the repository", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x", "shared").Digest)
		c.Tag("b", "v1", c.Image("b", "y").Digest)
		c.goes(untagged, c.whole("b", c.Image("b", "z", "not shared"))...)
		c.LayerLink("b", fixture.Describe("", []byte("layer shared")).Digest)
		c.goes(always, layer("b", fixture.Describe("", []byte("layer shared")).Digest))
	}},
	{"needed, its blob gone", func(c *scenario) {
		image := c.Image("a", "x")
		c.Tag("a", "v1", image.Digest)
		c.Remove(blob(c.parts(image)[0]))
	}},
	{"needed by nobody, its blob gone", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		c.LayerLink("a", digest.FromString("gone"))
		c.goes(always, layer("a", digest.FromString("gone")))
	}},
	{"of a manifest's own digest", func(c *scenario) {
		image := c.Image("a", "x")
		c.LayerLink("a", image.Digest) // as when it was uploaded as a blob
		c.Tag("a", "v1", image.Digest)
	}},
}

func TestLaw07LayerLinks(t *testing.T) { holds(t, layerLinkCases) }

var tagCases = []lawCase{
	{"history of a tag that moved on", func(c *scenario) {
		for _, name := range []string{"one", "two"} {
			former := c.Image("app", name)
			c.Tag("app", "latest", former.Digest)
			c.goes(untagged, c.whole("app", former)...)
			c.goes(untagged, entry("app", "latest", former.Digest))
		}
		c.Tag("app", "latest", c.Image("app", "three").Digest)
	}},
	{"history that another tag keeps", func(c *scenario) {
		first := c.Image("app", "first")
		c.Tag("app", "latest", first.Digest)
		c.Tag("app", "v1", first.Digest)
		c.Tag("app", "latest", c.Image("app", "second").Digest)
	}},
	{"history of a revision deleted over the API", func(c *scenario) {
		first := c.Image("app", "first")
		c.Tag("app", "latest", first.Digest)
		c.Tag("app", "latest", c.Image("app", "second").Digest)
		c.DeleteManifest("app", first.Digest)
		for _, p := range c.whole("app", first) {
			if p != revision("app", first.Digest) {
				c.goes(always, p)
			}
		}
		c.goes(always, entry("app", "latest", first.Digest))
	}},
	{"history of a revision whose directory is a symbolic link", func(c *scenario) {
		former := c.Image("app", "former")
		c.Tag("app", "latest", former.Digest)
		c.Tag("app", "latest", c.Image("app", "current").Digest)
		c.behind(path.Dir(fixture.Key(revision("app", former.Digest))), filepath.Join(c.outside, "former"))
		c.garbage("x")
		c.finds(always, mark.Symlink) // to a registry it is linked
	}},
}

// danglingTags name what is missing.
var danglingTags = []lawCase{
	{"tag to a missing revision", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		c.Tag("app", "dangling", digest.FromString("gone"))
		c.finds(always, mark.DanglingTag)
	}},
	{"tag to a revision whose link is gone and whose bytes are there", func(c *scenario) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", c.Image("app", "other").Digest)
		c.Tag("app", "dangling", image.Digest)
		c.Remove(revision("app", image.Digest))
		c.finds(always, mark.DanglingTag)
		// The tag's link stays, and with it what a pull would need.
	}},
	{"tag to a revision of another repository", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		c.Tag("b", "dangling", c.Image("a", "y").Digest)
		for _, p := range c.links("a", c.Image("a", "y")) {
			c.goes(untagged, p)
		}
		c.finds(always, mark.DanglingTag)
	}},
	{"tag to a manifest whose bytes are missing", func(c *scenario) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", image.Digest)
		for _, d := range c.parts(image) {
			c.goes(always, layer("app", d), blob(d))
		}
		c.Remove(blob(image.Digest))
		c.finds(always, mark.DanglingRevision)
	}},
	{"the last tag of a repository dangles", func(c *scenario) {
		c.Tag("app", "dangling", digest.FromString("gone"))
		c.finds(always, mark.DanglingTag)
	}},
}

func TestLaw08TagHistory(t *testing.T) { holds(t, slices.Concat(tagCases, danglingTags)) }

// sha512Of stores a layer as a push by its sha512 digest does: two links.
func (s *scenario) sha512Of(repository, name string) (alias, target digest.Digest) {
	content := []byte("layer " + name)
	alias, target = digest.SHA512.FromBytes(content), s.Layer(repository, name).Digest
	s.Add(layer(repository, alias), []byte(target))
	return alias, target
}

// imageOf stores an image over layers that are named by any digest.
func (s *scenario) imageOf(repository, name string, layers ...digest.Digest) v1.Descriptor {
	m := v1.Manifest{MediaType: v1.MediaTypeImageManifest, Config: s.Config(repository, name)}
	m.SchemaVersion = 2
	for _, d := range layers {
		m.Layers = append(m.Layers, v1.Descriptor{MediaType: v1.MediaTypeImageLayerGzip, Digest: d, Size: 1})
	}
	return s.ManifestOf(repository, m.MediaType, m)
}

var aliasCases = []lawCase{
	{"sha512 alias link, needed by its sha512 name", func(c *scenario) {
		alias, _ := c.sha512Of("app", "one")
		c.Tag("app", "v1", c.imageOf("app", "x", alias).Digest)
	}},
	{"sha512 alias link, needed by its sha256 name", func(c *scenario) {
		alias, target := c.sha512Of("app", "one")
		c.Tag("app", "v1", c.imageOf("app", "x", target).Digest)
		c.goes(always, layer("app", alias))
	}},
	{"sha512 alias link, not needed", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		alias, target := c.sha512Of("app", "one")
		c.goes(always, layer("app", alias), layer("app", target), blob(target))
	}},
	{"sha512 alias link in another repository", func(c *scenario) {
		alias, target := c.sha512Of("a", "one")
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		c.Tag("b", "v1", c.imageOf("b", "y", alias).Digest) // nothing there says what it is
		c.goes(always, layer("a", alias), layer("a", target), blob(target))
	}},
	{"sha512 alias link, untagged", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		alias, target := c.sha512Of("app", "one")
		image := c.imageOf("app", "y", alias)
		for _, p := range c.whole("app", image) {
			if p != blob(alias) {
				c.goes(untagged, p)
			}
		}
		c.goes(untagged, layer("app", target), blob(target))
	}},
	{"recent sha512 alias link keeps its old blob", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		alias, target := c.sha512Of("app", "one")
		c.at(recently)
		c.Add(layer("app", alias), []byte(target))
		c.ages(always, layer("app", alias))
		c.goes(always, layer("app", target))
	}},
	{"sha512 alias link to another blob than the revision of that digest", func(c *scenario) {
		inner := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"layers":[]}`, v1.MediaTypeImageManifest)
		target, both := c.LinkedBlob("app", "", inner).Digest, digest.SHA512.FromBytes(inner)
		c.Add(layer("app", both), []byte(target))
		c.RevisionLink("app", both)
		c.Add(blob(both), inner)
		c.Tag("app", "v1", c.imageOf("app", "x", both).Digest)
		c.garbage("x")
	}},
	{"garbage in a sha512 alias link", func(c *scenario) {
		alias, target := c.sha512Of("app", "one")
		c.Add(layer("app", alias), []byte("nonsense"))
		c.Tag("app", "v1", c.imageOf("app", "x", alias).Digest)
		c.goes(always, layer("app", target), blob(target))
		c.finds(always, mark.BrokenLink)
	}},
}

func TestLaw14DigestAliases(t *testing.T) { holds(t, aliasCases) }

// A link whose name tells all is not read on a tree, so only where it is
// looked at for another reason does one know that it is empty.
var brokenCases = []lawCase{
	{"empty revision link", func(c *scenario) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", image.Digest)
		c.Add(revision("app", image.Digest), nil)
		c.garbage("x")
		c.finds(always, mark.BrokenLink)
	}},
	{"empty revision link, untagged", func(c *scenario) {
		image := c.Image("app", "x")
		c.Add(revision("app", image.Digest), nil)
		c.goes(untagged, c.whole("app", image)...)
		c.finds(always, mark.BrokenLink)
	}},
	{"garbage revision link", func(c *scenario) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", image.Digest)
		c.Add(revision("app", image.Digest), []byte("nonsense"))
		c.garbage("x")
	}},
	{"revision link that names another manifest", func(c *scenario) {
		one, two := c.Image("app", "one"), c.Image("app", "two")
		c.Tag("app", "v1", one.Digest)
		c.Add(revision("app", one.Digest), []byte(two.Digest))
		c.goes(untagged, c.whole("app", two)...) // the name is what counts
	}},
	{"empty layer link, needed", func(c *scenario) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", image.Digest)
		c.Add(layer("app", c.parts(image)[0]), nil)
		c.finds(onFlat, mark.BrokenLink)
	}},
	{"empty layer link, not needed", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		one := c.Layer("app", "one").Digest
		c.Add(layer("app", one), nil)
		c.goes(always, layer("app", one), blob(one))
		c.finds(always, mark.BrokenLink)
	}},
	{"empty tag link", func(c *scenario) {
		former, image := c.Image("app", "former"), c.Image("app", "x")
		c.Tag("app", "v1", former.Digest)
		c.Tag("app", "v1", image.Digest)
		c.Add(tagLink("app", "v1"), nil)
		c.goes(untagged, c.whole("app", c.Image("app", "never tagged"))...)
		c.finds(untagged, mark.BrokenLink)
		c.finds(onFlat, mark.BrokenLink)
	}},
	{"empty sha512 alias link", func(c *scenario) {
		alias, target := c.sha512Of("app", "one")
		c.Add(layer("app", alias), nil)
		c.Tag("app", "v1", c.imageOf("app", "x", alias).Digest)
		c.goes(always, layer("app", target), blob(target))
		c.finds(always, mark.BrokenLink)
	}},
	{"garbage tag link", func(c *scenario) {
		former, image := c.Image("app", "former"), c.Image("app", "x")
		c.Tag("app", "v1", former.Digest)
		c.Tag("app", "v1", image.Digest)
		c.Add(tagLink("app", "v1"), []byte("sha256:nonsense"))
		c.goes(untagged, c.whole("app", c.Image("app", "never tagged"))...)
		c.finds(untagged, mark.BrokenLink)
	}},
	{"empty tag link, no history", func(c *scenario) {
		c.Image("app", "one")
		c.Image("app", "two")
		c.Add(tagLink("app", "v1"), nil)
		c.finds(always, mark.BrokenLink)
	}},
	{"tag link with a line break", func(c *scenario) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", image.Digest)
		c.Add(tagLink("app", "v1"), []byte(image.Digest+"\n"))
	}},
	{"tag without a link", func(c *scenario) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", image.Digest)
		c.Tag("app", "other", c.Image("app", "other").Digest)
		c.Remove(tagLink("app", "v1"))
		c.goes(untagged, c.whole("app", image)...)
		c.goes(untagged, entry("app", "v1", image.Digest))
		c.finds(untagged, mark.DanglingTag)
		c.finds(onFlat|inDefault, mark.DanglingTag)
		c.unread = true
	}},
	{"empty entry of a tag's history", func(c *scenario) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", image.Digest)
		c.Add(entry("app", "v1", digest.FromString("former")), nil)
		c.goes(always, entry("app", "v1", digest.FromString("former")))
		c.finds(always, mark.BrokenLink)
	}},
}

func TestLaw15BrokenLinks(t *testing.T) { holds(t, brokenCases) }
