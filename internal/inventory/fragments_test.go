package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	gocmp "github.com/google/go-cmp/cmp"
)

// walk returns the repositories of a flat store that is listed in ranges.
func walk(t *testing.T, r storage.Reader, ranges ...span) []*Repository {
	t.Helper()
	w := Walker{
		Reader: r, Pool: parallel.New(1),
		OnStranger: func(Stranger) {}, OnMarker: func(storage.Object) {},
	}
	var all []*Repository
	_, err := w.flatRepositories(t.Context(), func(_ context.Context, r *Repository) error {
		all = append(all, r)
		return nil
	}, ranges...)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b *Repository) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Wherever a listing is cut, the repositories in it are whole (law 5).
func TestLaw05CutRepositoriesAreWhole(t *testing.T) {
	d := memory.New()
	if err := fixture.NewWild(time.Now()).Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for _, rest := range []string{ // what no registry of today writes
		"_early/stranger", "_layers/blake3/" + hexOf(1) + "/link", "_layers/blake3/" + hexOf(2) + "/link",
		"_manifests/revisions/blake3/" + hexOf(1) + "/link", "_manifests/revisions/blake3/" + hexOf(2) + "/link",
	} {
		if err := d.Put(t.Context(), layout.Repository("cut")+rest, []byte("x"), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	want := walk(t, d, everything)
	if len(want) < 5 {
		t.Fatalf("the tree has only %d repositories", len(want))
	}
	var keys []string
	for o, err := range d.List(t.Context(), layout.Repositories, storage.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	names := map[string]bool{} // and all that they begin with
	for _, key := range keys {
		for end := len(layout.Repositories); end <= strings.Index(key, "/_")+2; end++ {
			names[key[:end]] = true
		}
	}
	for cut := range names {
		if diff := gocmp.Diff(want, walk(t, d, span{after: cut}, span{until: cut})); diff != "" {
			t.Fatalf("cut at %s: %s", cut, diff)
		}
	}
	each := make([]span, len(keys)+1) // a range for each key, and one for nothing
	for i, key := range keys {
		each[i].until, each[i+1].after = key, key
		got := walk(t, d, span{after: key}, span{until: key}) // in the wrong order
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("cut after %s: %s", key, diff)
		}
	}
	if diff := gocmp.Diff(want, walk(t, d, each...)); diff != "" {
		t.Errorf("cut everywhere: %s", diff)
	}
}
