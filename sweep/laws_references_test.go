package sweep_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// document stores a manifest whose text is written out, and tags it.
func (s *scenario) document(format string, args ...any) v1.Descriptor {
	d := s.Manifest("app", "", fmt.Appendf(nil, format, args...))
	s.Tag("app", "document", d.Digest)
	return d
}

var referenceCases = []lawCase{
	{"Docker schema 2", func(c *scenario) {
		c.document(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":1},
			"layers":[{"mediaType":%q,"digest":%q,"size":1},{"mediaType":%q,"digest":%q,"size":1}]}`,
			fixture.DockerManifest, fixture.DockerConfig, c.Config("app", "x").Digest,
			fixture.DockerLayer, c.Layer("app", "one").Digest, fixture.DockerLayer, c.Layer("app", "two").Digest)
	}},
	{"OCI manifest", func(c *scenario) { c.Tag("app", "v1", c.Image("app", "x", "one", "two").Digest) }},
	{"OCI manifest without a media type", func(c *scenario) {
		c.document(`{"schemaVersion":2,"config":{"mediaType":%q,"digest":%q,"size":1},"layers":[{"mediaType":%q,"digest":%q,"size":1}]}`,
			v1.MediaTypeImageConfig, c.Config("app", "x").Digest, v1.MediaTypeImageLayer, c.Layer("app", "one").Digest)
	}},
	{"index with a linked child whose bytes are gone", func(c *scenario) {
		child := fixture.Describe(v1.MediaTypeImageManifest, []byte("gone"))
		c.RevisionLink("app", child.Digest)
		c.Tag("app", "v1", c.Index("app", child).Digest)
		c.finds(always, mark.DanglingRevision)
	}},
	{"Docker list", func(c *scenario) { c.Tag("app", "v1", c.List("app", c.Image("app", "x")).Digest) }},
	{"OCI index", func(c *scenario) { c.Tag("app", "v1", c.Index("app", c.Image("app", "x")).Digest) }},
	{"OCI index without a media type", func(c *scenario) {
		child := c.Image("app", "x")
		c.document(`{"schemaVersion":2,"manifests":[{"mediaType":%q,"digest":%q,"size":%d}]}`,
			child.MediaType, child.Digest, child.Size)
	}},
	{"index in an index", func(c *scenario) {
		c.Tag("app", "v1", c.Index("app", c.Index("app", c.List("app", c.Image("app", "x")))).Digest)
	}},
	{"child that is not linked, by its media type", func(c *scenario) {
		child := c.Image("app", "child")
		c.Tag("app", "v1", c.Index("app", child).Digest)
		c.Remove(revision("app", child.Digest))
	}},
	{"grandchild, neither it nor its parent linked", func(c *scenario) {
		grandchild := c.Image("app", "grandchild")
		child := c.List("app", grandchild)
		c.Tag("app", "v1", c.Index("app", child).Digest)
		c.Remove(revision("app", grandchild.Digest))
		c.Remove(revision("app", child.Digest))
	}},
	{"child that is linked, of no manifest's type", func(c *scenario) {
		c.Tag("app", "v1", c.Index("app", octets(c.Image("app", "child"))).Digest)
	}},
	{"child that is not linked, of no manifest's type", func(c *scenario) {
		child := c.Image("app", "child")
		c.Tag("app", "v1", c.Index("app", octets(child)).Digest)
		c.Remove(revision("app", child.Digest)) // a blob, then
		for _, d := range c.parts(child) {
			c.goes(always, layer("app", d), blob(d))
		}
	}},
	{"manifest among layers, linked", func(c *scenario) {
		c.Tag("app", "v1", c.imageOf("app", "x", c.Image("app", "inner").Digest).Digest)
	}},
	{"a manifest as configuration", func(c *scenario) {
		inner := c.Image("app", "inner")
		c.Remove(revision("app", inner.Digest))
		c.document(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":%d},"layers":[]}`,
			v1.MediaTypeImageManifest, inner.MediaType, inner.Digest, inner.Size)
	}},
	{"artifact manifest", func(c *scenario) {
		c.document(`{"mediaType":%q,"artifactType":"application/x","blobs":[{"mediaType":"text/plain","digest":%q,"size":1},
			{"mediaType":"text/plain","digest":%q,"size":1}]}`,
			fixture.ArtifactManifest, c.Layer("app", "one").Digest, c.Layer("app", "two").Digest)
	}},
	{"artifact manifest with a subject", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		c.Manifest("app", "", fmt.Appendf(nil, `{"mediaType":%q,"blobs":[{"mediaType":"text/plain","digest":%q,"size":1}],
			"subject":{"mediaType":%q,"digest":%q,"size":%d}}`,
			fixture.ArtifactManifest, c.Layer("app", "one").Digest, image.MediaType, image.Digest, image.Size))
	}},
	{"schema 1, unsigned", func(c *scenario) {
		one := c.Layer("app", "one")
		c.Tag("app", "v1", c.Schema1("app", "v1", one, c.Layer("app", "two"), one).Digest)
	}},
	{"schema 1, signed", func(c *scenario) {
		m, _ := c.SignedSchema1("app", "v1", c.Layer("app", "one"), c.Layer("app", "two"))
		c.Tag("app", "v1", m.Digest)
	}},
	{"schema 1, signed, untagged", func(c *scenario) {
		c.Tag("app", "other", c.Image("app", "other").Digest)
		m, signature := c.SignedSchema1("app", "v1", c.Layer("app", "one"))
		c.goes(untagged, c.whole("app", m)...)
		c.goes(untagged, signatureLink("app", m.Digest, signature.Digest), blob(signature.Digest))
	}},
	{"schema 1, signed, its bytes gone", func(c *scenario) {
		one := c.Layer("app", "one").Digest
		m, _ := c.SignedSchema1("app", "v1")
		c.Tag("app", "v1", m.Digest)
		c.Remove(blob(m.Digest)) // the links to the signature stay, so does it
		c.goes(always, layer("app", one), blob(one))
		c.finds(always, mark.DanglingRevision)
	}},
	{"schema 1, signed, untagged, its bytes gone", func(c *scenario) {
		c.Tag("app", "other", c.Image("app", "other").Digest)
		one := c.Layer("app", "one").Digest
		m, signature := c.SignedSchema1("app", "v1")
		c.Remove(blob(m.Digest))
		c.goes(always, layer("app", one), blob(one))
		c.goes(untagged, revision("app", m.Digest), signatureLink("app", m.Digest, signature.Digest), blob(signature.Digest))
		c.finds(inDefault, mark.DanglingRevision)
	}},
	{"schema 1, signed, its revision link gone", func(c *scenario) {
		c.Tag("app", "other", c.Image("app", "other").Digest)
		m, _ := c.SignedSchema1("app", "v1", c.Layer("app", "one"))
		c.goes(always, c.whole("app", m)[1:]...) // all but the link to the signature, and what it names
		c.Remove(revision("app", m.Digest))
	}},
	{"schema 1, unsigned, untagged", func(c *scenario) {
		c.Tag("app", "other", c.Image("app", "other").Digest)
		c.goes(untagged, c.whole("app", c.Schema1("app", "v1", c.Layer("app", "one")))...)
	}},
	{"BuildKit cache index", func(c *scenario) {
		one, two := c.Layer("app", "one"), c.Layer("app", "two")
		config := c.LinkedBlob("app", fixture.BuildKitCache, []byte(`{"layers":[],"records":[]}`))
		c.Tag("app", "cache", c.Index("app", one, two, config).Digest)
	}},
	{"BuildKit cache index, untagged", func(c *scenario) {
		c.Tag("app", "other", c.Image("app", "other").Digest)
		one := c.Layer("app", "one")
		config := c.LinkedBlob("app", fixture.BuildKitCache, []byte(`{"layers":[],"records":[]}`))
		index := c.Index("app", one, config)
		c.goes(untagged, c.whole("app", index)...)
		c.goes(untagged, layer("app", one.Digest), blob(one.Digest), layer("app", config.Digest), blob(config.Digest))
	}},
	{"foreign layers with urls", func(c *scenario) {
		c.document(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":1},
			"layers":[{"mediaType":%q,"digest":%q,"size":9,"urls":["https://example.com/layer"]},{"mediaType":%q,"digest":%q,"size":1}]}`,
			fixture.DockerManifest, fixture.DockerConfig, c.Config("app", "x").Digest,
			fixture.DockerForeign, digest.FromString("elsewhere"), fixture.DockerLayer, c.Layer("app", "one").Digest)
	}},
	{"foreign layer that is stored all the same", func(c *scenario) {
		c.document(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":1},
			"layers":[{"mediaType":%q,"digest":%q,"size":9,"urls":["https://example.com/layer"]}]}`,
			fixture.DockerManifest, fixture.DockerConfig, c.Config("app", "x").Digest,
			fixture.DockerForeign, c.Layer("app", "one").Digest)
	}},
	{"zero-length blob, needed", func(c *scenario) {
		empty := c.LinkedBlob("app", "", nil)
		c.document(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":1},
			"layers":[{"mediaType":%q,"digest":%q,"size":0}]}`,
			fixture.DockerManifest, fixture.DockerConfig, c.Config("app", "x").Digest, fixture.DockerLayer, empty.Digest)
	}},
	{"zero-length blob, not needed", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		c.goes(always, blob(c.Blob("", nil).Digest))
	}},
	{"garbage beside everything", func(c *scenario) {
		c.Tag("app", "v1", c.Index("app", c.Image("app", "x"), c.Image("app", "y")).Digest)
		for i := range 40 {
			c.garbage(fmt.Sprint(i))
		}
	}},
}

func TestLaw02References(t *testing.T) { holds(t, referenceCases) }

var unknownCases = []lawCase{
	{"unknown media type", func(c *scenario) {
		one, two := c.Layer("app", "one"), c.Layer("app", "two")
		c.document(`{"schemaVersion":2,"mediaType":"application/vnd.example.thing+json","stuff":{"deep":[%q]},"text":"see %s."}`,
			one.Digest, two.Digest)
		c.garbage("x")
		c.finds(always, mark.UnknownManifest)
	}},
	{"unknown media type, untagged", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		c.Manifest("app", "", fmt.Appendf(nil, `{"mediaType":"application/vnd.example.thing","x":%q}`, c.Layer("app", "one").Digest))
		c.garbage("x")
		c.finds(always, mark.UnknownManifest)
	}},
	{"unknown media type that names a manifest", func(c *scenario) {
		c.document(`{"mediaType":"application/vnd.example.thing","x":%q}`, c.Image("app", "x").Digest)
		c.finds(always, mark.UnknownManifest)
	}},
	{"truncated JSON under its own digest", func(c *scenario) {
		c.document(`{"schemaVersion":2,"mediaType":%q,"config":{"digest":%q,"size":1},"layers":[{"digest":%q,"si`,
			fixture.DockerManifest, c.Config("app", "x").Digest, c.Layer("app", "one").Digest)
		c.garbage("x")
		c.finds(always, mark.UnknownManifest)
	}},
	{"truncated signed schema 1", func(c *scenario) {
		m, signature := c.SignedSchema1("app", "v1", c.Layer("app", "one"))
		whole := c.Files[fixture.Key(blob(m.Digest))].Content
		cut := c.document("%s", whole[:len(whole)-9])
		c.Remove(blob(m.Digest))
		c.Remove(revision("app", m.Digest))
		c.Remove(signatureLink("app", m.Digest, signature.Digest))
		c.Add(signatureLink("app", cut.Digest, signature.Digest), []byte(signature.Digest))
		c.finds(always, mark.UnknownManifest)
	}},
	{"subject whose digest is said twice", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		c.Manifest("app", "", fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":"a/b","digest":%q,"size":1},
			"layers":[],"subject":{"mediaType":%q,"digest":%q,"digest":null,"size":1}}`,
			v1.MediaTypeImageManifest, c.Config("app", "sbom").Digest, image.MediaType, image.Digest))
		c.garbage("x")
		c.finds(always, mark.UnknownManifest)
	}},
	{"layers that are said twice", func(c *scenario) {
		c.document(`{"schemaVersion":2,"mediaType":%q,"layers":[{"digest":%q,"size":1}],"layers":null}`,
			v1.MediaTypeImageManifest, c.Layer("app", "one").Digest)
		c.garbage("x")
		c.finds(always, mark.UnknownManifest)
	}},
	{"no JSON at all", func(c *scenario) {
		c.document("\x00\x01 %s \xff", c.Layer("app", "one").Digest)
		c.garbage("x")
		c.finds(always, mark.UnknownManifest)
	}},
	{"an empty manifest", func(c *scenario) {
		c.document("")
		c.garbage("x")
		c.finds(always, mark.UnknownManifest)
	}},
}

func TestLaw03UnknownIsPinned(t *testing.T) { holds(t, unknownCases) }

// damage replaces the bytes of a manifest.
func (s *scenario) damage(d digest.Digest, edit func([]byte) []byte) {
	key := fixture.Key(blob(d))
	s.Put(key, edit(bytes.Clone(s.Files[key].Content)))
	s.finds(always, mark.CorruptManifest)
}

// accept allows to go on past unreadable manifests.
func accept(c *scenario) {
	c.options.AcceptRisk = []sweep.Blocker{sweep.BlockedUnreadableManifest}
	c.garbage("that goes at one's own risk")
}

func refuse(c *scenario) {
	c.blocks(always, sweep.BlockedUnreadableManifest)
	c.garbage("that a blocked plan leaves alone")
}

// unreadable are manifests whose references cannot be known. The first two
// layers stand in the bytes that are left.
var unreadable = []lawCase{
	{"bytes that do not hash to the digest", func(c *scenario) {
		image := c.Image("app", "x", "one", "two")
		c.Tag("app", "v1", image.Digest)
		c.damage(image.Digest, func(b []byte) []byte { return append(b, ' ') })
	}},
	{"bytes that do not hash to the digest, untagged", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "other").Digest)
		c.damage(c.Image("app", "x", "one", "two").Digest, func(b []byte) []byte { return append(b, '\n') })
	}},
	{"truncated JSON", func(c *scenario) {
		image := c.Image("app", "x", "one", "two")
		c.Tag("app", "v1", image.Digest)
		c.damage(image.Digest, func(b []byte) []byte { return b[:len(b)-10] })
	}},
	{"child whose bytes do not hash to the digest", func(c *scenario) {
		image := c.Image("app", "x", "one")
		c.Tag("app", "v1", c.Index("app", image).Digest)
		c.damage(image.Digest, func(b []byte) []byte { return append(b, ' ') })
	}},
	{"signed schema 1 whose payload was changed", func(c *scenario) {
		m, _ := c.SignedSchema1("app", "v1", c.Layer("app", "one"))
		c.Tag("app", "v1", m.Digest)
		c.damage(m.Digest, func(b []byte) []byte { return bytes.Replace(b, []byte("amd64"), []byte("arm64"), 1) })
	}},
	{"an index that names a manifest in damaged bytes", func(c *scenario) {
		index := c.Index("app", c.Image("app", "x"))
		c.Tag("app", "v1", index.Digest)
		c.damage(index.Digest, func(b []byte) []byte { return append(b, ' ') })
	}},
}

func with(cases []lawCase, also func(*scenario)) []lawCase {
	out := make([]lawCase, len(cases))
	for i, c := range cases {
		out[i] = lawCase{c.name, func(s *scenario) { c.build(s); also(s) }}
	}
	return out
}

func TestLaw04ContentIsVerified(t *testing.T) {
	t.Parallel()
	t.Run("blocked", func(t *testing.T) { holds(t, with(unreadable, refuse)) })
	t.Run("accepted", func(t *testing.T) { holds(t, with(unreadable, accept)) })
	t.Run("no digest in what is left", func(t *testing.T) {
		holds(t, with([]lawCase{{"zero bytes", func(c *scenario) {
			image := c.Image("app", "x")
			c.Tag("app", "v1", image.Digest)
			for _, d := range c.parts(image) {
				c.goes(always, layer("app", d), blob(d)) // if it were not blocked
			}
			c.damage(image.Digest, func([]byte) []byte { return nil })
		}}}, refuse))
	})
	t.Run("larger than the limit", func(t *testing.T) {
		holds(t, []lawCase{{"oversized", func(c *scenario) {
			c.options.MaxManifestSize = 600
			c.Tag("app", "small", c.Index("app").Digest)
			padding := bytes.Repeat([]byte(" "), 600)
			c.document(`{"schemaVersion":2,"mediaType":%q,"layers":[]%s}`, v1.MediaTypeImageManifest, padding)
			c.finds(always, mark.OversizedManifest)
			refuse(c)
		}}})
	})
	t.Run("larger than the limit, a manifest by its media type only", func(t *testing.T) {
		holds(t, []lawCase{{"oversized blob", func(c *scenario) {
			c.options.MaxManifestSize = 1000
			large := c.LinkedBlob("app", "", bytes.Repeat([]byte("x"), 1001)).Digest
			c.document(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":1},
				"layers":[{"mediaType":"application/vnd.example.manifest.v1+json","digest":%q,"size":1001}]}`,
				v1.MediaTypeImageManifest, v1.MediaTypeImageConfig, c.Config("app", "x").Digest, large)
			c.garbage("x")
		}}})
	})
}
