package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// team is what a company has: images with labels, an index that is signed and
// attested, an image that lost its tag, an artifact, and a repository in which
// there is nothing. The dates of configurations are constant, so that digests are.
func team(t *fixture.Tree) {
	const day = 24 * time.Hour
	now := t.Now.Add(30 * day)
	at := func(days int) { t.Now = now.Add(-time.Duration(days) * day) }

	at(40)
	t.Tag("team/app", "v1.0", described(t, "team/app", "lost", "linux/amd64", "2001-01-01", nil).Digest)
	at(21)
	first := described(t, "team/app", "v1.0", "linux/amd64", "2006-05-04", map[string]string{"stage": "production", "org": "team"})
	t.Tag("team/app", "v1.0", first.Digest)

	at(3)
	amd64 := described(t, "team/app", "v1.1 amd64", "linux/amd64", "2011-10-09", map[string]string{"stage": "testing"})
	arm64 := described(t, "team/app", "v1.1 arm64", "linux/arm64/v8", "2011-10-10", map[string]string{"stage": "testing"})
	attestation := attested(t, "team/app", amd64)
	index := t.Index("team/app", amd64, arm64, attestation)
	t.Tag("team/app", "v1.1", index.Digest)
	t.Tag("team/app", "latest", index.Digest)
	t.Referrer("team/app", "notation", index)
	cosign := t.Image("team/app", "cosign")
	t.Tag("team/app", strings.Replace(index.Digest.String(), ":", "-", 1)+".sig", cosign.Digest)

	at(10)
	chart := t.LinkedBlob("team/sub/chart", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", []byte("a chart"))
	chart.Annotations = map[string]string{v1.AnnotationTitle: "app-0.1.0.tgz"}
	t.Tag("team/sub/chart", "0.1.0", t.ManifestOf("team/sub/chart", v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		Config: t.LinkedBlob("team/sub/chart", "application/vnd.cncf.helm.config.v1+json", []byte(`{"name":"app"}`)),
		Layers: []v1.Descriptor{chart},
	}).Digest)

	at(2)
	t.Tag("team/app", "stable", first.Digest)
	at(1)
	t.Tag("web", "latest", described(t, "web", "web", "windows/amd64", "2016-03-02", nil).Digest)
	t.Upload("void", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", t.Now)
	at(30)
}

// described stores an image whose configuration says when it was made, over a
// base that all of them share.
func described(t *fixture.Tree, repository, name, platform, created string, labels map[string]string) v1.Descriptor {
	day, err := time.Parse(time.DateOnly, created)
	if err != nil {
		panic(err)
	}
	parts := append(strings.Split(platform, "/"), "")
	p := v1.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]}
	config, err := json.Marshal(v1.Image{Created: &day, Platform: p, Config: v1.ImageConfig{Labels: labels}})
	if err != nil {
		panic(err)
	}
	d := t.ManifestOf(repository, v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		Config: t.LinkedBlob(repository, v1.MediaTypeImageConfig, config),
		Layers: []v1.Descriptor{
			t.LinkedBlob(repository, v1.MediaTypeImageLayerGzip, []byte(strings.Repeat("base", 300<<10))),
			t.LinkedBlob(repository, v1.MediaTypeImageLayerGzip, []byte(strings.Repeat(name, 20<<10))),
		},
	})
	d.Platform = &p
	return d
}

// attested stores an attestation of an image, as BuildKit puts it into an index.
func attested(t *fixture.Tree, repository string, image v1.Descriptor) v1.Descriptor {
	statement := t.LinkedBlob(repository, "application/vnd.in-toto+json", []byte(`{"predicateType":"https://slsa.dev/provenance/v1"}`))
	statement.Annotations = map[string]string{"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
	d := t.ManifestOf(repository, v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		Config: t.LinkedBlob(repository, v1.MediaTypeImageConfig, []byte(`{"architecture":"unknown","os":"unknown"}`)),
		Layers: []v1.Descriptor{statement},
	})
	d.Platform = &v1.Platform{OS: "unknown", Architecture: "unknown"}
	d.Annotations = map[string]string{
		"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.Digest.String(),
	}
	return d
}

// hostile are labels, and a digest that is none.
func hostile(t *fixture.Tree) {
	described(t, "evil", "evil", "linux/amd64", "2001-01-01", map[string]string{"a\x1b[2J": "b\u009b31m\r\nc"})
	image := described(t, "evil", "tagged", "linux/\x1b[31m", "2001-01-01", map[string]string{"a\x1b[2J": "b\u009b31m\r\nc"})
	t.Tag("evil", "v1", image.Digest)
	odd := t.ManifestOf("evil", v1.MediaTypeImageManifest, map[string]any{
		"schemaVersion": 2, "mediaType": v1.MediaTypeImageManifest, "annotations": map[string]string{v1.AnnotationTitle: "\x1b]0;owned\a"},
		"layers": []any{map[string]any{"mediaType": "x\x1b[1m", "digest": digest.FromString("x"), "size": -5}},
	})
	t.Tag("evil", "v2", odd.Digest)
}

// alike are two images whose digests both begin with a741.
func alike(t *fixture.Tree) {
	for _, image := range []string{"121", "273"} {
		t.Tag("alike", image, t.Image("alike", image, "crowd "+image).Digest)
	}
}
