package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// markEverything puts a marker for every directory, as some tools do, and
// expects those to go under which nothing stays.
func markEverything(c *scenario) {
	var keys []string
	for key := range c.Files {
		keys = append(keys, key)
	}
	for _, mode := range []when{inDefault, untagged} {
		going := map[string]bool{}
		for _, key := range expected(c.going, mode) {
			going[key] = true
		}
		stays := map[string]bool{}
		for _, key := range keys {
			for i, b := range []byte(key) {
				if prefix := key[:i+1]; b == '/' {
					stays[prefix] = stays[prefix] || !going[key]
				}
			}
		}
		for prefix, stays := range stays {
			c.marker(prefix, false)
			if _, ours := layout.ParseDir(prefix); ours && !stays {
				c.going[mode] = append(c.going[mode], prefix)
			}
		}
	}
}

var markerCases = []lawCase{
	{"nested, with nothing in them", func(c *scenario) {
		inUse(c)
		for _, prefix := range []string{"left/", "left/a/", "left/a/_layers/", "left/b/", "left/b/_uploads/u1/hashstates/", "right/"} {
			c.marker(repositories+prefix, true)
		}
		c.marker(layout.Blobs+"sha512/", true)
		c.marker(layout.Blobs+"sha512/ab/", true)
	}},
	{"above one that stays for its age", func(c *scenario) {
		inUse(c)
		c.marker(repositories+"a/", false)
		c.marker(repositories+"a/_layers/", true)
		c.at(recently)
		c.marker(repositories+"a/_uploads/", false)
	}},
	{"above one of a name that no registry gives", func(c *scenario) {
		inUse(c)
		c.marker(repositories+"a/", false)
		c.marker(repositories+"a/UPPER/", false)
		c.marker(repositories+"a/b/", true)
	}},
	{"over multipart uploads", func(c *scenario) {
		inUse(c)
		c.marker(repositories+"a/_uploads/", false)
		c.marker(repositories+"a/_uploads/goes/", true)
		c.marker(repositories+"a/_uploads/stays/", false)
		c.begun(-threeWeeks, dataOf("a", "goes"), "id", 1)
		c.beginRecent(-day, dataOf("a", "stays"), "id")
	}},
	{"whose name is the beginning of another one", func(c *scenario) {
		c.marker(repositories+"a/", true)
		c.marker(repositories+"a-b/", true)
		c.marker(repositories+"a.b/", false)
		c.Tag("a.b", "v1", c.Image("a.b", "x").Digest)
		c.Tag("a0", "v1", c.Image("a0", "x").Digest)
	}},
	{"for every directory", func(c *scenario) {
		doomed.build(c)
		markEverything(c)
	}},
	{"for every directory, of more than a page", func(c *scenario) {
		inUse(c)
		for i := range 700 {
			one := c.Layer("group/big", fmt.Sprint(i)).Digest
			c.goes(always, layer("group/big", one), blob(one))
		}
		markEverything(c)
	}},
}

func TestLaw11DirectoryMarkers(t *testing.T) { holds(t, markerCases) }

// TestLaw06RecentMarkers are counted where nothing stays under them.
func TestLaw06RecentMarkers(t *testing.T) {
	d := filled(t, func(c *scenario) {
		inUse(c)
		c.marker(repositories+"old/", true)
		c.at(recently)
		for _, prefix := range []string{"new/", "newer/", "old/new/", "kept/", "newer/still/", "UPPER/"} {
			c.marker(repositories+prefix, false)
		}
	})
	plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start})
	if err != nil {
		t.Fatal(err)
	}
	// kept/ is in use, old/ and newer/ hold a recent one, UPPER/ is none of ours.
	if c := plan.Counts().EmptyDirectories; c != (sweep.DirectoryCounts{Recent: 3}) {
		t.Errorf("got %+v", c)
	}
}

// TestLaw11MarkersOverWhatIsNew: a marker stays under which something appeared
// after the registry was read.
func TestLaw11MarkersOverWhatIsNew(t *testing.T) {
	d := filled(t, func(c *scenario) {
		inUse(c)
		c.marker(repositories+"a/", true)
		c.marker(repositories+"a/b/", true)
		c.marker(repositories+"c/", true)
		c.marker(layout.Blobs+"sha512/", true)
	})
	before := 0
	faulty := storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
		if op.Kind == "versioning" { // the repositories are read
			before = len(d.Keys())
			if err := d.Put(t.Context(), repositories+"a/b/_uploads/u1/startedat", nil, start); err != nil {
				t.Error(err)
			}
		}
		return storagetest.Fault{}
	})
	plan, err := sweep.New(t.Context(), faulty, sweep.Options{Now: start})
	if err != nil || before == 0 {
		t.Fatal(before, err)
	}
	var got []string
	for c := range plan.Candidates() {
		got = append(got, c.Key)
	}
	if want := []string{layout.Blobs + "sha512/", repositories + "c/"}; !slices.Equal(got, want) {
		t.Errorf("candidates %q, want %q", got, want)
	}
}

