package catalog

import (
	"time"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/opencontainers/go-digest"
)

// Catalog is what was read of a registry. It does not change once it is read.
type Catalog struct {
	// Repositories are sorted by name.
	Repositories []*Repository
	// Findings are the faults met on the way, in the order of their keys.
	Findings []mark.Finding
	// Unreadable says that what some manifest or link references cannot be known
	// (law 4), so that nothing can be said to be unneeded.
	Unreadable bool
}

// Repository is one repository of a catalog.
type Repository struct {
	Name string
	// Tags are sorted by name.
	Tags []Tag
	// Revisions are the manifests that the repository links, sorted by digest.
	Revisions []Revision
	// Manifests are those that can be reached from the repository's tags and
	// revisions, linked or not, by digest. One that several repositories reach
	// is one value.
	Manifests map[digest.Digest]*Manifest
	// Layers are the digests under which the repository has layer links, sorted.
	Layers []digest.Digest
	// Aliases are what those of them hold that are under another algorithm than
	// sha256, where it differs from their name (law 14).
	Aliases map[digest.Digest]digest.Digest
	// Uploads is how many unfinished uploads there are.
	Uploads int
	// Odd marks a name that no registry gives. Nothing in it may be removed.
	Odd bool
	// Unreadable is that of the catalog, for this repository.
	Unreadable bool
	// Hides says that a symbolic link stands where tags, revisions or links of
	// other algorithms than sha256 lie, so that there may be more of them than
	// are told here: a registry follows it, and nothing here does (law 13).
	Hides bool
}

// Tag is a name for a manifest.
type Tag struct {
	Name string
	// Digest is what the tag names; empty when its link is broken or absent.
	Digest digest.Digest
	// Pushed is the time of the tag's link: when it was last pushed or moved.
	// It is zero where it is not known.
	Pushed time.Time
	// History are the digests that the tag names or named, sorted.
	History []digest.Digest
	// Broken says that the tag has a link that holds no digest, or that is not
	// read for being a symbolic link.
	Broken bool
}

// MayName returns what a tag names or, when its link is broken, may name: what is
// in its history, or if it has none, any revision (law 15).
func (r *Repository) MayName(t Tag) []digest.Digest {
	switch {
	case t.Digest != "":
		return []digest.Digest{t.Digest}
	case !t.Broken:
		return nil
	case len(t.History) > 0:
		return t.History
	}
	all := make([]digest.Digest, len(r.Revisions))
	for i, revision := range r.Revisions {
		all[i] = revision.Digest
	}
	return all
}

// Revision is a manifest's link in a repository.
type Revision struct {
	Digest digest.Digest
	// Pushed is the time of the link; zero where it is not known.
	Pushed time.Time
	// Holds is the digest in the link, where it is read: under another algorithm
	// than sha256, when it differs (law 14). Else it is empty.
	Holds digest.Digest
	// Signatures are those that old registries linked below a revision of
	// schema 1.
	Signatures []digest.Digest
}

// State says how far a manifest could be read.
type State uint8

// The states.
const (
	// Understood: of a known type, and what the digest names.
	Understood State = iota + 1
	// Absent: its bytes are not there, seen twice.
	Absent
	// Unknown: of a type that is not known, or no manifest (law 3).
	Unknown
	// Corrupt: the bytes do not hash to the digest (law 4).
	Corrupt
	// Oversized: larger than the limit, and not read.
	Oversized
	// Irregular: behind a symbolic link, and not read.
	Irregular
)

// Manifest is what a manifest says. Only Digest, State and Size are filled for
// one that is not understood, and References.
type Manifest struct {
	Digest digest.Digest
	State  State
	// Size is that of the manifest itself, in bytes.
	Size         int64
	MediaType    string
	ArtifactType string
	Annotations  map[string]string
	// Config, Layers (blobs of an artifact included) and Manifests are the
	// descriptors that it holds, in its order.
	Config    *Descriptor
	Layers    []Descriptor
	Manifests []Descriptor
	// Subject is what a referrer refers to; empty for others.
	Subject digest.Digest
	// References are everything that the manifest needs, as a collection sees
	// it: use these, not the descriptors, to decide what may go.
	References []mark.Reference
	// Image is what the configuration says, where it was asked for, there is
	// one, and it could be read.
	Image *Image
}

// Descriptor is a reference to content, for people to look at.
type Descriptor struct {
	MediaType    string
	ArtifactType string
	Digest       digest.Digest
	Size         int64
	Platform     *Platform
	Annotations  map[string]string
	// Foreign says that the bytes may lie elsewhere (urls).
	Foreign bool
}

// Platform is what an image runs on.
type Platform struct {
	OS, Architecture, Variant, OSVersion string
}

// Image is what an image's configuration says.
type Image struct {
	// Created is zero when it is not told. Reproducible builds tell constants.
	Created  time.Time
	Platform Platform
	Labels   map[string]string
}
