package mark

import (
	"math/bits"
	"math/rand/v2"
	"sync"

	"github.com/opencontainers/go-digest"
)

// Key stands for a digest in the mark set: its first 64 bits.
type Key uint64

// KeyOf returns the key of a digest whose encoded part has at least 16
// hexadecimal digits, as every valid one has.
func KeyOf[T string | []byte](algorithm, hex T) Key {
	var k Key
	for i := range 16 {
		c := hex[i]
		k = k<<4 | Key(c&15+c>>6*9) // '0' is 0x30, 'a' is 0x61
	}
	if string(algorithm) != "sha256" {
		for i := range len(algorithm) {
			k = (k ^ Key(algorithm[i])) * 0x100000001b3
		}
	}
	return k
}

// DigestKey returns the key of a digest.
func DigestKey(d digest.Digest) Key { return KeyOf(d.Algorithm().String(), d.Encoded()) }

const (
	shards = 256
	// A shard grows by half when it is filled to seven eighths: between 9.2
	// and 13.8 bytes a key.
	growNumerator, growDenominator = 3, 2
	fillNumerator, fillDenominator = 7, 8
	smallest                       = 16
)

// set is the mark set: the keys of all digests that must stay. Two digests
// with the same key are taken for one, so among n marked digests an orphan is
// kept by mistake at odds of n in 2^64 (at a billion: one in 18 billion). The
// set never errs the other way: a marked digest is always found.
//
// It costs at most 14 bytes a key, and is safe for concurrent use. The zero
// value is not usable: see newSet.
type set struct {
	// seed makes the order of the tables unpredictable, so that nobody can
	// push blobs that all collide.
	seed   uint64
	shards [shards]shard
}

type shard struct {
	mu    sync.RWMutex
	table []Key // linear probing; zero is a free place
	used  int
	zero  bool // the key zero itself
}

// newSet returns an empty set.
func newSet() *set {
	return &set{seed: rand.Uint64()}
}

// add adds a key and reports whether it was new.
func (s *set) add(k Key) bool {
	h := s.spread(k)
	sh := &s.shards[h>>56]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if k == 0 {
		added := !sh.zero
		sh.zero = true
		return added
	}
	if (sh.used+1)*fillDenominator > len(sh.table)*fillNumerator {
		sh.grow(s)
	}
	i := sh.find(h, k)
	if sh.table[i] == k {
		return false
	}
	sh.table[i] = k
	sh.used++
	return true
}

// has reports whether the key was added.
func (s *set) has(k Key) bool {
	h := s.spread(k)
	sh := &s.shards[h>>56]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if k == 0 {
		return sh.zero
	}
	return len(sh.table) > 0 && sh.table[sh.find(h, k)] == k
}

// len returns the number of keys.
func (s *set) len() int {
	n := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.RLock()
		n += sh.used
		if sh.zero {
			n++
		}
		sh.mu.RUnlock()
	}
	return n
}

// spread mixes a key with the seed: the upper byte picks the shard, the rest
// the place in it.
func (s *set) spread(k Key) uint64 {
	h := uint64(k) ^ s.seed
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

// find returns the place of k, or the free place where it belongs.
func (sh *shard) find(h uint64, k Key) int {
	hi, _ := bits.Mul64(h<<8, uint64(len(sh.table)))
	for i := int(hi); ; {
		if sh.table[i] == k || sh.table[i] == 0 {
			return i
		}
		if i++; i == len(sh.table) {
			i = 0
		}
	}
}

func (sh *shard) grow(s *set) {
	old := sh.table
	sh.table = make([]Key, max(smallest, len(old)*growNumerator/growDenominator))
	for _, k := range old {
		if k != 0 {
			sh.table[sh.find(s.spread(k), k)] = k
		}
	}
}
