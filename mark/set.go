package mark

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
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
		k = k<<4 | Key(nibble(hex[i]))
	}
	if string(algorithm) != "sha256" {
		for i := range len(algorithm) {
			k = (k ^ Key(algorithm[i])) * 0x100000001b3
		}
	}
	return k
}

// nibble is the value of a hexadecimal digit: '0' is 0x30, 'a' is 0x61.
func nibble(c byte) byte { return c&15 + c>>6*9 }

// DigestKey returns the key of a digest.
func DigestKey(d digest.Digest) Key { return KeyOf(d.Algorithm().String(), d.Encoded()) }

const (
	shards = 256
	// A shard grows by a fifth when it is filled to seven eighths, and no two
	// of them at the same number of keys: the whole set takes some 10 bytes a key
	// at any time, and half as much again with sizes.
	growth                         = 1.2
	fillNumerator, fillDenominator = 7, 8
	smallest                       = 16 // places
	keyBytes, sizeBytes            = 8, 4
)

// set is the mark set: the keys of all digests that must stay. Two digests
// with the same key are taken for one, so among n marked digests an orphan is
// kept by mistake at odds of n in 2^64 (at a billion: one in 18 billion). The
// set never errs the other way: a marked digest is always found.
//
// It costs at most 11 bytes a key, with sizes 16, once there are some thousand,
// and is safe for concurrent use. The zero value is not usable: see newSet.
type set struct {
	// sized says that sizes are remembered with the keys.
	sized bool

	// seed makes the order of the tables unpredictable, so that nobody can
	// push blobs that all collide.
	seed   uint64
	shards [shards]shard
	memory *tables
}

type shard struct {
	mu    sync.RWMutex
	table []Key // linear probing; zero is a free place
	sizes []uint32
	used  int
	grown int  // how often
	zero  bool // the key zero itself
}

// The sizes that are not: none was told yet, or several, or one too large.
const (
	untold  = 0
	unclear = math.MaxUint32
)

// newSet returns an empty set, which remembers sizes or does not.
func newSet(sized bool) *set {
	s := &set{seed: rand.Uint64(), sized: sized, memory: &tables{}}
	runtime.AddCleanup(s, (*tables).release, s.memory)
	return s
}

// sizeToTell is how a set is told a size in bytes.
func sizeToTell(size int64) uint32 { return uint32(min(max(size, untold), unclear)) }

// add adds a key, with a size if one is told, and reports whether the key was
// new. Sizes that contradict each other count as none, in whatever order they
// are told.
func (s *set) add(k Key, size uint32) bool {
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
		s.grow(sh, int(h>>56))
	}
	i := sh.find(h, k)
	added := sh.table[i] != k
	if added {
		sh.table[i] = k
		sh.used++
	}
	if s.sized && size != untold {
		if sh.sizes[i] != untold && sh.sizes[i] != size {
			size = unclear
		}
		sh.sizes[i] = size
	}
	return added
}

// has reports whether the key was added, and the size that was told, or -1.
func (s *set) has(k Key) (bool, int64) {
	h := s.spread(k)
	sh := &s.shards[h>>56]
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if k == 0 || len(sh.table) == 0 {
		return k == 0 && sh.zero, -1
	}
	i := sh.find(h, k)
	if sh.table[i] != k {
		return false, -1
	}
	if !s.sized || sh.sizes[i] == untold || sh.sizes[i] == unclear {
		return true, -1
	}
	return true, int64(sh.sizes[i])
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

// bytes returns how much memory the tables take.
func (s *set) bytes() int64 {
	each := int64(keyBytes)
	if s.sized {
		each += sizeBytes
	}
	n := int64(0)
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.RLock()
		n += int64(len(sh.table)) * each
		sh.mu.RUnlock()
	}
	return n
}

// grow moves a shard to a larger table. The tables of all shards are of
// different sizes, so that they grow in turn.
func (s *set) grow(sh *shard, index int) {
	n := int(smallest * math.Pow(growth, float64(sh.grown)+float64(index)/shards))
	sh.grown++
	old, sizes := sh.table, sh.sizes
	sh.table, sh.sizes = s.memory.get(n, s.sized)
	for i, k := range old {
		if k == 0 {
			continue
		}
		to := sh.find(s.spread(k), k)
		sh.table[to] = k
		if s.sized {
			sh.sizes[to] = sizes[i]
		}
	}
	s.memory.put(old)
}
