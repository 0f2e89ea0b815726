package workload

// bits is a set of small numbers.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// join adds the numbers of another set of the same size.
func (b bits) join(other bits) {
	for i, word := range other {
		b[i] |= word
	}
}
