package scale

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// sum is a digest, without its algorithm.
type sum [32]byte

// lattice is a set of digests in their order, of which none is held: the nth of
// n is at a random place in the nth part of all digests.
type lattice struct {
	n    int64
	salt uint64
}

func (l lattice) at(i int64) (s sum) {
	step := math.MaxUint64 / uint64(l.n)
	random := mix(uint64(i) ^ l.salt)
	within, _ := bits.Mul64(random, step)
	binary.BigEndian.PutUint64(s[:], uint64(i)*step+within)
	for at := 8; at < len(s); at += 8 {
		random = mix(random)
		binary.BigEndian.PutUint64(s[at:], random)
	}
	return s
}

// find tells the number of a digest.
func (l lattice) find(s sum) (int64, bool) {
	i := int64(binary.BigEndian.Uint64(s[:]) / (math.MaxUint64 / uint64(l.n)))
	return i, i < l.n && l.at(i) == s
}

// mix makes a random number of a number, always the same (SplitMix64).
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// Sizes have five digits, so that all manifests are of one length.
const smallestSize, largestSize = 10_000, 99_999

// size is that of a blob that is no manifest.
func size(s sum) int64 {
	return smallestSize + int64(binary.BigEndian.Uint64(s[8:])%(largestSize-smallestSize+1))
}
