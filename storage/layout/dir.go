package layout

import "strings"

// Dir is a directory of the tree, below blobs/ or repositories/, that can be
// empty. The zero value is none.
type Dir struct{ prefix string }

// ParseDir reads the prefix of a directory. It reports false for directories
// that a registry does not make, and for blobs/, repositories/ and what is
// above them.
func ParseDir(prefix string) (Dir, bool) {
	trimmed, ok := strings.CutSuffix(prefix, "/")
	if !ok {
		return Dir{}, false
	}
	if rest, ok := strings.CutPrefix(trimmed, Blobs); ok {
		return Dir{prefix}, blobDir(strings.Split(rest, "/"))
	}
	rest, ok := strings.CutPrefix(trimmed, Repositories)
	if !ok {
		return Dir{}, false
	}
	name, inside, ok := strings.Cut(rest, "/_")
	if !ValidRepository(name) {
		return Dir{}, false
	}
	return Dir{prefix}, !ok || repositoryDir(strings.Split(inside, "/"))
}

// Prefix formats the directory, with its slash at the end.
func (d Dir) Prefix() string { return d.prefix }

func blobDir(part []string) bool {
	if len(part) > 3 || !ValidAlgorithm(part[0]) || len(part) > 1 && (len(part[1]) != 2 || !IsHex(part[1])) {
		return false
	}
	return len(part) < 3 || ValidHex(part[0], part[2]) && part[2][:2] == part[1]
}

// repositoryDir checks the components below "<name>/_".
func repositoryDir(part []string) bool {
	switch part[0] {
	case "layers":
		return digestDir(part[1:])
	case "uploads":
		return uploadDir(part[1:])
	case "manifests":
	default:
		return false
	}
	switch {
	case len(part) == 1:
		return true
	case part[1] == "revisions":
		return digestDir(part[2:]) ||
			len(part) > 4 && digestDir(part[2:4]) && part[4] == "signatures" && digestDir(part[5:])
	case part[1] == "tags":
		return tagDir(part[2:])
	}
	return false
}

// digestDir checks [<alg>[/<hex>]].
func digestDir(part []string) bool {
	switch len(part) {
	case 0:
		return true
	case 1:
		return ValidAlgorithm(part[0])
	}
	return len(part) == 2 && ValidHex(part[0], part[1])
}

// tagDir checks [<tag>[/current|/index[/<alg>[/<hex>]]]].
func tagDir(part []string) bool {
	if len(part) == 0 {
		return true
	}
	if !ValidTag(part[0]) {
		return false
	}
	return len(part) == 1 || len(part) == 2 && part[1] == "current" || part[1] == "index" && digestDir(part[2:])
}

// uploadDir checks [<id>[/hashstates[/<alg>]]].
func uploadDir(part []string) bool {
	switch len(part) {
	case 0:
		return true
	case 1:
		return ValidUpload(part[0])
	}
	return ValidUpload(part[0]) && part[1] == "hashstates" && len(part) <= 3 && (len(part) < 3 || ValidAlgorithm(part[2]))
}

// Homes returns the directories that hold the path's key and nothing else that
// a registry writes, the deepest first: they are of no use once the key is
// gone.
func (p Path) Homes() []Dir {
	key, err := p.Key()
	if err != nil {
		return nil
	}
	levels := 1
	switch p.Kind {
	case SignatureLink: // <hex>, <alg>, signatures, and the revision's own
		levels = 4
	case UploadHashState: // <alg>, hashstates, <id>
		levels = 3
	}
	dirs := make([]Dir, 0, levels)
	for range levels {
		key = key[:strings.LastIndexByte(strings.TrimSuffix(key, "/"), '/')+1]
		dirs = append(dirs, Dir{key})
	}
	return dirs
}
