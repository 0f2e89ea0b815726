package layout

import (
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Prefixes of the tree. All end in a slash.
const (
	Root         = "docker/registry/v2/"
	Blobs        = Root + "blobs/"
	Repositories = Root + "repositories/"
)

// Kind is what a key of the tree holds.
type Kind uint8

// The kinds of key.
const (
	BlobData        Kind = iota + 1 // Digest
	LayerLink                       // Repository, Digest
	RevisionLink                    // Repository, Digest
	SignatureLink                   // Repository, Digest (of the revision), Signature
	TagLink                         // Repository, Tag: what the tag names now
	TagIndexLink                    // Repository, Tag, Digest: what it names or named
	UploadData                      // Repository, Upload
	UploadStartedAt                 // Repository, Upload
	UploadHashState                 // Repository, Upload, Algorithm, Offset
)

// Path is a key of the tree, taken apart. Kind says which fields count.
type Path struct {
	Kind       Kind
	Repository string
	Tag        string
	Upload     string
	Digest     digest.Digest
	Signature  digest.Digest
	Algorithm  string
	Offset     string
}

// Parse reads a key. It reports false for every key that a registry does not
// write; such keys are strangers.
func Parse(key string) (Path, bool) {
	if rest, ok := strings.CutPrefix(key, Blobs); ok {
		return parseBlob(rest)
	}
	rest, ok := strings.CutPrefix(key, Repositories)
	if !ok {
		return Path{}, false
	}
	// Components of names never begin with an underscore, so the first one
	// that does ends the name.
	name, rest, ok := strings.Cut(rest, "/_")
	if !ok || !ValidRepository(name) {
		return Path{}, false
	}
	area, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return Path{}, false
	}
	var p Path
	switch area {
	case "layers":
		p, ok = parseLayer(rest)
	case "manifests":
		p, ok = parseManifests(rest)
	case "uploads":
		p, ok = parseUpload(rest)
	default:
		return Path{}, false
	}
	if !ok {
		return Path{}, false
	}
	p.Repository = name
	return p, true
}

func parseBlob(rest string) (Path, bool) {
	var part [5]string
	if split(rest, part[:]) != 4 || part[3] != "data" {
		return Path{}, false
	}
	d, ok := digestOf(part[0], part[2])
	if !ok || part[1] != part[2][:2] {
		return Path{}, false
	}
	return Path{Kind: BlobData, Digest: d}, true
}

func parseLayer(rest string) (Path, bool) {
	var part [4]string
	if split(rest, part[:]) != 3 || part[2] != "link" {
		return Path{}, false
	}
	d, ok := digestOf(part[0], part[1])
	return Path{Kind: LayerLink, Digest: d}, ok
}

func parseManifests(rest string) (Path, bool) {
	var part [8]string
	n := split(rest, part[:])
	if n < 4 || part[n-1] != "link" {
		return Path{}, false
	}
	switch {
	case part[0] == "revisions" && n == 4:
		d, ok := digestOf(part[1], part[2])
		return Path{Kind: RevisionLink, Digest: d}, ok
	case part[0] == "revisions" && n == 7 && part[3] == "signatures":
		d, ok := digestOf(part[1], part[2])
		signature, sigOK := digestOf(part[4], part[5])
		return Path{Kind: SignatureLink, Digest: d, Signature: signature}, ok && sigOK
	case part[0] == "tags" && n == 4 && part[2] == "current":
		return Path{Kind: TagLink, Tag: part[1]}, ValidTag(part[1])
	case part[0] == "tags" && n == 6 && part[2] == "index":
		d, ok := digestOf(part[3], part[4])
		return Path{Kind: TagIndexLink, Tag: part[1], Digest: d}, ok && ValidTag(part[1])
	}
	return Path{}, false
}

func parseUpload(rest string) (Path, bool) {
	var part [5]string
	n := split(rest, part[:])
	if n < 2 || !ValidUpload(part[0]) {
		return Path{}, false
	}
	switch {
	case n == 2 && part[1] == "data":
		return Path{Kind: UploadData, Upload: part[0]}, true
	case n == 2 && part[1] == "startedat":
		return Path{Kind: UploadStartedAt, Upload: part[0]}, true
	case n == 4 && part[1] == "hashstates" && ValidAlgorithm(part[2]) && validOffset(part[3]):
		return Path{Kind: UploadHashState, Upload: part[0], Algorithm: part[2], Offset: part[3]}, true
	}
	return Path{}, false
}

