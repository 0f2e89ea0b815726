package sweep_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// leftBehind is a wild tree with directories that hold nothing.
func leftBehind() *fixture.Wild {
	w := fixture.NewWild(start)
	none := digest.FromString("none")
	for _, p := range []layout.Path{blob(none), layer("app", none), revision("app", none), entry("app", "v1", none)} {
		w.Dirs[p.Homes()[0].Prefix()] = old
	}
	for _, prefix := range []string{"deserted/_layers/sha256/", "deserted/_manifests/tags/", "app/_uploads/cut-off/", "by/way/of/"} {
		w.Dirs[layout.Repositories+prefix] = old
	}
	w.Dirs[layer("recent", none).Homes()[0].Prefix()] = start.Add(-time.Minute)
	return w
}

// TestLaw08Law11Tidy: a tidy plan has the entries of histories that a collection
// would remove and the directories that hold nothing now, and nothing else; what
// it executes is that, and what it sees is what is there.
func TestLaw08Law11Tidy(t *testing.T) {
	for _, kind := range []struct {
		name string
		open func(*testing.T, *fixture.Tree) backend
		tree *fixture.Tree
	}{
		{"flat", memoryOf, fixture.NewWild(start).Tree},
		{"tree", filesystemOf, leftBehind().Tree},
	} {
		t.Run(kind.name, func(t *testing.T) {
			b := kind.open(t, kind.tree)
			opts := sweep.Options{Now: start}
			full, err := sweep.New(t.Context(), b.driver, opts)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]bool{}
			for c := range full.Candidates() {
				if c.Kind == sweep.TagIndexEntry {
					want[fixture.Key(entry(c.Repository, c.Tag, c.Digest))] = true
				}
			}
			if len(want) == 0 {
				t.Fatal("there is no entry to remove")
			}

			var mu sync.Mutex
			seen := map[string]int64{}
			plan, err := sweep.NewTidy(t.Context(), b.driver, opts, sweep.Sight{
				Repository: func(_ context.Context, _ *parallel.Pool, r *inventory.Repository) error {
					mu.Lock()
					defer mu.Unlock()
					for _, l := range r.Layers {
						seen[fixture.Key(layer(r.Name, l.Digest()))] = l.Size
					}
					for _, tag := range r.Tags {
						for _, l := range tag.Index {
							seen[fixture.Key(entry(r.Name, tag.Name, l.Digest()))] = l.Size
						}
					}
					return nil
				},
				Blobs: func(blobs []inventory.Link) {
					mu.Lock()
					defer mu.Unlock()
					for _, l := range blobs {
						seen[fixture.Key(blob(l.Digest()))] = l.Size
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			there := map[string]int64{}
			for key, file := range kind.tree.Files {
				if p, ok := layout.Parse(key); ok && slices.Contains([]layout.Kind{layout.LayerLink, layout.TagIndexLink, layout.BlobData}, p.Kind) {
					there[key] = int64(len(file.Content))
				}
			}
			if diff := cmp.Diff(there, seen); diff != "" {
				t.Errorf("seen (-want +got):\n%s", diff)
			}

			before := b.read()
			if err := plan.Execute(t.Context(), b.driver); err != nil {
				t.Fatal(err)
			}
			after := b.read()
			gone := map[string]bool{}
			for key, file := range before.Files {
				switch left, ok := after.Files[key]; {
				case !ok:
					gone[key] = true
				case string(left.Content) != string(file.Content):
					t.Errorf("%s is changed", key)
				}
			}
			if diff := cmp.Diff(want, gone); diff != "" {
				t.Errorf("gone (-want +got):\n%s", diff)
			}
			for prefix := range before.Dirs {
				_, left := after.Dirs[prefix]
				belongs := strings.HasPrefix(prefix, layout.Repositories+"recent/")
				if left != belongs {
					t.Errorf("the empty directory %s: left is %v", prefix, left)
				}
			}
			if extra := slices.Collect(maps.Keys(after.Files)); len(extra) != len(before.Files)-len(want) {
				t.Errorf("%d files left of %d", len(extra), len(before.Files))
			}
		})
	}
}

// TestLaw16Tidy: behind a symbolic link there may be the revisions that entries
// of histories name.
func TestLaw16Tidy(t *testing.T) {
	tree := fixture.New(old)
	image := tree.Image("app", "v1")
	tree.Tag("app", "v1", image.Digest)
	tree.Remove(revision("app", image.Digest))
	tree.Symlinks[layout.Repository("app")+"_manifests/revisions"] = "../elsewhere"
	tree.Dirs[layout.Repository("app")+"elsewhere/sha256/"] = old
	b := filesystemOf(t, tree)
	plan, err := sweep.NewTidy(t.Context(), b.driver, sweep.Options{Now: start}, sweep.Sight{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]sweep.Blocker{sweep.BlockedSymlinkedReferences}, plan.BlockedBy()); diff != "" {
		t.Error(diff)
	}
}
