package mark

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/opencontainers/go-digest"
)

func TestSetHoldsWhatWasAdded(t *testing.T) {
	s := newSet()
	r := rand.New(rand.NewPCG(1, 2))
	want := map[Key]bool{0: true}
	if !s.add(0) || s.add(0) {
		t.Error("the key zero is not counted once")
	}
	for range 100_000 {
		k := Key(r.Uint64N(150_000)) // with repetitions
		if s.add(k) == want[k] {
			t.Fatalf("Add(%d) reported the wrong novelty", k)
		}
		want[k] = true
	}
	for k := range Key(150_000) {
		if s.has(k) != want[k] {
			t.Fatalf("Has(%d) = %v", k, s.has(k))
		}
	}
	if s.len() != len(want) {
		t.Errorf("Len %d, want %d", s.len(), len(want))
	}
}

// Keys that differ in few bits, as crafted ones might, must not pile up in one
// shard: the seed spreads them.
func TestSetSpreadsSimilarKeys(t *testing.T) {
	s := newSet()
	for i := range Key(100_000) {
		s.add(i << 40)
	}
	for i := range s.shards {
		if n := s.shards[i].used; n > 3*100_000/shards {
			t.Fatalf("shard %d holds %d of 100000 keys", i, n)
		}
	}
}

func TestSetConcurrently(t *testing.T) {
	s := newSet()
	err := parallel.New(8).ForEach(t.Context(), 1000, func(_ context.Context, i int) error {
		for j := range 100 {
			s.add(Key(i*50 + j + 1)) // every key is added by two
			if !s.has(Key(i*50 + 1)) {
				t.Errorf("key %d is lost", i*50+1)
			}
		}
		return nil
	})
	if err != nil || s.len() != 999*50+100 {
		t.Errorf("Len %d, error %v", s.len(), err)
	}
}

func TestKeysTellAlgorithmsApart(t *testing.T) {
	a := digest.SHA256.FromString("a").Encoded()
	if KeyOf("sha256", a) == KeyOf("sha384", a) || KeyOf("sha384", a) == KeyOf("sha512", a) {
		t.Error("the algorithm does not count")
	}
	if got := KeyOf("sha256", "0123456789abcdefff"); got != 0x0123456789abcdef {
		t.Errorf("key %x", got)
	}
}

func TestSetMemory(t *testing.T) {
	const n = 1_000_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := newSet()
	for i := range n {
		s.add(Key(rand.Uint64()) | Key(i&1))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if per := float64(after.HeapAlloc-before.HeapAlloc) / n; per > 16 {
		t.Errorf("%.1f bytes a key, at most 16 are allowed", per)
	}
	runtime.KeepAlive(s)
}

func BenchmarkSetAdd(b *testing.B) {
	s := newSet()
	for b.Loop() {
		s.add(Key(rand.Uint64()))
	}
}

func BenchmarkSetHas(b *testing.B) {
	s := newSet()
	for range 1_000_000 {
		s.add(Key(rand.Uint64()))
	}
	b.ResetTimer()
	for b.Loop() {
		s.has(Key(rand.Uint64()))
	}
}
