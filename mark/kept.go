package mark

import (
	"slices"
	"sync"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/opencontainers/go-digest"
)

// Kept is what a repository keeps.
type Kept struct {
	// Untagged are the revisions that are not kept, old enough to go.
	Untagged []Untagged
	// Recent counts the revisions that only the grace period keeps.
	Recent int64
	// Tags counts the tags that have a link, as far as they were read.
	Tags int64
	// Linkless are the tags that were seen to have none.
	Linkless []string

	mu        sync.Mutex
	manifests map[digest.Digest]bool // everything kept
	needed    map[Key]bool
	revisions map[digest.Digest]bool // linked
	removed   map[digest.Digest]bool // linked, and untagged
	current   map[string]digest.Digest
	broken    map[string]bool
	aliases   map[Key][]digest.Digest
}

// Untagged is a revision that goes, with the reason.
type Untagged struct {
	inventory.Link
	Reason string
}

// Needs reports whether a kept manifest of the repository needs a layer link.
func (k *Kept) Needs(l inventory.Link) bool { return k.needed[KeyOf(l.Algorithm, l.Hex)] }

// KeepsEntry reports whether an entry of a tag's history stays: its revision
// is linked and kept, or the tag names it all the same, or what the tag names
// cannot be read.
func (k *Kept) KeepsEntry(tag string, l inventory.Link) bool {
	d := l.Digest()
	return k.revisions[d] && !k.removed[d] || k.broken[tag] || k.current[tag] == d
}

// Holds returns what a link of another algorithm than sha256 holds.
func (k *Kept) Holds(l inventory.Link) []digest.Digest {
	return slices.Clip(k.aliases[KeyOf(l.Algorithm, l.Hex)])
}
