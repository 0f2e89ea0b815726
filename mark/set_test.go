package mark

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

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
			s.add(42, sizeToTell(size))
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
	for _, sized := range []bool{false, true} {
		most := 11.
		if sized {
			most = 16
		}
		for _, n := range []int{20_000, 300_000, 1_000_000} {
			before := heap()
			s := newSet(sized)
			for i := range n {
				s.add(Key(rand.Uint64())|Key(i&1), 0)
			}
			mapped := 0
			for _, memory := range s.memory.mapped {
				mapped += len(memory) + os.Getpagesize() - 1 // as far as a page may be used
			}
			if per := float64(heap()-before+int64(mapped)) / float64(n); per > most*1.1 || float64(s.bytes()) > most*float64(n) {
				t.Errorf("%d keys, sizes %v: %.1f bytes a key, %.1f in tables, of at most %v", n, sized, per, float64(s.bytes())/float64(n), most)
			}
		}
	}
}

// What was outgrown outside of Go's heap is given back at once, and the rest
// when the set is gone.
func TestSetGivesBackMemory(t *testing.T) {
	s := newSet(true)
	for range 1_000_000 {
		s.add(Key(rand.Uint64()), 1)
	}
	memory := s.memory
	if n := len(memory.mapped); n != shards {
		t.Errorf("%d tables are mapped, want one for each of %d shards", n, shards)
	}
	runtime.KeepAlive(s)
	s = nil
	for range 100 {
		runtime.GC()
		memory.mu.Lock()
		left := len(memory.mapped)
		memory.mu.Unlock()
		if left == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the tables of a set that is gone are still mapped")
}
