package workload

import (
	"encoding/hex"
	"math/rand/v2"
)

// Streams of random numbers. Each thing that is made up has one of its own, by
// its number, so what it is does not depend on what was made before.
const (
	streamBlob uint64 = iota + 1
	streamManifest
	streamUpload
	streamRepository
	streamShape
)

// source is a stream of random numbers. It works in whole numbers alone, which
// are the same on every machine.
type source struct{ rand.PCG }

// random begins the stream of the thing of a number.
func (r *registry) random(stream, number uint64) (s source) {
	s.Seed(r.seed, stream<<56^number)
	return s
}

// below is a number from 0 to n-1.
func (s *source) below(n int) int { return int(s.Uint64() >> 33 * uint64(n) >> 31) }

// hex appends n random characters.
func (s *source) hex(dst []byte, n int) []byte {
	for ; n > 0; n -= 16 {
		v := s.Uint64()
		for i := range min(n, 16) {
			dst = append(dst, hexDigits[v>>(4*i)&15])
		}
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// uuid is what registries call an upload.
func uuid(high, low uint64) string {
	var b [16]byte
	for i := range 8 {
		b[i], b[8+i] = byte(high>>(8*i)), byte(low>>(8*i))
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// share divides a total among weights; the parts add up to the total.
func share(total int, weights []int) []int {
	var all, before int
	for _, w := range weights {
		all += w
	}
	parts := make([]int, len(weights))
	for i, w := range weights {
		parts[i] = (before+w)*total/all - before*total/all
		before += w
	}
	return parts
}
