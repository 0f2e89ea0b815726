package demo

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

const story = `  shop/web       eight releases; the API has deleted 1.0 to 1.4; 1.7 is signed
  shop/api       the tag main was moved by each of five builds
  shop/cli       2.0 is an index of images for two platforms, which have no tags of their own
  old/prototype  its last manifest was deleted: a ghost in the catalog
  An upload broke off nine days ago, and a push is under way right now.`

// sample is the tree of a registry after a month of pushes and deletions.
func sample(now time.Time) *fixture.Tree {
	s := builder{fixture.New(now.Add(-30 * 24 * time.Hour))}

	var releases []v1.Descriptor
	for i := range 8 {
		release := s.image("shop/web", fmt.Sprintf("web 1.%d", i), layer{"base", 3 << 20}, layer{"node", 1 << 20},
			layer{fmt.Sprintf("web app 1.%d", i), 700 << 10})
		s.Tag("shop/web", fmt.Sprintf("1.%d", i), release.Digest)
		releases = append(releases, release)
	}
	s.Tag("shop/web", "latest", releases[7].Digest)
	s.Referrer("shop/web", "web 1.7", releases[7])
	for _, release := range releases[:5] {
		s.DeleteManifest("shop/web", release.Digest)
	}

	for i := range 5 {
		build := s.image("shop/api", fmt.Sprintf("api build %d", i), layer{"base", 3 << 20},
			layer{fmt.Sprintf("api app %d", i), 900 << 10})
		s.Tag("shop/api", "main", build.Digest)
	}

	amd64 := s.image("shop/cli", "cli amd64", layer{"cli amd64", 1200 << 10})
	arm64 := s.image("shop/cli", "cli arm64", layer{"cli arm64", 1100 << 10})
	s.Tag("shop/cli", "2.0", s.Index("shop/cli", amd64, arm64).Digest)

	prototype := s.image("old/prototype", "prototype", layer{"prototype", 2 << 20})
	s.Tag("old/prototype", "demo", prototype.Digest)
	s.DeleteManifest("old/prototype", prototype.Digest)

	s.Now = now.Add(-9 * 24 * time.Hour)
	s.Upload("shop/web", "4b6ba7b8-10d5-4f3e-9c1a-00c04fd430c8", s.Now)
	s.Now = now
	s.LinkedBlob("shop/web", v1.MediaTypeImageLayerGzip, layer{"web app 1.8", 700 << 10}.content())
	return s.Tree
}

// layer is a layer to be: its bytes follow from its name.
type layer struct {
	name string
	size int
}

func (l layer) content() []byte {
	content := make([]byte, l.size)
	random := rand.NewChaCha8(sha256.Sum256([]byte(l.name)))
	for i := 0; i < len(content); i += 8 {
		word := random.Uint64()
		for j := range min(8, len(content)-i) {
			content[i+j] = byte(word >> (8 * j))
		}
	}
	return content
}

type builder struct{ *fixture.Tree }

// image stores an image with a configuration of its own.
func (b builder) image(repository, name string, layers ...layer) v1.Descriptor {
	m := v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: v1.MediaTypeImageManifest,
		Config:    b.Config(repository, name),
	}
	for _, l := range layers {
		m.Layers = append(m.Layers, b.LinkedBlob(repository, v1.MediaTypeImageLayerGzip, l.content()))
	}
	return b.ManifestOf(repository, m.MediaType, m)
}
