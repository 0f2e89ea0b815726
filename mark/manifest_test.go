package mark

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

var (
	digestA = digest.FromString("a")
	digestB = digest.FromString("b")
	digestC = digest.SHA512.FromString("c")
)

// describe shows a document in short: its digests, with m for manifests, p for
// those that may be one, f for foreign, and s for the subject.
func describe(d document) string {
	if !d.known {
		return "unknown"
	}
	names := map[string]string{digestA.String(): "A", digestB.String(): "B", digestC.String(): "C"}
	var parts []string
	for _, r := range d.references {
		part := names[string(r.digest)]
		for flag, set := range map[string]bool{"m": r.manifest, "p": r.untyped && !r.manifest, "f": r.noSize} {
			if set {
				part += flag
			}
		}
		parts = append(parts, part)
	}
	if d.subject != nil {
		parts = append(parts, names[string(d.subject)]+"s")
	}
	return strings.Join(parts, " ")
}

func TestParse(t *testing.T) {
	const (
		manifest = `"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"`
		index    = `"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"`
		layer    = `"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":3`
	)
	for name, test := range map[string]struct{ content, want string }{
		"manifest":              {`{` + manifest + `,"config":{` + layer + `,"digest":"$A"},"layers":[{` + layer + `,"digest":"$B"}]}`, "A B"},
		"no media type":         {`{"schemaVersion":2,"config":{` + layer + `,"digest":"$A"}}`, "A"},
		"no version, no type":   {`{"config":{"digest":"$A"}}`, "unknown"},
		"index":                 {`{` + index + `,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"$A"},{` + layer + `,"digest":"$B"}]}`, "Am B"},
		"child without type":    {`{` + index + `,"manifests":[{"digest":"$A"}]}`, "Ap"},
		"child of a later type": {`{` + index + `,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v9+json","digest":"$A"}]}`, "Am"},
		"subject":               {`{` + manifest + `,"subject":{"digest":"$A"},"layers":[{` + layer + `,"digest":"$B"}]}`, "B As"},
		"two subjects":          {`{` + manifest + `,"subject":{"digest":"$A"},"subject":{"digest":"$B"}}`, "unknown"},
		"artifact":              {`{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[{` + layer + `,"digest":"$A"}]}`, "A"},
		"schema 1":              {`{"schemaVersion":1,"fsLayers":[{"blobSum":"$A"},{"blobSum":"$B"}]}`, "A B"},
		"foreign":               {`{` + manifest + `,"layers":[{` + layer + `,"digest":"$A","urls":["https://x"]}]}`, "Af"},
		"annotations":           {`{` + manifest + `,"annotations":{"org.opencontainers.image.base.digest":"$A"},"layers":[]}`, ""},
		"sha512":                {`{` + manifest + `,"layers":[{` + layer + `,"digest":"$C"}]}`, "C"},
		"a field of tomorrow":   {`{` + manifest + `,"layers":[],"extras":{"x":[{` + layer + `,"digest":"$A"}]}}`, "A"},
		"repeated layers":       {`{` + manifest + `,"layers":[{` + layer + `,"digest":"$A"}],"layers":[{` + layer + `,"digest":"$B"}]}`, "unknown"},
		"repeated digest":       {`{` + manifest + `,"layers":[{` + layer + `,"digest":"$A","digest":"$B"}]}`, "unknown"},
		"subject, then null":    {`{` + manifest + `,"subject":{"digest":"$A","digest":null}}`, "unknown"},
		"digest and blobSum":    {`{` + manifest + `,"subject":{"digest":"$A","blobSum":"$B"}}`, "unknown"},
		"two media types":       {`{` + manifest + `,"mediaType":"application/vnd.oci.image.index.v1+json"}`, "unknown"},
		"in another case":       {`{` + manifest + `,"LAYERS":[{` + layer + `,"Digest":"$A"}]}`, "A"},
		"with escapes":          {`{` + manifest + `,"lay\u0065rs":[{` + layer + `,"digest":"` + strings.Replace(digestA.String(), "sha", `\u0073ha`, 1) + `"}]}`, "A"},
		"nulls":                 {`{` + manifest + `,"config":null,"layers":null,"manifests":null,"subject":null}`, ""},
		"media type parameters": {`{"mediaType":"application/vnd.oci.image.index.v1+json; charset=utf-8","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"$A"}]}`, "Am"},
		"unknown media type":    {`{"schemaVersion":2,"mediaType":"application/vnd.example","layers":[]}`, "unknown"},
		"layers that are none":  {`{` + manifest + `,"layers":"$A"}`, "unknown"},
		"upper-case digest":     {`{` + manifest + `,"layers":[{` + layer + `,"digest":"` + strings.ToUpper(digestA.String()) + `"}]}`, "unknown"},
		"truncated":             {`{` + manifest + `,"layers":[{"digest":"$A"`, "unknown"},
		"rubbish after it":      {`{` + manifest + `,"layers":[]} x`, "unknown"},
		"an array":              {`[]`, "unknown"},
		"empty":                 {``, "unknown"},
		"a config":              {`{"architecture":"amd64","config":{"Env":[]},"rootfs":{"type":"layers","diff_ids":["$A"]}}`, "unknown"},
	} {
		content := strings.NewReplacer("$A", digestA.String(), "$B", digestB.String(), "$C", digestC.String()).Replace(test.content)
		if got := describe(parse([]byte(content), nil)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestParseNests(t *testing.T) {
	for depth, want := range map[int]bool{9_000: true, 11_000: false, 1_000_000: false} {
		content := `{"schemaVersion":2,"layers":[],"x":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`
		if got := parse([]byte(content), nil).known; got != want {
			t.Errorf("nested %d deep: known %v", depth, got)
		}
	}
}

func TestDigestsIn(t *testing.T) {
	a, c := digestA.String(), digestC.String()
	for content, want := range map[string][]digest.Digest{
		"":                 nil,
		"sha256:":          nil,
		"sha256:" + a:      {digestA},
		a + a + "x" + c:    {digestA, digestC},
		a[:len(a)-1]:       nil,
		strings.ToUpper(a): nil,
		`{"x":"` + a + `","y":"` + strings.Replace(digestB.String(), ":", `\u003a`, 1) + `"`: {digestA, digestB},
	} {
		if got := digestsIn([]byte(content)); !slices.Equal(got, want) {
			t.Errorf("%.20s...: %v, want %v", content, got, want)
		}
	}
}

// standard is what a registry written in Go reads from a manifest.
type standard struct {
	SchemaVersion int64       `json:"schemaVersion"`
	MediaType     string      `json:"mediaType"`
	Config        *described  `json:"config"`
	Layers        []described `json:"layers"`
	Blobs         []described `json:"blobs"`
	Manifests     []described `json:"manifests"`
	FSLayers      []struct {
		BlobSum string `json:"blobSum"`
	} `json:"fsLayers"`
}

type described struct {
	Digest string `json:"digest"`
}

// FuzzReferences holds that parsing never panics, that what it takes for a
// manifest is valid JSON, and that it finds every reference that the standard
// library finds.
func FuzzReferences(f *testing.F) {
	for _, mediaType := range []string{"", "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.v2+json", "x"} {
		for _, field := range []string{"layers", "blobs", "manifests", "fsLayers", "extras", "lAyErS"} {
			f.Add(fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":{"digest":%q},%q:[{"digest":%q,"blobSum":%q,"size":1e2}],"subject":null}`,
				mediaType, digestA, field, digestB, digestC))
		}
	}
	f.Add([]byte(`{"schemaVersion":1,"fsLayers":[{"blobSum":"` + digestA.String() + `"}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		doc := parse(content, nil)
		anywhere := digestsIn(content)
		if !doc.known {
			return
		}
		if !json.Valid(content) {
			t.Fatalf("taken for a manifest, but it is no JSON: %q", content)
		}
		found := map[string]bool{}
		for _, r := range doc.references {
			found[string(r.digest)] = true
			if !slices.Contains(anywhere, digest.Digest(r.digest)) {
				t.Fatalf("%s is not in the bytes", r.digest)
			}
		}
		var want standard
		if json.Unmarshal(content, &want) != nil {
			return // a registry would refuse it
		}
		all := append(append(want.Layers, want.Blobs...), want.Manifests...)
		if want.Config != nil {
			all = append(all, *want.Config)
		}
		for _, l := range want.FSLayers {
			all = append(all, described{l.BlobSum})
		}
		for _, r := range all {
			if _, valid := layout.ParseDigest(r.Digest); valid && !found[r.Digest] {
				t.Fatalf("%s is lost from %q", r.Digest, content)
			}
		}
	})
}
