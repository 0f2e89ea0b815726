package catalog

import (
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Kind says what a manifest is, for people. It goes by what the manifest calls
// itself, and decides nothing about what may go.
type Kind string

// The kinds. Those from KindUnknown on are manifests that could not be read.
const (
	KindImage       Kind = "image"
	KindIndex       Kind = "index"
	KindAttestation Kind = "attestation"
	KindSignature   Kind = "signature"
	KindSBOM        Kind = "sbom"
	KindChart       Kind = "chart"
	KindCache       Kind = "cache"
	// KindArtifact is any other artifact.
	KindArtifact Kind = "artifact"
	// KindSchema1 is an image of Docker's first schema.
	KindSchema1   Kind = "schema1"
	KindUnknown   Kind = "unknown"
	KindAbsent    Kind = "absent"
	KindCorrupt   Kind = "corrupt"
	KindOversized Kind = "oversized"
	KindIrregular Kind = "irregular"
)

// kinds of artifacts, by the beginnings of media types: of the artifact, its
// configuration, or all its layers.
//
// Sources: for cosign, its package pkg/types and the specifications of
// signatures, SBOMs and bundles beside it; for notation, the signature
// specification of the Notary Project; for BuildKit, docs/attestations and
// cache/remotecache; for Helm, its package pkg/registry; for SBOMs, the media
// types that SPDX and CycloneDX have with IANA and those that cosign and syft
// used before.
var kinds = []struct {
	mediaType string
	kind      Kind
}{
	{"application/vnd.dev.cosign.simplesigning.", KindSignature},
	{"application/vnd.dev.cosign.artifact.sig.", KindSignature},
	{"application/vnd.dev.cosign.artifact.sbom.", KindSBOM},
	{"application/vnd.dev.cosign.artifact.att.", KindAttestation},
	{"application/vnd.dev.sigstore.bundle", KindSignature},
	{"application/vnd.cncf.notary.", KindSignature},
	{"application/vnd.docker.attestation.", KindAttestation},
	{"application/vnd.in-toto", KindAttestation},
	{"application/vnd.dsse.envelope.", KindAttestation},
	{"application/spdx", KindSBOM},
	{"text/spdx", KindSBOM},
	{"spdx+json", KindSBOM},
	{"application/vnd.cyclonedx", KindSBOM},
	{"application/vnd.syft", KindSBOM},
	{"application/vnd.cncf.helm.config.", KindChart},
	{"application/vnd.buildkit.cacheconfig.", KindCache},
}

// kindOf returns the kind that a media type stands for, or none.
func kindOf(mediaType string) Kind {
	for _, k := range kinds {
		if strings.HasPrefix(mediaType, k.mediaType) {
			return k.kind
		}
	}
	return ""
}

// Annotations that tell kinds apart.
const (
	// On the descriptor of an attestation in an index, by BuildKit.
	attestationAnnotation = "vnd.docker.reference.type"
	// On a sigstore bundle, by cosign: what is signed. A bundle that holds a mere
	// signature has none, or that of cosign's sign.
	predicateAnnotation = "dev.sigstore.bundle.predicateType"
	signPredicate       = "https://sigstore.dev/cosign/sign/"
)

// Kind says what the manifest is.
func (m *Manifest) Kind() Kind {
	switch m.State {
	case Understood:
	case Absent:
		return KindAbsent
	case Corrupt:
		return KindCorrupt
	case Oversized:
		return KindOversized
	case Irregular:
		return KindIrregular
	default:
		return KindUnknown
	}
	switch {
	case m.schema1():
		return KindSchema1
	case m.index():
		if slices.ContainsFunc(m.Manifests, func(d Descriptor) bool { return kindOf(d.MediaType) == KindCache }) {
			return KindCache
		}
		return KindIndex
	}
	return m.artifactKind()
}

func (m *Manifest) index() bool {
	return m.MediaType == v1.MediaTypeImageIndex || m.MediaType == "application/vnd.docker.distribution.manifest.list.v2+json"
}

// artifactKind is the kind of a manifest with blobs.
func (m *Manifest) artifactKind() Kind {
	kind := kindOf(m.ArtifactType)
	config := ""
	if m.Config != nil {
		config = m.Config.MediaType
	}
	if kind == "" {
		kind = kindOf(config)
	}
	if kind == "" && len(m.Layers) > 0 { // signatures that pass for images
		kind = kindOf(m.Layers[0].MediaType)
		for _, layer := range m.Layers {
			if kindOf(layer.MediaType) != kind {
				kind = ""
			}
		}
	}
	if predicate := m.Annotations[predicateAnnotation]; kind == KindSignature && predicate != "" && !strings.HasPrefix(predicate, signPredicate) {
		return KindAttestation
	}
	switch {
	case kind != "":
		return kind
	case isImageConfig(config):
		return KindImage
	}
	return KindArtifact
}

// IsAttestation reports whether a child of an index is an attestation of
// BuildKit: it says so, or is for a platform that nothing runs on.
func (d *Descriptor) IsAttestation() bool {
	return d.Annotations[attestationAnnotation] == "attestation-manifest" || kindOf(d.ArtifactType) == KindAttestation ||
		d.Platform != nil && d.Platform.OS == "unknown" && d.Platform.Architecture == "unknown"
}

// SubjectOfTag reads a tag that stands for what refers to a manifest, of which
// registries and clients make use that know no referrers: sha256-<hex> for an
// index of them (KindIndex), and with .sig, .att or .sbom behind it for what
// cosign signed or attached.
//
// Sources: the referrers tag schema of the distribution specification, and
// cosign's signature specification. A tag for a digest of sha384 or sha512 is
// cut short, and tells no digest.
func SubjectOfTag(tag string) (subject digest.Digest, kind Kind, ok bool) {
	hex, ok := strings.CutPrefix(tag, "sha256-")
	if !ok {
		return "", "", false
	}
	hex, suffix, dotted := strings.Cut(hex, ".")
	switch {
	case !layout.ValidHex("sha256", hex):
		return "", "", false
	case !dotted:
		kind = KindIndex
	case suffix == "sig":
		kind = KindSignature
	case suffix == "att":
		kind = KindAttestation
	case suffix == "sbom":
		kind = KindSBOM
	default:
		return "", "", false
	}
	return digest.NewDigestFromEncoded(digest.SHA256, hex), kind, true
}
