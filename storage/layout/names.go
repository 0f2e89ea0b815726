package layout

import (
	"bytes"
	"strings"

	"github.com/opencontainers/go-digest"
)

// hexLength is the length of the encoded part of each digest algorithm that a
// registry can verify.
func hexLength[T string | []byte](algorithm T) int {
	switch string(algorithm) {
	case "sha256":
		return 64
	case "sha384":
		return 96
	case "sha512":
		return 128
	}
	return 0
}

// ValidAlgorithm reports whether the algorithm is one whose digests can be
// verified: sha256, sha384, sha512.
func ValidAlgorithm(algorithm string) bool { return hexLength(algorithm) > 0 }

// ValidHex reports whether hex is the encoded part of a digest of the
// algorithm: lower-case hexadecimal digits in the right number.
func ValidHex(algorithm, hex string) bool {
	return validHex(algorithm, hex)
}

func validHex[T string | []byte](algorithm, hex T) bool {
	return len(hex) > 0 && len(hex) == hexLength(algorithm) && isHex(hex)
}

// IsHex reports whether s has lower-case hexadecimal digits alone.
func IsHex(s string) bool { return isHex(s) }

// isHex sees every name of a digest, hence the table.
func isHex[T string | []byte](s T) bool {
	var other uint8
	for i := 0; i < len(s); i++ {
		other |= notHex[s[i]]
	}
	return other == 0
}

// notHex is 1 for every byte that is no lower-case hexadecimal digit.
var notHex = func() (table [256]uint8) {
	for c := range table {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			table[c] = 1
		}
	}
	return table
}()

// ParseDigest reads the text of a digest, as links and manifests hold it. It
// accepts the algorithms of [ValidAlgorithm] alone.
func ParseDigest(s string) (digest.Digest, bool) {
	algorithm, hex, ok := strings.Cut(s, ":")
	if !ok || !ValidHex(algorithm, hex) {
		return "", false
	}
	return digest.Digest(s), true
}

// IsDigest reports whether the text is a digest, as [ParseDigest] does, without
// making a string of it.
func IsDigest(text []byte) bool {
	algorithm, hex, ok := bytes.Cut(text, []byte(":"))
	return ok && validHex(algorithm, hex)
}

// ParseLink reads the content of a link file: a digest. White space around it
// is forgiven.
func ParseLink(content []byte) (digest.Digest, bool) {
	return ParseDigest(strings.TrimSpace(string(content)))
}

// validDigest is ParseDigest for a value that claims to be one.
func validDigest(d digest.Digest) bool {
	_, ok := ParseDigest(string(d))
	return ok
}

// MaxNameLength is the longest repository name that a registry accepts.
// Source: the reference grammar of CNCF Distribution.
const MaxNameLength = 255

// ValidRepository reports whether a registry could have made a repository of
// this name: components of lower-case letters and digits, with single
// separators (".", "_", "__", dashes) inside, joined by slashes. Before those
// there may be one that looks like a domain.
// Source: the "name" rule of the distribution specification, and the grammar
// of package reference, without what storage drivers refuse (ports, brackets).
func ValidRepository(name string) bool {
	if name == "" || len(name) > MaxNameLength {
		return false
	}
	if first, rest, ok := strings.Cut(name, "/"); ok && validDomain(first) {
		name = rest
	}
	for component := range strings.SplitSeq(name, "/") {
		if !validComponent(component) {
			return false
		}
	}
	return true
}

// validDomain is labels of letters, digits and inner dashes, joined by dots.
func validDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' || strings.Contains(label, "_") || !wordBytes(label) {
			return false
		}
	}
	return true
}

// validComponent is [a-z0-9]+(([.]|_{1,2}|-+)[a-z0-9]+)*
func validComponent(s string) bool {
	if s == "" || !alphanumeric(s[0]) || !alphanumeric(s[len(s)-1]) {
		return false
	}
	for i := 0; i < len(s); {
		if alphanumeric(s[i]) {
			i++
			continue
		}
		separator := s[i]
		run := 0
		for s[i] == separator { // ends: the last byte is alphanumeric
			run++
			i++
		}
		switch {
		case !alphanumeric(s[i]):
			return false
		case separator == '-':
		case separator == '.' && run == 1:
		case separator == '_' && run <= 2:
		default:
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// ValidTag reports whether tag follows the specification's grammar:
// [A-Za-z0-9_][A-Za-z0-9._-]{0,127}
func ValidTag(tag string) bool {
	return len(tag) > 0 && len(tag) <= 128 && tag[0] != '.' && tag[0] != '-' && wordBytes(tag)
}

// ValidUpload reports whether id can be the name of an upload. Registries use
// UUIDs; forks use other words.
func ValidUpload(id string) bool {
	return len(id) > 0 && len(id) <= 128 && id[0] != '.' && id[0] != '_' && wordBytes(id)
}

func wordBytes(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !alphanumeric(c) && (c < 'A' || c > 'Z') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
