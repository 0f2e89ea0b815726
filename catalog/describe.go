package catalog

import (
	"encoding/json"
	"errors"
	"strings"
	"unique"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// describe fills a manifest with what its document says.
func (m *Manifest) describe(doc mark.Document) {
	m.Size = int64(len(doc.Content))
	m.References = doc.References
	for i := range m.References {
		m.References[i].Digest = intern(m.References[i].Digest)
	}
	m.Subject = doc.Subject
	m.State = stateOf(doc.Fault)
	if m.State != Understood {
		return
	}
	// What marking has understood is JSON of the right shape where it counts;
	// what people look at may be missing.
	var says struct {
		MediaType    string            `json:"mediaType"`
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
		Config       *descriptor       `json:"config"`
		Layers       []descriptor      `json:"layers"`
		Blobs        []descriptor      `json:"blobs"`
		Manifests    []descriptor      `json:"manifests"`
		FSLayers     []struct {
			BlobSum digest.Digest `json:"blobSum"`
		} `json:"fsLayers"`
	}
	if err := json.Unmarshal(doc.Content, &says); err != nil {
		says.MediaType = ""
	}
	m.ArtifactType, m.Annotations = says.ArtifactType, says.Annotations
	if says.Config != nil && says.Config.Digest != "" {
		config := says.Config.descriptor()
		m.Config = &config
	}
	for _, d := range append(says.Layers, says.Blobs...) {
		m.Layers = append(m.Layers, d.descriptor())
	}
	for _, d := range says.Manifests {
		m.Manifests = append(m.Manifests, d.descriptor())
	}
	for _, l := range says.FSLayers {
		m.Layers = append(m.Layers, Descriptor{Digest: l.BlobSum})
	}
	m.MediaType = mediaType(says.MediaType, m, len(says.FSLayers) > 0)
}

const (
	schema1Type       = "application/vnd.docker.distribution.manifest.v1+json"
	schema1SignedType = "application/vnd.docker.distribution.manifest.v1+prettyjws"
)

// schema1 tells the manifests of Docker's first schema.
func (m *Manifest) schema1() bool {
	return m.MediaType == schema1Type || m.MediaType == schema1SignedType
}

// mediaType is that of a manifest, also of one that does not say it.
func mediaType(said string, m *Manifest, schema1 bool) string {
	said, _, _ = strings.Cut(said, ";")
	switch {
	case said != "":
		return said
	case schema1:
		return schema1Type
	case m.Manifests != nil && m.Config == nil:
		return v1.MediaTypeImageIndex
	}
	return v1.MediaTypeImageManifest
}

// descriptor is one as manifests hold it.
type descriptor struct {
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType"`
	Digest       digest.Digest     `json:"digest"`
	Size         int64             `json:"size"`
	URLs         []string          `json:"urls"`
	Annotations  map[string]string `json:"annotations"`
	Platform     *struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
		Variant      string `json:"variant"`
		OSVersion    string `json:"os.version"`
	} `json:"platform"`
}

// intern keeps one copy of what many manifests say.
func intern[S ~string](s S) S { return S(unique.Make(string(s)).Value()) }

func (d descriptor) descriptor() Descriptor {
	to := Descriptor{
		MediaType: intern(d.MediaType), ArtifactType: intern(d.ArtifactType), Digest: intern(d.Digest), Size: max(d.Size, 0),
		Annotations: d.Annotations, Foreign: len(d.URLs) > 0,
	}
	if d.Platform != nil {
		to.Platform = &Platform{d.Platform.OS, d.Platform.Architecture, d.Platform.Variant, d.Platform.OSVersion}
	}
	return to
}

func stateOf(fault error) State {
	switch {
	case fault == nil:
		return Understood
	case errors.Is(fault, mark.ErrAbsent):
		return Absent
	case errors.Is(fault, mark.ErrCorrupt):
		return Corrupt
	case errors.Is(fault, mark.ErrOversized):
		return Oversized
	case errors.Is(fault, mark.ErrIrregular):
		return Irregular
	}
	return Unknown
}