// split cuts s at slashes into parts and returns how many there are; where
// there are more than fit, len(parts).
func split(s string, parts []string) int {
	for i := range parts {
		before, after, more := strings.Cut(s, "/")
		parts[i] = before
		if !more {
			return i + 1
		}
		s = after
	}
	return len(parts)
}

func digestOf(algorithm, hex string) (digest.Digest, bool) {
	if !ValidHex(algorithm, hex) {
		return "", false
	}
	return digest.Digest(algorithm + ":" + hex), true
}

func validOffset(s string) bool {
	if len(s) == 0 || len(s) > 19 || s[0] == '0' && len(s) > 1 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Key formats the path. It fails when a field that Kind needs does not follow
// the grammar, so every key it returns parses to the same Path and lies under
// [Root].
func (p Path) Key() (string, error) {
	if p != p.significant() || !p.valid() {
		return "", fmt.Errorf("layout: no key for %+v", p)
	}
	return p.format(), nil
}

// significant returns the path with only the fields that its kind has.
func (p Path) significant() Path {
	s := Path{Kind: p.Kind, Repository: p.Repository}
	switch p.Kind {
	case BlobData:
		s = Path{Kind: p.Kind, Digest: p.Digest}
	case LayerLink, RevisionLink:
		s.Digest = p.Digest
	case SignatureLink:
		s.Digest, s.Signature = p.Digest, p.Signature
	case TagLink:
		s.Tag = p.Tag
	case TagIndexLink:
		s.Tag, s.Digest = p.Tag, p.Digest
	case UploadData, UploadStartedAt:
		s.Upload = p.Upload
	case UploadHashState:
		s.Upload, s.Algorithm, s.Offset = p.Upload, p.Algorithm, p.Offset
	}
	return s
}

// valid reports whether the fields that the kind has follow the grammar.
func (p Path) valid() bool {
	if p.Kind == BlobData {
		return validDigest(p.Digest)
	}
	if !ValidRepository(p.Repository) {
		return false
	}
	switch p.Kind {
	case LayerLink, RevisionLink:
		return validDigest(p.Digest)
	case SignatureLink:
		return validDigest(p.Digest) && validDigest(p.Signature)
	case TagLink:
		return ValidTag(p.Tag)
	case TagIndexLink:
		return ValidTag(p.Tag) && validDigest(p.Digest)
	case UploadData, UploadStartedAt:
		return ValidUpload(p.Upload)
	case UploadHashState:
		return ValidUpload(p.Upload) && ValidAlgorithm(p.Algorithm) && validOffset(p.Offset)
	}
	return false
}

// format puts the key of a valid path together, in one piece.
func (p Path) format() string {
	algorithm, hex, _ := strings.Cut(string(p.Digest), ":")
	switch p.Kind {
	case BlobData:
		return Blobs + algorithm + "/" + hex[:2] + "/" + hex + "/data"
	case LayerLink:
		return Repositories + p.Repository + "/_layers/" + algorithm + "/" + hex + "/link"
	case RevisionLink:
		return Repositories + p.Repository + "/_manifests/revisions/" + algorithm + "/" + hex + "/link"
	case SignatureLink:
		of, signature, _ := strings.Cut(string(p.Signature), ":")
		return Repositories + p.Repository + "/_manifests/revisions/" + algorithm + "/" + hex +
			"/signatures/" + of + "/" + signature + "/link"
	case TagLink:
		return Repositories + p.Repository + "/_manifests/tags/" + p.Tag + "/current/link"
	case TagIndexLink:
		return Repositories + p.Repository + "/_manifests/tags/" + p.Tag + "/index/" + algorithm + "/" + hex + "/link"
	case UploadData:
		return Repositories + p.Repository + "/_uploads/" + p.Upload + "/data"
	case UploadStartedAt:
		return Repositories + p.Repository + "/_uploads/" + p.Upload + "/startedat"
	case UploadHashState:
		return Repositories + p.Repository + "/_uploads/" + p.Upload + "/hashstates/" + p.Algorithm + "/" + p.Offset
	}
	return ""
}

// BlobKey is the key of a blob's bytes. The digest must be one that
// [ParseDigest] accepts; for any other it is the empty string.
func BlobKey(d digest.Digest) string {
	if !validDigest(d) {
		return ""
	}
	return Path{Kind: BlobData, Digest: d}.format()
}

// Repository is the prefix of a repository's own directory.
func Repository(name string) string { return Repositories + name + "/" }
