package distribution

import (
	"strings"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// kindOf tells what a name in a directory of the registry's tree is, or zero
// where its shape does not tell.
func kindOf(prefix, name string) storage.EntryKind {
	if rest, ok := strings.CutPrefix(prefix, layout.Blobs); ok {
		return kindInBlobs(split(rest), name)
	}
	rest, ok := strings.CutPrefix(prefix, layout.Repositories)
	if !ok {
		return 0
	}
	// The areas of a repository begin with an underscore, its names never do.
	i := strings.Index("/"+rest, "/_")
	if i < 0 {
		return 0
	}
	parts := split(rest[i:])
	if i == 0 || !layout.ValidRepository(rest[:i-1]) {
		return 0
	}
	switch parts[0] {
	case "_layers":
		return kindInDigests(parts[1:], name)
	case "_manifests":
		return kindInManifests(parts[1:], name)
	case "_uploads":
		return kindInUploads(parts[1:], name)
	}
	return 0
}

// kindInBlobs tells the entries of blobs/<alg>/<xx>/<hex>/.
func kindInBlobs(dir []string, name string) storage.EntryKind {
	switch len(dir) {
	case 0:
		return directory(layout.ValidAlgorithm(name))
	case 1:
		return directory(layout.ValidAlgorithm(dir[0]) && len(name) == 2 && layout.IsHex(name))
	case 2:
		return directory(layout.ValidHex(dir[0], name) && strings.HasPrefix(name, dir[1]))
	case 3:
		return file(layout.ValidHex(dir[0], dir[2]) && name == "data")
	}
	return 0
}

// kindInDigests tells the entries of <alg>/<hex>/, where the link is.
func kindInDigests(dir []string, name string) storage.EntryKind {
	switch len(dir) {
	case 0:
		return directory(layout.ValidAlgorithm(name))
	case 1:
		return directory(layout.ValidHex(dir[0], name))
	case 2:
		return file(layout.ValidHex(dir[0], dir[1]) && name == "link")
	}
	return 0
}

// kindInManifests tells the entries of _manifests/.
func kindInManifests(dir []string, name string) storage.EntryKind {
	if len(dir) == 0 {
		return directory(name == "revisions" || name == "tags")
	}
	if dir[0] == "revisions" {
		return kindInDigests(dir[1:], name)
	}
	if dir[0] != "tags" {
		return 0
	}
	switch {
	case len(dir) == 1:
		return directory(layout.ValidTag(name))
	case len(dir) == 2:
		return directory(name == "current" || name == "index")
	case dir[2] == "index":
		return kindInDigests(dir[3:], name)
	case dir[2] == "current" && len(dir) == 3:
		return file(name == "link")
	}
	return 0
}

// kindInUploads tells the entries of _uploads/<id>/.
func kindInUploads(dir []string, name string) storage.EntryKind {
	switch len(dir) {
	case 0:
		return directory(layout.ValidUpload(name))
	case 1:
		if name == "hashstates" {
			return storage.EntryDir
		}
		return file(name == "data" || name == "startedat")
	}
	return 0
}

func directory(told bool) storage.EntryKind { return when(told, storage.EntryDir) }

func file(told bool) storage.EntryKind { return when(told, storage.EntryFile) }

func when(told bool, kind storage.EntryKind) storage.EntryKind {
	if told {
		return kind
	}
	return 0
}

// split cuts a prefix that ends in a slash into its components.
func split(prefix string) []string {
	if prefix == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(prefix, "/"), "/")
}
