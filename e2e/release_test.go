package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
)

// On an object store, what is let go of is what goes from the memory driver, in
// few deletes, and nothing outside of the registry.
func TestS3Release(t *testing.T) {
	t.Parallel()
	checkRelease(t, newS3Store(t))
}

func TestOSSRelease(t *testing.T) {
	t.Parallel()
	checkRelease(t, newOSSStore(t))
}

func checkRelease(t *testing.T, s *store) {
	tree := fixture.NewWild(time.Now())
	s.lay(t, tree.Files)
	if err := s.put("reg-2/x", []byte("x"), longAgo()); err != nil {
		t.Fatal(err)
	}
	inMemory := memory.New()
	if err := tree.Write(t.Context(), inMemory); err != nil {
		t.Fatal(err)
	}
	letGo := func(d storage.Driver) {
		c, err := catalog.Read(t.Context(), d, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := release.New(c, []release.Target{
			{Repository: "signed", Tags: []release.Choice{{Name: "v1"}}},
			{Repository: "multi", Tags: []release.Choice{{Name: "latest"}, {Name: "sparse"}}},
			{Repository: "old", All: true}, {Repository: "app/nested/deep", All: true}, {Repository: "uploading", All: true},
		}, release.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.proxy.reset(nil)
		if err := p.Execute(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if len(slices.Collect(p.Done())) < 10 {
			t.Errorf("little went: %v", slices.Collect(p.Done()))
		}
	}
	letGo(inMemory)
	letGo(s.open())
	deletes := 0
	for _, r := range s.proxy.requests() {
		if r.kind == "delete" {
			deletes++
		}
	}
	if deletes == 0 || deletes > 12 {
		t.Errorf("%d deletes", deletes)
	}
	want := listKeys(t, inMemory, "")
	var got []string
	for _, key := range slices.Sorted(maps.Keys(s.objects())) {
		if rest, ok := strings.CutPrefix(key, root); ok {
			got = append(got, rest)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-memory +store:\n%s", diff)
	}
	if outside := s.outside(); len(outside) != 1 {
		t.Errorf("outside of the registry there are %d objects", len(outside))
	}
}
