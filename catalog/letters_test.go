package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/opencontainers/go-digest"
)

// Catalogs of these tests are made of letters: capitals are manifests, small
// ones other blobs. Each weighs another power of two, so that a number of bytes
// tells the letters in it.

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func named(letter rune) digest.Digest { return digest.FromString(string(letter)) }

func isManifest(letter rune) bool { return letter >= 'A' && letter <= 'Z' }

func weight(letters string) (bytes int64) {
	for _, letter := range letters {
		bytes |= 1 << strings.IndexRune(alphabet, letter)
	}
	return bytes
}

// spell is the inverse of weight.
func spell(bytes int64) string {
	var b strings.Builder
	for i := range len(alphabet) {
		if bytes&(1<<i) != 0 {
			b.WriteByte(alphabet[i])
		}
	}
	return b.String()
}

func spellDigests(digests []digest.Digest) string {
	var b strings.Builder
	for _, d := range digests {
		i := strings.IndexFunc(alphabet, func(r rune) bool { return named(r) == d })
		b.WriteByte(("?" + alphabet)[i+1])
	}
	return b.String()
}

// letterManifest makes a manifest that needs some letters, of which there may
// be a subject after an arrow: "ab>C".
func letterManifest(name rune, needs string) *Manifest {
	m := &Manifest{Digest: named(name), State: Understood, Size: weight(string(name)), MediaType: "application/vnd.oci.image.manifest.v1+json"}
	needs, subject, refers := strings.Cut(needs, ">")
	if refers {
		m.Subject = named(rune(subject[0]))
	}
	for _, letter := range needs {
		m.References = append(m.References, mark.Reference{Digest: named(letter), Manifest: isManifest(letter)})
		d := Descriptor{Digest: named(letter), Size: weight(string(letter))}
		if isManifest(letter) {
			m.Manifests = append(m.Manifests, d)
		} else {
			m.Layers = append(m.Layers, d)
		}
	}
	return m
}

// letterRepository links the capitals in linked, and has tags such as "v1=A".
func letterRepository(name, linked, tags string, manifests ...*Manifest) *Repository {
	r := &Repository{Name: name, Manifests: map[digest.Digest]*Manifest{}}
	for _, letter := range linked {
		r.Revisions = append(r.Revisions, Revision{Digest: named(letter)})
	}
	slices.SortFunc(r.Revisions, func(a, b Revision) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
	for tag := range strings.FieldsSeq(tags) {
		name, letter, _ := strings.Cut(tag, "=")
		t := Tag{Name: name, Broken: letter == ""}
		if letter != "" {
			t.Digest = named(rune(letter[0]))
		}
		r.Tags = append(r.Tags, t)
	}
	for _, m := range manifests {
		r.Manifests[m.Digest] = m
	}
	return r
}

func sortedLetters(s string) string {
	letters := []rune(s)
	slices.Sort(letters)
	return string(letters)
}

func TestLetters(t *testing.T) {
	if got := spell(weight("Zza")); got != "azZ" {
		t.Errorf("the weight of a, z and Z is that of %q", got)
	}
}