// TestLaw11MarkersCostLittle: a marker over something that stays costs nothing,
// and of the others each page that they are on costs one request at most.
func TestLaw11MarkersCostLittle(t *testing.T) {
	var layers []string
	for i := range 1500 {
		layers = append(layers, fmt.Sprint(i))
	}
	for _, test := range []struct {
		name  string
		build func(c *scenario)
		going int64 // at least
		extra int64 // requests
	}{
		{"over what is in use", func(c *scenario) {
			c.Tag("app", "v1", c.Image("app", "x", layers...).Digest)
			markEverything(c)
		}, 0, 0},
		{"10,000 with nothing in them", func(c *scenario) {
			inUse(c)
			for i := range 5000 {
				c.marker(repositories+fmt.Sprintf("left%04d/", i), true)
				c.marker(repositories+fmt.Sprintf("left%04d/_layers/", i), true)
			}
		}, 10_000, 10 + 1},
		{"far apart", func(c *scenario) {
			c.Tag("app", "v1", c.Image("app", "x", layers...).Digest)
			for _, digit := range "0f" {
				c.garbageAmong(digit)
			}
			markEverything(c)
		}, 2, 2},
		{"near each other", func(c *scenario) {
			c.Tag("app", "v1", c.Image("app", "x", layers[:300]...).Digest)
			for i := range 100 {
				c.garbage(fmt.Sprint(i))
			}
			markEverything(c)
		}, 100, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := filled(t, test.build)
			pages := int64(1) // of multipart uploads
			for _, prefix := range []string{layout.Repositories, layout.Blobs} {
				n := int64(0)
				for _, key := range d.Keys() {
					if strings.HasPrefix(key, prefix) {
						n++
					}
				}
				pages += max(1, (n+999)/1000)
			}
			for workers, most := range map[int]int64{
				1: pages + test.extra,
				8: 3*pages + test.extra, // ranges that are divided have some more pages
			} {
				before := d.Requests()
				plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start, Workers: workers})
				if err != nil {
					t.Fatal(err)
				}
				lists := d.Requests().Sub(before).List
				if n := plan.Counts().EmptyDirectories.Eligible; lists > most || n < test.going || test.going == 0 && n > 0 {
					t.Errorf("%d workers: %d listings for %d pages, %d markers go", workers, lists, pages, n)
				}
			}
		})
	}
}

// garbageAmong stores a blob that nothing needs, of a digest that begins with a
// digit.
func (s *scenario) garbageAmong(digit rune) {
	for i := 0; ; i++ {
		if name := fmt.Sprint(i); rune(digest.FromString("garbage " + name).Encoded()[0]) == digit {
			s.garbage(name)
			return
		}
	}
}

// listers counts how many listings begin at once.
type listers struct {
	*memory.Driver
	running, peak atomic.Int64
}

func (d *listers) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		n := d.running.Add(1)
		defer d.running.Add(-1)
		for p := d.peak.Load(); n > p && !d.peak.CompareAndSwap(p, n); p = d.peak.Load() {
		}
		time.Sleep(5 * time.Millisecond) // for others to come
		for o, err := range d.Driver.List(ctx, prefix, opts) {
			if !yield(o, err) {
				return
			}
		}
	}
}

// TestLaw11MarkersSideBySide: what lies under markers is asked for in parallel.
func TestLaw11MarkersSideBySide(t *testing.T) {
	d := &listers{Driver: filled(t, func(c *scenario) {
		inUse(c)
		for i := range 100 {
			c.marker(repositories+fmt.Sprintf("left%04d/", i), true)
		}
	})}
	plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start, Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	if n, peak := plan.Counts().EmptyDirectories.Eligible, d.peak.Load(); n != 100 || peak < 2 || peak > 4 {
		t.Errorf("%d markers go, %d listings at once", n, peak)
	}
}

// TestLaw11MarkersOverWhatCouldNotBeRemoved stay, and those over what is gone
// go, whichever key it is that could not be removed.
func TestLaw11MarkersOverWhatCouldNotBeRemoved(t *testing.T) {
	t.Parallel()
	s := newScenario(t, lawCase{"", func(c *scenario) {
		everything.build(c)
		clear(c.Dirs)
		markEverything(c)
		onObjectStore(c)
		c.marker(repositories+"app/_uploads/u9/", true)
		c.begun(-threeWeeks, dataOf("app", "u9"), "id", 3)
	}})
	isMarker := func(key string) bool { return strings.HasSuffix(key, "/") }
	for _, run := range []when{inDefault | onFlat, untagged | onFlat} {
		for _, stubborn := range slices.DeleteFunc(expected(s.going, run), isMarker) {
			b := memoryOf(t, s.Tree)
			w := watch(b.driver, func(key string) bool { return key == stubborn })
			plan, err := sweep.New(t.Context(), w, sweep.Options{Now: start, DeleteUntagged: run&untagged != 0})
			if err != nil {
				t.Fatal(err)
			}
			planned := map[string]bool{}
			for c := range plan.Candidates() {
				planned[c.Key] = c.Kind == sweep.EmptyDirectory
			}
			if err := plan.Execute(t.Context(), w); !errors.Is(err, sweep.ErrPartial) {
				t.Errorf("%s is refused: got %v", stubborn, err)
			}
			over := map[string]bool{} // what is left
			after := b.read().Files
			for name := range after {
				if key, _, ok := cutIncomplete(name); ok {
					name = key
				}
				for i := range name {
					over[name[:i]] = over[name[:i]] || strings.HasSuffix(name[:i], "/")
				}
			}
			for prefix := range planned {
				if _, left := after[prefix]; planned[prefix] && left != over[prefix] {
					t.Errorf("%s is refused: the marker %s is left: %v", stubborn, prefix, left)
				}
			}
		}
	}
}
