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
	s := newSet(false)
	r := rand.New(rand.NewPCG(1, 2))
	want := map[Key]bool{0: true}
	if !s.add(0, 0) || s.add(0, 0) {
		t.Error("the key zero is not counted once")
	}
	for range 100_000 {
		k := Key(r.Uint64N(150_000)) // with repetitions
		if s.add(k, 0) == want[k] {
			t.Fatalf("Add(%d) reported the wrong novelty", k)
		}
		want[k] = true
	}
	for k := range Key(150_000) {
		if got, _ := s.has(k); got != want[k] {
			t.Fatalf("has(%d) = %v", k, got)
		}
	}
	if s.len() != len(want) {
		t.Errorf("Len %d, want %d", s.len(), len(want))
	}
}

// Keys that differ in few bits, as crafted ones might, must not pile up in one
// shard: the seed spreads them.
func TestSetSpreadsSimilarKeys(t *testing.T) {
	s := newSet(false)
	for i := range Key(100_000) {
		s.add(i<<40, 0)
	}
	for i := range s.shards {
		if n := s.shards[i].used; n > 3*100_000/shards {
			t.Fatalf("shard %d holds %d of 100000 keys", i, n)
		}
	}
}

func TestSetRemembersSizesThatAgree(t *testing.T) {
	const large = 1 << 40
	for name, test := range map[string]struct {
		told []int64
		want int64
	}{
		"none":          {[]int64{0}, -1},
		"one":           {[]int64{7}, 7},
		"agreed":        {[]int64{7, 0, 7}, 7},
		"contradicted":  {[]int64{7, 8, 7}, -1},
		"the other way": {[]int64{8, 7}, -1},
		"negative":      {[]int64{-7, 7}, 7},
		"too large":     {[]int64{large, 7}, -1},
	} {
		s := newSet(true)
		for _, size := range test.told {
			s.add(42, size)
		}
		for i := range Key(1000) { // it grows several times
			s.add(i<<40+1, 0)
		}
		if found, size := s.has(42); !found || size != test.want {
			t.Errorf("%s: %v, %d, want %d", name, found, size, test.want)
		}
	}
}

func TestSetConcurrently(t *testing.T) {
	s := newSet(false)
	err := parallel.New(8).ForEach(t.Context(), 1000, func(_ context.Context, i int) error {
		for j := range 100 {
			s.add(Key(i*50+j+1), 0) // every key is added by two
			if found, _ := s.has(Key(i*50 + 1)); !found {
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
	s := newSet(true)
	for i := range n {
		s.add(Key(rand.Uint64())|Key(i&1), 0)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if per := float64(after.HeapAlloc-before.HeapAlloc) / n; per > 18 {
		t.Errorf("%.1f bytes a key with its size, at most 18 are allowed", per)
	}
	runtime.KeepAlive(s)
}
