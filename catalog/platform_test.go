package catalog

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPlatformString(t *testing.T) {
	for want, p := range map[string]Platform{
		"linux/amd64": {OS: "linux", Architecture: "amd64"}, "linux/arm/v7": {OS: "linux", Architecture: "arm", Variant: "v7"},
		"windows/amd64": {OS: "windows", Architecture: "amd64", OSVersion: "10.0"}, "": {}, "linux/": {OS: "linux"},
	} {
		if got := p.String(); got != want {
			t.Errorf("%+v is %q", p, got)
		}
	}
}

// platforms has an index C of images A (amd64) and B (arm64), an attestation D,
// a child E that is absent, and another windows image that is described twice;
// an index F of C; and an index G of itself.
func platforms() *Repository {
	image := func(letter rune, created int, arch string, labels ...string) *Manifest {
		m := letterManifest(letter, "")
		m.Config = &Descriptor{MediaType: ociConfig}
		m.Image = &Image{Platform: Platform{OS: "linux", Architecture: arch}, Labels: map[string]string{}}
		if created > 0 {
			m.Image.Created = time.Unix(int64(created), 0)
		}
		for _, label := range labels {
			m.Image.Labels[label[:1]] = label[1:]
		}
		return m
	}
	index := func(letter rune, children string) *Manifest {
		m := letterManifest(letter, children)
		m.MediaType = ociIndex
		return m
	}
	c := index('C', "ABD")
	c.Manifests[0].Platform = &Platform{OS: "linux", Architecture: "amd64", Variant: "v3"} // as the index has it
	c.Manifests[2].Platform = &Platform{OS: "unknown", Architecture: "unknown"}
	windows := index('W', "XYZ")
	for i := range windows.Manifests {
		windows.Manifests[i].Platform = &Platform{OS: "windows", Architecture: "amd64", OSVersion: fmt.Sprint(i)}
	}
	absent := &Manifest{Digest: named('E'), State: Absent}
	attestation := image('D', 900, "unknown", "ax")
	unread := image('U', 0, "")
	unread.Image = nil
	return letterRepository("r", "", "",
		image('A', 100, "amd64", "ax", "by"), image('B', 200, "arm64", "ax", "bz", "cx"), c, attestation, absent,
		index('F', "CAE"), index('G', "GA"), windows, unread, index('H', "AU"), index('I', "BA"))
}

func TestPlatforms(t *testing.T) {
	r := platforms()
	for letter, want := range map[rune]string{
		'A': "[linux/amd64]", 'B': "[linux/arm64]", 'C': "[linux/amd64/v3 linux/arm64]", 'F': "[linux/amd64/v3 linux/arm64]",
		'G': "[linux/amd64]", 'E': "[]", 'U': "[]", 'W': "[windows/amd64]", 'H': "[linux/amd64]",
	} {
		if got := fmt.Sprint(r.Platforms(r.Manifests[named(letter)])); got != want {
			t.Errorf("%c runs on %s, not %s", letter, got, want)
		}
	}
}

func TestCreated(t *testing.T) {
	r := platforms()
	for letter, want := range map[rune]int64{'A': 100, 'B': 200, 'C': 200, 'F': 200, 'G': 100, 'H': 100, 'I': 200} {
		if got := r.Created(r.Manifests[named(letter)]); got.Unix() != want {
			t.Errorf("%c was made at %d, not %d", letter, got.Unix(), want)
		}
	}
	for _, letter := range "EUW" {
		if got := r.Created(r.Manifests[named(letter)]); !got.IsZero() {
			t.Errorf("%c was made at %d", letter, got.Unix())
		}
	}
}

func TestLabels(t *testing.T) {
	r := platforms()
	for letter, want := range map[rune]map[string]string{
		'A': {"a": "x", "b": "y"}, 'B': {"a": "x", "b": "z", "c": "x"}, 'C': {"a": "x"}, 'G': {"a": "x", "b": "y"},
		'F': {}, 'H': {}, 'U': {}, 'W': {},
	} {
		got := r.Labels(r.Manifests[named(letter)])
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%c: %s", letter, d)
		}
		got["mine"] = "" // a caller's own
		if again := r.Labels(r.Manifests[named(letter)]); cmp.Diff(want, again) != "" {
			t.Errorf("%c: labels are shared", letter)
		}
	}
}
