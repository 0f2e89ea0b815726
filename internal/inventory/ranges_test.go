package inventory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// trip is how long a request takes on a slow lister.
const trip = 10 * time.Millisecond

// slow lists keys in pages of 1,000, each of which takes a trip.
type slow struct {
	storage.Reader
	keys     []string // sorted
	requests atomic.Int64
	reads    int // that must be sent besides
	fail     func(request int64) error
}

func (s *slow) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		after, n := opts.StartAfter, 0
		for i := sort.SearchStrings(s.keys, max(prefix, after)); ; {
			var o storage.Object
			more := false
			for ; !more && i < len(s.keys) && strings.HasPrefix(s.keys[i], prefix); i++ {
				o = storage.Object{Key: s.keys[i], Size: 1}
				if slash := strings.IndexByte(o.Key[len(prefix):], '/'); opts.Delimiter && slash >= 0 {
					o = storage.Object{Key: o.Key[:len(prefix)+slash+1], IsPrefix: true}
				}
				more = o.Key > after
			}
			if n%page == 0 && (more || n == 0) {
				request := s.requests.Add(1)
				time.Sleep(trip)
				if err := ctx.Err(); err != nil {
					yield(storage.Object{}, err)
					return
				}
				if s.fail != nil {
					if err := s.fail(request); err != nil {
						yield(storage.Object{}, err)
						return
					}
				}
			}
			if !more {
				return
			}
			if after = o.Key; !yield(o, nil) {
				return
			}
			n++
		}
	}
}

// collected takes what all ranges of a scan list.
type collected struct {
	mu   sync.Mutex
	keys []string
}

func (c *collected) take(_ context.Context, o storage.Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = append(c.keys, o.Key)
	return nil
}

func (*collected) end(context.Context, string) error { return nil }

func scanAll(ctx context.Context, r *slow, workers int, prefix string) ([]string, error) {
	var c collected
	s := scan{reader: r, pool: parallel.New(workers), prefix: prefix, open: func(string) sink { return &c }, budget: &budget{}}
	s.budget.revisions(r.reads)
	err := s.run(ctx, everything)
	slices.Sort(c.keys)
	return c.keys, err
}

func hexOf(i int) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(i)))
	return hex.EncodeToString(sum[:])
}

// repositoryKeys returns the keys of a repository with so many layer links, revisions and
// tags, of so many history entries each.
func repositoryKeys(name string, layers, revisions, tags, history int, tag func(int) string) []string {
	var keys []string
	at := layout.Repository(name)
	for i := range layers {
		keys = append(keys, at+"_layers/sha256/"+hexOf(i)+"/link")
	}
	for i := range revisions {
		keys = append(keys, at+"_manifests/revisions/sha256/"+hexOf(i)+"/link")
	}
	for i := range tags {
		under := at + "_manifests/tags/" + tag(i)
		keys = append(keys, under+"/current/link")
		for j := range history {
			keys = append(keys, under+"/index/sha256/"+hexOf(i+j)+"/link")
		}
	}
	return keys
}

func blobKeys(n int) []string {
	var keys []string
	for i := range n {
		h := hexOf(i)
		keys = append(keys, layout.Blobs+"sha256/"+h[:2]+"/"+h+"/data")
	}
	return keys
}

func numbered(format string) func(int) string {
	return func(i int) string { return fmt.Sprintf(format, i) }
}

func many(n int, name func(int) string, layers, revisions, tags int) []string {
	var keys []string
	for i := range n {
		keys = append(keys, repositoryKeys(name(i), layers, revisions, tags, 1, numbered("v%d"))...)
	}
	return keys
}

