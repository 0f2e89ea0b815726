package mark

// FindingKind classifies a [Finding].
type FindingKind string

// The kinds of finding.
const (
	// DanglingRevision: a revision link names a manifest whose bytes are gone.
	DanglingRevision FindingKind = "dangling-revision"
	// DanglingTag: a tag names a revision that is not linked, or nothing.
	DanglingTag FindingKind = "dangling-tag"
	// BrokenLink: a link is empty or does not hold a digest (law 15).
	BrokenLink FindingKind = "broken-link"
	// UnknownManifest: a manifest of a type that is not known; every digest in
	// its bytes is kept (law 3).
	UnknownManifest FindingKind = "unknown-manifest"
	// CorruptManifest: bytes that do not hash to their digest (law 4).
	CorruptManifest FindingKind = "corrupt-manifest"
	// OversizedManifest: a manifest larger than the limit (law 4).
	OversizedManifest FindingKind = "oversized-manifest"
	// UnknownAlgorithm: digests of an algorithm that cannot be verified.
	UnknownAlgorithm FindingKind = "unknown-algorithm"
	// OddRepository: a directory that holds manifests under a name that no
	// registry gives; it is kept as it is.
	OddRepository FindingKind = "odd-repository"
	// Symlink: a symbolic link inside the tree, never followed (law 13).
	Symlink FindingKind = "symlink"
	// Stranger: a key that the registry's grammar does not know (law 13).
	Stranger FindingKind = "stranger"
	// VersionedBucket: what is deleted stays as noncurrent versions.
	VersionedBucket FindingKind = "versioned-bucket"
	// VersioningUnknown: whether it does could not be asked.
	VersioningUnknown FindingKind = "versioning-unknown"
	// MissingBlob: a linked manifest needs a blob that is not stored. This and the
	// next three are found by a check, not by a collection.
	MissingBlob FindingKind = "missing-blob"
	// MissingLayerLink: a linked manifest needs a blob that its repository does
	// not link.
	MissingLayerLink FindingKind = "missing-layer-link"
	// SizeMismatch: a blob has another size than a manifest declares.
	SizeMismatch FindingKind = "size-mismatch"
	// CorruptBlob: a blob that does not hash to its digest, or cannot be read.
	CorruptBlob FindingKind = "corrupt-blob"
	// EmptyRegistry: there is nothing under docker/registry/v2.
	EmptyRegistry FindingKind = "empty-registry"
)

// Finding is a fault in the tree that the run met and survived. A finding
// never means that something was lost by this run.
type Finding struct {
	Kind       FindingKind `json:"kind"`
	Repository string      `json:"repository,omitempty"`
	// Key is the key at fault, quoted where it is no plain text.
	Key string `json:"key"`
	// Detail says what is wrong and what can be done.
	Detail string `json:"detail"`
}
