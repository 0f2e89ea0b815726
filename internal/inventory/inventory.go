package inventory

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// ErrVanished says that a directory was there and is gone, so that what was in
// it cannot be known.
var ErrVanished = errors.New("it was there a moment ago and is gone: something changes the tree; run again when it is at rest")

// ErrReappeared says that something was taken for absent and is there, so that
// nothing that was seen of it counts.
var ErrReappeared = errors.New("it was absent while manifests were read and is there now: the storage comes and goes; run again when it is at rest")

// Link is a digest that the name of a key tells, with what the listing says
// of the link file.
type Link struct {
	Algorithm string
	Hex       string
	// Size is negative and ModTime zero where the listing does not tell.
	Size    int64
	ModTime time.Time
}

// Digest joins the two parts of the name.
func (l Link) Digest() digest.Digest { return digest.Digest(l.Algorithm + ":" + l.Hex) }

// Tag is a tag with its history.
type Tag struct {
	Name  string
	Index []Link
	// Doubtful says that the listing shows no link, or an empty one.
	Doubtful bool
	// ModTime is that of the tag's own link, where the listing tells.
	ModTime time.Time
}

// Signature is a signature link of a schema 1 manifest.
type Signature struct {
	Revision Link
	Link
}

// Upload is an unfinished upload with everything that lies in it.
type Upload struct {
	ID      string
	Objects []storage.Object
}

// Repository is a directory below repositories/ and what lies in it, nested
// repositories excepted.
type Repository struct {
	Name string
	// Prefix is the directory, ending in a slash.
	Prefix string
	// Exists tells a repository from a mere directory that leads to others.
	Exists bool
	// Odd marks a name that no registry gives. Everything in it is kept.
	Odd bool

	Revisions []Link
	// Unlinked are directories of revisions whose link is gone: the delete
	// API leaves them behind.
	Unlinked []Link
	// Signatures are filled from flat listings only.
	Signatures []Signature
	Layers     []Link
	Tags       []Tag
	Uploads    []Upload
	// UnverifiedRevisions and UnverifiedLayers are links under algorithms that
	// cannot be verified here.
	UnverifiedRevisions []Link
	UnverifiedLayers    []Link
	// IrregularRevisions and IrregularLayers are digests that stand where a
	// link would, under something that is no directory.
	IrregularRevisions []Link
	IrregularLayers    []Link
	// Hides says that a symbolic link stands where links lie that tell what the
	// repository needs: a registry follows it, and none of them is seen here.
	Hides bool
	// Strangers counts the keys in it that the grammar does not know.
	Strangers int
}

// HoldsReferences reports whether a part of a repository, as a directory, tells
// what is needed: manifests, tags, and links of other algorithms than sha256,
// whose names do not tell what they hold. The part is what follows "<name>/_".
func HoldsReferences(part string) bool {
	name := strings.Split(part, "/")
	other := func(i int) bool { return len(name) > i && name[i] != "sha256" }
	switch name[0] {
	case "layers":
		return len(name) == 1 || other(1)
	case "manifests":
		return len(name) < 3 || name[1] == "revisions" && (len(name) == 3 || other(2))
	}
	return false
}

// BlobDir is a directory of blobs, or a page of a flat listing.
type BlobDir struct {
	// Prefix is the directory; empty for a page.
	Prefix string
	Blobs  []Link
	// Strangers counts the entries that are no blobs.
	Strangers int
}

// Stranger is a key that the grammar does not know.
type Stranger struct {
	Key        string
	Repository string
	// Irregular marks a symbolic link or the like.
	Irregular bool
}

// Hides reports whether it stands where links lie that tell what a repository
// needs.
func (s Stranger) Hides() bool {
	rest, below := strings.CutPrefix(s.Key, layout.Repositories)
	_, part, inside := strings.Cut(rest, "/_")
	return s.Irregular && below && inside && HoldsReferences(part)
}

// Walker reads a registry. Its callbacks are called concurrently.
type Walker struct {
	Reader storage.Reader
	Pool   *parallel.Pool
	// OnStranger is told of every key that the grammar does not know.
	OnStranger func(Stranger)
	// OnMarker is told of every directory marker of a flat store.
	OnMarker func(storage.Object)
	// Reads, if set, counts the manifests read so far, and TagsAreRead says that
	// all tags are going to be. What dividing a flat listing may cost is measured
	// by the requests that must be sent anyway.
	Reads       func() int64
	TagsAreRead bool

	spending budget
}

// Repositories calls visit for every repository, and on trees for every
// directory that leads to one. It reports whether there is anything under
// repositories/ (on trees: whether that directory exists).
func (w *Walker) Repositories(ctx context.Context, visit func(context.Context, *Repository) error) (bool, error) {
	if tree, ok := storage.AsTree(w.Reader); ok {
		t := treeWalk{w, tree}
		return t.repositories(ctx, visit)
	}
	return w.flatRepositories(ctx, visit, everything)
}

// Blobs calls visit for all blobs, in portions.
func (w *Walker) Blobs(ctx context.Context, visit func(context.Context, BlobDir) error) error {
	if tree, ok := storage.AsTree(w.Reader); ok {
		t := treeWalk{w, tree}
		return t.blobs(ctx, visit)
	}
	return w.flatBlobs(ctx, visit)
}

// Confirm repeats a read that said not-found, so that absence is believed only
// when it was seen twice (law 5).
func Confirm[T any](read func() (T, error)) (T, error) {
	v, err := read()
	if errors.Is(err, storage.ErrNotFound) {
		v, err = read()
	}
	return v, err
}

// unverifiable reports whether a name is a digest's under an algorithm that is
// not known here: a later registry may write it.
func unverifiable(algorithm, hex string) bool {
	return !layout.ValidAlgorithm(algorithm) && algorithm != "" && len(hex) >= 32 && layout.IsHex(hex)
}

// Age is what the time of a key says of it.
type Age uint8

// The ages.
const (
	// Old: last changed before the grace period.
	Old Age = iota + 1
	// Recent: changed within the grace period, or at a time not known.
	Recent
	// Gone: not there, seen twice.
	Gone
	// Irregular: there, but no plain object; it is kept as a stranger.
	Irregular
)
