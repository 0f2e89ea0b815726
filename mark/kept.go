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
	manifests map[digest.Digest]node
	// needed are the keys of what kept manifests need, with the size that was
	// marked with each.
	needed  map[Key]uint32
	current map[string]digest.Digest
	broken  map[string]bool
	aliases map[Key][]digest.Digest
}

// node is what a repository knows of a manifest.
type node struct {
	*manifest // if it was read and may be asked for again
	state
}

// state says what became of a manifest. More than one can be true.
type state uint8

const (
	linked   state = 1 << iota // as a revision
	kept                       // with all that it references
	removed                    // linked, and untagged
	reported                   // a finding was made of it, or need not be
	plain                      // it was read, and has no signatures beside it
)

// is reports whether one of the states is true.
func (s state) is(one state) bool { return s&one != 0 }

// node returns what is known of the manifest that a link names, without making
// a digest of the name.
func (k *Kept) node(l inventory.Link) node {
	var buffer [160]byte
	name := append(append(append(buffer[:0], l.Algorithm...), ':'), l.Hex...)
	return k.manifests[digest.Digest(name)]
}

// add notes states of a manifest.
func (k *Kept) add(d digest.Digest, s state) {
	n := k.manifests[d]
	n.state |= s
	k.manifests[d] = n
}

// need notes that a kept manifest needs a key, and reports whether that, with
// this size, is news.
func (k *Kept) need(key Key, size uint32) bool {
	told, known := k.needed[key]
	if known && told == size {
		return false
	}
	k.needed[key] = size
	return true
}

// Untagged is a revision that goes, with the reason.
type Untagged struct {
	inventory.Link
	Reason string
}

// Needs reports whether a kept manifest of the repository needs a layer link.
func (k *Kept) Needs(l inventory.Link) bool {
	_, needed := k.needed[KeyOf(l.Algorithm, l.Hex)]
	return needed
}

// MayBeSigned reports whether a manifest may have signatures beside it: it is of
// schema 1, or of a type that is not known, or was not read.
func (k *Kept) MayBeSigned(d digest.Digest) bool { return !k.manifests[d].is(plain) }

// read notes that a manifest was read.
func (n *node) read(mf *manifest) {
	if !mf.schema1 && mf.status == understood {
		n.state |= plain
	}
}

// KeepsEntry reports whether an entry of a tag's history stays: its revision
// is linked and kept, or the tag names it all the same, or what the tag names
// cannot be read.
func (k *Kept) KeepsEntry(tag string, l inventory.Link) bool {
	n := k.node(l)
	return n.is(linked) && !n.is(removed) || k.broken[tag] || k.names(tag, l)
}

// names reports whether a tag was seen to name the digest of a link.
func (k *Kept) names(tag string, l inventory.Link) bool {
	d, ok := k.current[tag]
	return ok && d == l.Digest()
}

// Holds returns what a link of another algorithm than sha256 holds.
func (k *Kept) Holds(l inventory.Link) []digest.Digest {
	return slices.Clip(k.aliases[KeyOf(l.Algorithm, l.Hex)])
}
