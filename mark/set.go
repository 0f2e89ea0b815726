package mark

import (
	"math"
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
	// A shard grows by a quarter when it is filled to seven eighths: between
	// 9.2 and 11.5 bytes a key, and half as much again with sizes.
	growNumerator, growDenominator = 5, 4
	fillNumerator, fillDenominator = 7, 8
	smallest                       = 16
)

// set is the mark set: the keys of all digests that must stay. Two digests
// with the same key are taken for one, so among n marked digests an orphan is
// kept by mistake at odds of n in 2^64 (at a billion: one in 18 billion). The
// set never errs the other way: a marked digest is always found.
//
// It costs at most 12 bytes a key, with sizes 18, and is safe for concurrent
// use. The zero value is not usable: see newSet.
type set struct {
	// sized says that sizes are remembered with the keys.
	sized bool

	// seed makes the order of the tables unpredictable, so that nobody can
	// push blobs that all collide.
	seed   uint64
	shards [shards]shard
}

type shard struct {
	mu    sync.RWMutex
	table []Key // linear probing; zero is a free place
	sizes []uint32
	used  int
	zero  bool // the key zero itself
}

// The sizes that are not: none was told yet, or several, or one too large.
const (
	untold  = 0
	unclear = math.MaxUint32
)

// newSet returns an empty set, which remembers sizes or does not.
func newSet(sized bool) *set {
	return &set{seed: rand.Uint64(), sized: sized}
}

// add adds a key, with a size in bytes if that is above zero, and reports
// whether the key was new. Sizes that contradict each other count as none, in
// whatever order they are told.
func (s *set) add(k Key, size int64) bool {
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
	added := sh.table[i] != k
	if added {
		sh.table[i] = k
		sh.used++
	}
	if s.sized && size > 0 {
		told := uint32(min(size, unclear))
		if sh.sizes[i] != untold && sh.sizes[i] != told {
			told = unclear
		}
		sh.sizes[i] = told
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

func (sh *shard) grow(s *set) {
	old, sizes := sh.table, sh.sizes
	n := max(smallest, len(old)*growNumerator/growDenominator)
	sh.table = make([]Key, n)
	if s.sized {
		sh.sizes = make([]uint32, n)
	}
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
}
