package catalog

import (
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

const (
	ociManifest = "application/vnd.oci.image.manifest.v1+json"
	ociIndex    = "application/vnd.oci.image.index.v1+json"
	ociConfig   = "application/vnd.oci.image.config.v1+json"
	ociEmpty    = "application/vnd.oci.empty.v1+json"
	ociLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// typed makes a manifest of media types.
func typed(mediaType, artifactType, config string, layers ...string) *Manifest {
	m := &Manifest{State: Understood, MediaType: mediaType, ArtifactType: artifactType}
	if config != "" {
		m.Config = &Descriptor{MediaType: config}
	}
	for _, layer := range layers {
		m.Layers = append(m.Layers, Descriptor{MediaType: layer})
	}
	return m
}

func TestKind(t *testing.T) {
	bundle := func(predicate string) *Manifest {
		m := typed(ociManifest, "application/vnd.dev.sigstore.bundle.v0.3+json", ociEmpty, "application/vnd.dev.sigstore.bundle.v0.3+json")
		m.Annotations = map[string]string{"dev.sigstore.bundle.predicateType": predicate}
		return m
	}
	index := func(mediaType string, children ...string) *Manifest {
		m := typed(mediaType, "", "")
		for _, child := range children {
			m.Manifests = append(m.Manifests, Descriptor{MediaType: child})
		}
		return m
	}
	const docker = "application/vnd.docker.distribution.manifest."
	for _, test := range []struct {
		name string
		m    *Manifest
		want Kind
	}{
		{"OCI image", typed(ociManifest, "", ociConfig, ociLayer, ociLayer), KindImage},
		{"without layers", typed(ociManifest, "", ociConfig), KindImage},
		{"Docker image", typed(docker+"v2+json", "", "application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip"), KindImage},
		{"OCI index", index(ociIndex, ociManifest), KindIndex},
		{"empty index", index(ociIndex), KindIndex},
		{"Docker list", index(docker+"list.v2+json", docker+"v2+json"), KindIndex},
		{"schema 1", typed(docker+"v1+json", "", "", ""), KindSchema1},
		{"signed schema 1", typed(docker+"v1+prettyjws", "", "", ""), KindSchema1},
		{"BuildKit's attestation", typed(ociManifest, "", ociConfig, "application/vnd.in-toto+json", "application/vnd.in-toto+json"), KindAttestation},
		{"BuildKit's attestation as an artifact", typed(ociManifest, "application/vnd.docker.attestation.manifest.v1+json", ociEmpty, "application/vnd.in-toto+json"), KindAttestation},
		{"an image with an attestation among its layers", typed(ociManifest, "", ociConfig, "application/vnd.in-toto+json", ociLayer), KindImage},
		{"an image with an attestation at its end", typed(ociManifest, "", ociConfig, ociLayer, "application/vnd.in-toto+json"), KindImage},
		{"cosign's attestation", typed(ociManifest, "", ociConfig, "application/vnd.dsse.envelope.v1+json"), KindAttestation},
		{"cosign's signature", typed(ociManifest, "", ociConfig, "application/vnd.dev.cosign.simplesigning.v1+json"), KindSignature},
		{"cosign's signature as a referrer", typed(ociManifest, "application/vnd.dev.cosign.artifact.sig.v1+json", ociConfig, ociLayer), KindSignature},
		{"cosign's SBOM", typed(ociManifest, "", ociConfig, "text/spdx+json"), KindSBOM},
		{"cosign's SBOM as a referrer", typed(ociManifest, "application/vnd.dev.cosign.artifact.sbom.v1+json", ociConfig, ociLayer), KindSBOM},
		{"sigstore bundle", bundle(""), KindSignature},
		{"sigstore bundle, signed", bundle("https://sigstore.dev/cosign/sign/v1"), KindSignature},
		{"sigstore bundle, attested", bundle("https://slsa.dev/provenance/v1"), KindAttestation},
		{"an image annotated as a bundle", func() *Manifest {
			m := bundle("https://slsa.dev/provenance/v1")
			m.ArtifactType, m.Config, m.Layers = "", &Descriptor{MediaType: ociConfig}, nil
			return m
		}(), KindImage},
		{"notation", typed(ociManifest, "application/vnd.cncf.notary.signature", ociEmpty, "application/jose+json"), KindSignature},
		{"notation by configuration", typed(ociManifest, "", "application/vnd.cncf.notary.signature", "application/cose"), KindSignature},
		{"SPDX", typed(ociManifest, "application/spdx+json", ociEmpty, "application/spdx+json"), KindSBOM},
		{"CycloneDX", typed(ociManifest, "application/vnd.cyclonedx+json", ociEmpty, "application/json"), KindSBOM},
		{"syft", typed(ociManifest, "", ociConfig, "application/vnd.syft+json"), KindSBOM},
		{"chart", typed(ociManifest, "", "application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip"), KindChart},
		{"cache", typed(ociManifest, "", "application/vnd.buildkit.cacheconfig.v0", ociLayer), KindCache},
		{"cache index", index(ociIndex, ociLayer, "application/vnd.buildkit.cacheconfig.v0"), KindCache},
		{"artifact", typed(ociManifest, "application/vnd.example", ociEmpty, "application/x"), KindArtifact},
		{"artifact by configuration", typed(ociManifest, "", "application/vnd.wasm.config.v0+json", "application/wasm"), KindArtifact},
		{"artifact manifest", typed("application/vnd.oci.artifact.manifest.v1+json", "application/vnd.example", "", "application/x"), KindArtifact},
		{"artifact manifest of an SBOM", typed("application/vnd.oci.artifact.manifest.v1+json", "application/spdx+json", "", "application/x"), KindSBOM},
		{"absent", &Manifest{State: Absent}, KindAbsent},
		{"unknown", &Manifest{State: Unknown, MediaType: ociIndex}, KindUnknown},
		{"corrupt", &Manifest{State: Corrupt}, KindCorrupt},
		{"oversized", &Manifest{State: Oversized}, KindOversized},
		{"irregular", &Manifest{State: Irregular}, KindIrregular},
		{"of no state", &Manifest{}, KindUnknown},
	} {
		if got := test.m.Kind(); got != test.want {
			t.Errorf("%s: %q, not %q", test.name, got, test.want)
		}
	}
}

func TestIsAttestation(t *testing.T) {
	for name, test := range map[string]struct {
		d    Descriptor
		want bool
	}{
		"plain":                {Descriptor{MediaType: ociManifest, Platform: &Platform{OS: "linux", Architecture: "amd64"}}, false},
		"annotated":            {Descriptor{Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest"}}, true},
		"annotated otherwise":  {Descriptor{Annotations: map[string]string{"vnd.docker.reference.type": "x"}}, false},
		"typed":                {Descriptor{ArtifactType: "application/vnd.docker.attestation.manifest.v1+json"}, true},
		"for nothing":          {Descriptor{Platform: &Platform{OS: "unknown", Architecture: "unknown"}}, true},
		"for an unknown cpu":   {Descriptor{Platform: &Platform{OS: "linux", Architecture: "unknown"}}, false},
		"for an unknown OS":    {Descriptor{Platform: &Platform{OS: "unknown", Architecture: "amd64"}}, false},
		"nothing known of it":  {Descriptor{}, false},
		"an empty annotations": {Descriptor{Annotations: map[string]string{}}, false},
	} {
		if got := test.d.IsAttestation(); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSubjectOfTag(t *testing.T) {
	hex := named('A').Encoded()
	for tag, want := range map[string]Kind{
		"sha256-" + hex:                     KindIndex,
		"sha256-" + hex + ".sig":            KindSignature,
		"sha256-" + hex + ".att":            KindAttestation,
		"sha256-" + hex + ".sbom":           KindSBOM,
		"sha256-" + hex + ".":               "",
		"sha256-" + hex + ".sig.sig":        "",
		"sha256-" + hex + ".other":          "",
		"sha256-" + hex[1:] + ".sig":        "",
		"sha256-" + hex + "0":               "",
		"sha256-" + strings.ToUpper(hex):    "",
		"sha256:" + hex:                     "",
		"xsha256-" + hex:                    "",
		"sha512-" + hex:                     "", // cut short
		"sha256-":                           "",
		"latest":                            "",
		"":                                  "",
		"sha256-" + hex[:63] + "g" + ".sig": "",
	} {
		subject, kind, ok := SubjectOfTag(tag)
		if kind != want || ok != (want != "") || subject != map[bool]digest.Digest{true: named('A')}[ok] {
			t.Errorf("%q is of %q, %q, %v", tag, subject, kind, ok)
		}
	}
}
