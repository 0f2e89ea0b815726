package verify

import (
	"cmp"
	"slices"
	"sync"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// stored are the blobs that a listing shows, with their sizes: 16 bytes each. Two
// of them can have one key, at odds of n in 2^64: so what follows from a size or
// an absence is asked for by name before it is told.
type stored struct {
	mu    sync.Mutex
	blobs []storedBlob
	bytes int64
}

type storedBlob struct {
	key  mark.Key
	size int64 // negative where it is not known
}

// add takes blobs in. It is safe for concurrent use.
func (s *stored) add(links []inventory.Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range links {
		s.blobs = append(s.blobs, storedBlob{mark.KeyOf(l.Algorithm, l.Hex), l.Size})
		s.bytes += max(l.Size, 0)
	}
}

// sort makes them ready to be asked for.
func (s *stored) sort() {
	slices.SortFunc(s.blobs, func(a, b storedBlob) int { return cmp.Compare(a.key, b.key) })
}

// has reports whether a blob is stored, and its size, or a negative one.
func (s *stored) has(d digest.Digest) (bool, int64) {
	if _, ok := layout.ParseDigest(string(d)); !ok {
		return false, -1 // descriptors can hold anything
	}
	i, ok := slices.BinarySearchFunc(s.blobs, mark.DigestKey(d), func(b storedBlob, key mark.Key) int {
		return cmp.Compare(b.key, key)
	})
	if !ok {
		return false, -1
	}
	return true, s.blobs[i].size
}