// Whatever the shape, every key is listed once. Neither the number of requests
// nor the number of trips that follow each other is much more than it must be.
func TestScanShapes(t *testing.T) {
	words := []string{"alpha", "api", "backend", "cache", "db", "frontend", "gateway", "jobs", "mail", "proxy", "worker"}
	for _, test := range []struct {
		name  string
		keys  []string
		reads int // manifests and tags, by which costs are measured
		extra int // requests beyond one for each page
		trips int // with 64 workers
	}{
		{"nothing", nil, 0, 1, 1},
		{"a few", many(3, numbered("r%d"), 9, 3, 3), 0, 0, 1},
		{"exactly a page", blobKeys(1000), 0, 1, 2},
		{"a page and a bit", blobKeys(1100), 0, 0, 2},
		{"two pages of repositories", many(40, numbered("team/app%d"), 30, 10, 5), 0, 5, 5},
		{"100,000 blobs", blobKeys(100_000), 0, 21, 4},
		{"30,000 layer links", repositoryKeys("app", 30_000, 55, 55, 1, numbered("v%d")), 0, 9, 7},
		{"20,000 revisions", repositoryKeys("app", 100, 20_000, 2, 1, numbered("v%d")), 0, 9, 9},
		{"20,000 counted tags", repositoryKeys("app", 100, 5_000, 20_000, 1, numbered("build-%06d")), 5_000, 55, 18},
		{"tags of few manifests", repositoryKeys("app", 30, 30, 20_000, 1, numbered("build-%06d")), 30, 19, 45},
		{"repositories of few manifests", many(20_000, numbered("org/app-%05d"), 2, 1, 1), 10, 22, 90},
		{"20,000 tags of commits", repositoryKeys("app", 100, 5_000, 20_000, 1, func(i int) string { return hexOf(i)[:8] }), 5_000, 14, 9},
		{"20,000 versions", repositoryKeys("app", 100, 5_000, 20_000, 1, func(i int) string { return fmt.Sprintf("v%d.%d.%d", i/4000, i/100%40, i%100) }), 5_000, 65, 28},
		{"20,000 repositories", many(20_000, numbered("org/app-%05d"), 2, 1, 1), 20_000, 60, 13},
		{"deep names", many(2_000, numbered("company/division/team/project/app%d"), 5, 2, 2), 4_000, 18, 12},
		{"typical", many(500, func(i int) string { return words[i%11] + "/" + words[i/11%11] + fmt.Sprint(i) }, 40, 10, 10), 5_000, 25, 9},
		{"one large among small", append(many(1_000, numbered("r%d"), 2, 1, 1), repositoryKeys("r5-large", 20_000, 1_000, 1_000, 1, numbered("v%d"))...), 2_000, 25, 18},
	} {
		t.Run(test.name, func(t *testing.T) {
			slices.Sort(test.keys)
			prefix := layout.Repositories
			if len(test.keys) > 0 && strings.HasPrefix(test.keys[0], layout.Blobs) {
				prefix = layout.Blobs
			}
			pages := (len(test.keys) + page - 1) / page
			for _, workers := range []int{1, 8, 64} {
				synctest.Test(t, func(t *testing.T) {
					r := &slow{keys: test.keys, reads: test.reads}
					start := time.Now()
					keys, err := scanAll(t.Context(), r, workers, prefix)
					if err != nil || !slices.Equal(keys, test.keys) {
						t.Fatalf("%d workers: %d keys of %d, error %v", workers, len(keys), len(test.keys), err)
					}
					extra, trips := int(r.requests.Load())-pages, int(time.Since(start)/trip)
					t.Logf("%d workers: %d keys, %d pages, %d extra requests, %d trips", workers, len(keys), pages, extra, trips)
					if extra > test.extra {
						t.Errorf("%d workers: %d requests for %d pages", workers, r.requests.Load(), pages)
					}
					if workers == 64 && trips > test.trips {
						t.Errorf("%d trips follow each other", trips)
					}
				})
			}
		})
	}
}

// No key is lost or listed twice, wherever ranges are cut.
func TestScanRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "b", "ab", "a-b", "a.b", "0", "~", "_layers", "_manifests", "tags", "revisions", "sha256", "é", "\xff"}
	for round := range 60 {
		unique := map[string]bool{}
		for range random.IntN(9_000) {
			key := layout.Repositories
			for range 1 + random.IntN(5) {
				key += parts[random.IntN(len(parts))] + "/"
			}
			if random.IntN(3) > 0 {
				key += hexOf(random.IntN(5_000)) + "/link"
			}
			unique[key+fmt.Sprint(random.IntN(50))] = true
		}
		var want []string
		for key := range unique {
			want = append(want, key)
		}
		slices.Sort(want)
		synctest.Test(t, func(t *testing.T) {
			keys, err := scanAll(t.Context(), &slow{keys: want}, 1+random.IntN(40), layout.Repositories)
			if err != nil || !slices.Equal(keys, want) {
				t.Fatalf("round %d: %d keys of %d, error %v", round, len(keys), len(want), err)
			}
		})
	}
}

// Law 5: whichever request fails, a page or a look for names, all of it fails.
func TestLaw05ScanFailsWhenAnyRequestFails(t *testing.T) {
	boom := errors.New("boom")
	keys := many(300, numbered("team/app%d"), 30, 10, 5)
	slices.Sort(keys)
	for at := int64(1); ; at++ {
		r := &slow{keys: keys, fail: func(request int64) error {
			if request == at {
				return boom
			}
			return nil
		}}
		var err error
		synctest.Test(t, func(t *testing.T) { _, err = scanAll(t.Context(), r, 8, layout.Repositories) })
		if r.requests.Load() < at {
			if at < 10 {
				t.Fatalf("only %d requests were made", r.requests.Load())
			}
			break
		}
		if !errors.Is(err, boom) {
			t.Errorf("request %d failed, and the scan returned %v", at, err)
		}
	}
}

// disordered swaps two neighbours of a listing.
type disordered struct {
	*slow
	at int
}

func (d disordered) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		n := 0
		var held storage.Object
		for o, err := range d.slow.List(ctx, prefix, opts) {
			n++
			if n == d.at {
				held = o
				continue
			}
			if !yield(o, err) || n == d.at+1 && !yield(held, nil) {
				return
			}
		}
	}
}

// Law 5: what follows a key out of order may be anywhere.
func TestLaw05ScanRefusesDisorder(t *testing.T) {
	keys := blobKeys(3_000)
	slices.Sort(keys)
	for _, at := range []int{1, 500, 999, 1000, 1001, 2000} {
		s := scan{
			reader: disordered{&slow{keys: keys}, at}, pool: parallel.New(1), prefix: layout.Blobs, budget: &budget{},
			open: func(string) sink { return &collected{} },
		}
		if err := s.run(t.Context(), everything); !errors.Is(err, errOrder) {
			t.Errorf("keys %d and %d are swapped, and the scan returned %v", at, at+1, err)
		}
	}
}
