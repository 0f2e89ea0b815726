package sweep_test

import (
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// missing is the descriptor of an image that is nowhere.
func missing(name string) v1.Descriptor {
	return fixture.Describe(v1.MediaTypeImageManifest, []byte("missing "+name))
}

// indexOn stores an index with a subject.
func (s *scenario) indexOn(repository string, subject v1.Descriptor, children ...v1.Descriptor) v1.Descriptor {
	return s.ManifestOf(repository, v1.MediaTypeImageIndex, v1.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageIndex,
		Manifests: children, Subject: &subject,
	})
}

// octets passes a descriptor off as one of plain bytes.
func octets(d v1.Descriptor) v1.Descriptor {
	d.MediaType = "application/octet-stream"
	return d
}

var rootCases = []lawCase{
	{"tagged and untagged image", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "tagged").Digest)
		c.goes(untagged, c.whole("app", c.Image("app", "untagged"))...)
	}},
	{"shared layer", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "one", "base", "top of one").Digest)
		two := c.Image("app", "two", "base")
		c.goes(untagged, revision("app", two.Digest), blob(two.Digest))
		config := c.Config("app", "two").Digest
		c.goes(untagged, layer("app", config), blob(config))
	}},
	{"moved tag", func(c *scenario) {
		first := c.Image("app", "first")
		c.Tag("app", "latest", first.Digest)
		c.Tag("app", "latest", c.Image("app", "second").Digest)
		c.goes(untagged, c.whole("app", first)...)
		c.goes(untagged, entry("app", "latest", first.Digest))
	}},
	{"one manifest in two repositories, tagged in one", func(c *scenario) {
		image := c.Image("a", "app", "layer")
		c.Image("b", "app", "layer")
		c.Tag("a", "v1", image.Digest)
		c.Tag("b", "other", c.Image("b", "other").Digest)
		c.goes(untagged, c.links("b", image)...)
	}},
	{"tagged list with untagged children", func(c *scenario) {
		c.Tag("app", "v1", c.List("app", c.Image("app", "amd64"), c.Image("app", "arm64")).Digest)
	}},
	{"untagged list with untagged children", func(c *scenario) {
		c.Tag("app", "other", c.Image("app", "other").Digest)
		amd, arm := c.Image("app", "amd64"), c.Image("app", "arm64")
		c.goes(untagged, c.whole("app", amd, arm, c.List("app", amd, arm))...)
	}},
	{"untagged list with a tagged child", func(c *scenario) {
		amd, arm := c.Image("app", "amd64"), c.Image("app", "arm64")
		c.Tag("app", "amd64", amd.Digest)
		c.goes(untagged, c.whole("app", arm, c.List("app", amd, arm))...)
	}},
	{"list with a missing child", func(c *scenario) {
		c.Tag("app", "v1", c.List("app", c.Image("app", "amd64"), missing("arm64")).Digest)
	}},
	{"child deleted over the API, its bytes still there", func(c *scenario) {
		amd, arm := c.Image("app", "amd64"), c.Image("app", "arm64")
		c.Tag("app", "v1", c.Index("app", amd, arm).Digest)
		c.DeleteManifest("app", arm.Digest) // the index needs it all the same
	}},
	{"the same child in two repositories, linked in one", func(c *scenario) {
		child := c.Image("a", "child", "layer")
		c.Tag("a", "v1", c.Index("a", child).Digest)
		c.Tag("b", "v1", c.Index("b", child, c.Image("b", "sibling")).Digest)
		for _, d := range c.parts(child) {
			c.LayerLink("b", d) // needed by media type
		}
	}},
	{"the same child in two repositories, untagged where it is linked", func(c *scenario) {
		child := c.Image("a", "child", "layer")
		c.Tag("a", "other", c.Image("a", "other").Digest)
		c.goes(untagged, c.links("a", child)...)
		c.Tag("b", "v1", c.Index("b", child).Digest)
		for _, d := range c.parts(child) {
			c.LayerLink("b", d)
		}
	}},
	{"the same child of no manifest's type, linked in one", func(c *scenario) {
		child := c.Image("a", "child", "layer")
		c.Tag("a", "v1", c.Index("a", octets(child)).Digest)
		c.Tag("b", "v1", c.Index("b", octets(child), c.Image("b", "sibling")).Digest)
		for _, d := range c.parts(child) {
			c.LayerLink("b", d) // to b, the child is a blob
			c.goes(always, layer("b", d))
		}
	}},
	{"index and referrer in a cycle, entered at the image", func(c *scenario) {
		image := c.Image("app", "image")
		c.indexOn("app", image, image) // refers to what it lists
		c.Tag("app", "v1", image.Digest)
	}},
	{"index and referrer in a cycle, entered at the index", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", c.indexOn("app", image, image).Digest)
	}},
	{"index and referrer in a cycle, entered nowhere", func(c *scenario) {
		c.Tag("app", "other", c.Image("app", "other").Digest)
		image := c.Image("app", "image")
		c.goes(untagged, c.whole("app", image, c.indexOn("app", image, image))...)
	}},
	{"referrer", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		c.Referrer("app", "sbom", image)
	}},
	{"referrer of a child", func(c *scenario) {
		child := c.Image("app", "amd64")
		c.Tag("app", "v1", c.Index("app", child).Digest)
		c.Referrer("app", "sbom", child)
	}},
	{"referrer of a referrer", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		c.Referrer("app", "signature of the sbom", c.Referrer("app", "sbom", image))
	}},
	{"referrer that lists images", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		c.indexOn("app", image, c.Image("app", "attached"))
	}},
	{"referrer of an untagged image", func(c *scenario) {
		tagged := c.Image("app", "tagged")
		c.Tag("app", "v1", tagged.Digest)
		c.Referrer("app", "kept", tagged) // shares its configuration with the others
		image := c.Image("app", "image")
		sbom := c.Referrer("app", "sbom", image)
		c.goes(untagged, c.whole("app", image)...)
		c.goesReferrer("sbom", sbom)
		c.goesReferrer("signature", c.Referrer("app", "signature", sbom))
	}},
	{"referrer whose subject is gone", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		c.Referrer("app", "kept", image)
		c.goesReferrer("stale", c.Referrer("app", "stale", missing("subject")))
	}},
	{"referrer does not keep its subject", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "sbom", c.Referrer("app", "sbom", image).Digest)
		c.goes(untagged, c.whole("app", image)...)
	}},
	{"referrer in another repository than its subject", func(c *scenario) {
		image := c.Image("a", "image")
		c.Tag("a", "v1", image.Digest)
		c.Tag("b", "v1", c.Image("b", "other").Digest)
		c.goes(untagged, c.whole("b", c.Referrer("b", "sbom", image))...)
	}},
	{"OCI 1.1 fallback tag", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		sbom := c.Referrer("app", "sbom", image)
		c.Tag("app", "sha256-"+image.Digest.Encoded(), c.Index("app", sbom).Digest)
	}},
	{"OCI 1.1 fallback tag of an untagged image", func(c *scenario) {
		image := c.Image("app", "image")
		sbom := c.Referrer("app", "sbom", image)
		c.Tag("app", "sha256-"+image.Digest.Encoded(), c.Index("app", sbom).Digest)
		c.goes(untagged, c.whole("app", image)...)
	}},
	{"cosign tag", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		c.Tag("app", "sha256-"+image.Digest.Encoded()+".sig", c.Image("app", "signature").Digest)
	}},
	{"attestation children", func(c *scenario) {
		image, attestation := c.Image("app", "image"), c.Image("app", "attestation")
		attestation.Platform = &v1.Platform{OS: "unknown", Architecture: "unknown"}
		attestation.Annotations = map[string]string{
			"vnd.docker.reference.type":   "attestation-manifest",
			"vnd.docker.reference.digest": image.Digest.String(),
		}
		c.Tag("app", "v1", c.Index("app", image, attestation).Digest)
	}},
	{"no tags directory", func(c *scenario) {
		c.goes(untagged, c.whole("app", c.Image("app", "one"), c.Image("app", "two"))...)
	}},
	{"all tags deleted over the API", func(c *scenario) {
		image := c.Image("app", "one")
		c.Tag("app", "v1", image.Digest)
		c.Untag("app", "v1")
		c.goes(untagged, c.whole("app", image)...)
	}},
	{"manifest deleted over the API", func(c *scenario) {
		image := c.Image("app", "image")
		c.Tag("app", "v1", image.Digest)
		c.Tag("app", "other", c.Image("app", "other").Digest)
		c.DeleteManifest("app", image.Digest)
		for _, p := range c.whole("app", image) {
			if p != revision("app", image.Digest) {
				c.goes(always, p)
			}
		}
	}},
	{"revisions whose digests share 64 bits", func(c *scenario) {
		const head = "sha256:deadbeefdeadbeef"
		one, two := digest.Digest(head+strings.Repeat("0", 48)), digest.Digest(head+strings.Repeat("1", 48))
		c.RevisionLink("app", one)
		c.RevisionLink("app", two)
		c.Tag("app", "v1", two)
		c.Tag("app", "latest", two)
		c.Tag("app", "latest", c.Image("app", "x").Digest) // the entry of two stays
		signature := c.Blob("", []byte("signature")).Digest
		c.Add(signatureLink("app", two, signature), []byte(signature))
		c.goes(untagged, revision("app", one))
		c.finds(always, mark.DanglingRevision)
	}},
	{"untagged and its bytes are gone", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "tagged").Digest)
		c.RevisionLink("app", digest.FromString("gone"))
		c.goes(untagged, revision("app", digest.FromString("gone")))
		c.finds(inDefault, mark.DanglingRevision)
	}},
}

// goesReferrer expects a referrer of the fixture in "app" to go, but for the
// empty configuration that all of them share.
func (s *scenario) goesReferrer(name string, d v1.Descriptor) {
	payload := fixture.Describe("", []byte("layer signature "+name)).Digest
	s.goes(untagged, revision("app", d.Digest), blob(d.Digest), layer("app", payload), blob(payload))
}

func TestLaw01Roots(t *testing.T) { holds(t, rootCases) }
