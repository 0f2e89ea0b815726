package sweep

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"iter"
	"slices"
	"sort"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// orphans are the blobs that go: 40 bytes for each whose algorithm is sha256.
type orphans struct {
	common []orphan
	others []other
}

type orphan struct {
	sum  [32]byte
	size int64
}

type other struct {
	digest digest.Digest
	size   int64
}

// add takes a blob in.
func (o *orphans) add(l inventory.Link, size int64) {
	of := orphan{size: size}
	if l.Algorithm == "sha256" && len(l.Hex) == hex.EncodedLen(len(of.sum)) {
		var text [64]byte
		copy(text[:], l.Hex)
		if _, err := hex.Decode(of.sum[:], text[:]); err == nil {
			o.common = append(o.common, of)
			return
		}
	}
	o.others = append(o.others, other{l.Digest(), size})
}

func (o *orphans) len() int { return len(o.common) + len(o.others) }

// at returns one of them, in order: common ones first, which sort before those
// of all other algorithms.
func (o *orphans) at(i int) (digest.Digest, int64) {
	if i >= len(o.common) {
		of := o.others[i-len(o.common)]
		return of.digest, of.size
	}
	of := &o.common[i]
	const prefix = "sha256:"
	var text [len(prefix) + 64]byte
	copy(text[:], prefix)
	hex.Encode(text[len(prefix):], of.sum[:])
	return digest.Digest(text[:]), of.size
}

// has reports whether a blob is one of them, once they are sorted.
func (o *orphans) has(d digest.Digest) bool {
	at := sort.Search(o.len(), func(i int) bool {
		of, _ := o.at(i)
		return of >= d
	})
	if at == o.len() {
		return false
	}
	of, _ := o.at(at)
	return of == d
}

// all yields them in order.
func (o *orphans) all() iter.Seq2[digest.Digest, int64] {
	return func(yield func(digest.Digest, int64) bool) {
		for i := range o.len() {
			if !yield(o.at(i)) {
				return
			}
		}
	}
}

func (o *orphans) sort() {
	slices.SortFunc(o.common, func(a, b orphan) int { return bytes.Compare(a.sum[:], b.sum[:]) })
	slices.SortFunc(o.others, func(a, b other) int { return cmp.Compare(a.digest, b.digest) })
}

// gather puts sorted portions together. Each comes from a directory or page of
// its own, so they are nearly always one after the other.
func gather(portions []orphans) orphans {
	var total, others int
	for _, p := range portions {
		total += len(p.common)
		others += len(p.others)
	}
	slices.SortFunc(portions, func(a, b orphans) int {
		if len(a.common) == 0 || len(b.common) == 0 {
			return cmp.Compare(len(a.common), len(b.common))
		}
		return bytes.Compare(a.common[0].sum[:], b.common[0].sum[:])
	})
	all := orphans{make([]orphan, 0, total), make([]other, 0, others)}
	for i, p := range portions {
		all.common = append(all.common, p.common...)
		all.others = append(all.others, p.others...)
		portions[i] = orphans{} // there may be much of it
	}
	if !slices.IsSortedFunc(all.common, func(a, b orphan) int { return bytes.Compare(a.sum[:], b.sum[:]) }) || others > 0 {
		all.sort()
	}
	return all
}

// orphanPath is the object of a blob.
func orphanPath(d digest.Digest) layout.Path { return layout.Path{Kind: layout.BlobData, Digest: d} }

const reasonUnreferenced = "unreferenced"
