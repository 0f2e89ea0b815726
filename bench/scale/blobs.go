package scale

import (
	"bytes"
	"encoding/hex"
	"sort"

	"github.com/blobsweep/blobsweep/storage/layout"
)

// Parts of keys.
const (
	blobPrefix = layout.Blobs + "sha256/"
	blobSuffix = "/data"
	hexLength  = 2 * len(sum{})
	linkLength = int64(len("sha256:") + hexLength) // of the content of a link
)

// entry is a key of a listing.
type entry struct {
	key  string
	size int64
}

// ordered are digests in their order.
type ordered interface{ at(i int64) sum }

// sequence is a place in ordered digests.
type sequence struct {
	ordered
	next, n int64
	size    func(sum) int64
	current sum // the one at next
}

func (s *sequence) load() {
	if s.next < s.n {
		s.current = s.at(s.next)
	}
}

// blobs walks over all blobs, in the order of their keys.
type blobs struct {
	sequences [3]sequence
	key       [len(blobPrefix) + 3 + hexLength + len(blobSuffix)]byte
}

func (d *Driver) blobs() *blobs {
	return &blobs{sequences: [3]sequence{
		{ordered: d.used, n: d.used.n, size: size},
		{ordered: d.orphans, n: d.orphans.n, size: size},
		{ordered: d.manifests, n: d.manifests.manifests(), size: func(sum) int64 { return d.length }},
	}}
}

// seek goes to the first blob whose key is not before the given one.
func (b *blobs) seek(from string) {
	for i := range b.sequences {
		s := &b.sequences[i]
		s.next = int64(sort.Search(int(s.n), func(i int) bool { return b.format(s.at(int64(i))) >= from }))
		s.load()
	}
}

func (b *blobs) next() (entry, bool) {
	var first *sequence
	for i := range b.sequences {
		s := &b.sequences[i]
		if s.next < s.n && (first == nil || bytes.Compare(s.current[:], first.current[:]) < 0) {
			first = s
		}
	}
	if first == nil {
		return entry{}, false
	}
	e := entry{b.format(first.current), first.size(first.current)}
	first.next++
	first.load()
	return e, true
}

func (b *blobs) format(s sum) string {
	const at = len(blobPrefix) + 3
	copy(b.key[:], blobPrefix)
	hex.Encode(b.key[at:], s[:])
	copy(b.key[len(blobPrefix):], b.key[at:at+2])
	b.key[at-1] = '/'
	copy(b.key[at+hexLength:], blobSuffix)
	return string(b.key[:])
}
