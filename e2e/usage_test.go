package e2e

import (
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/usage"
	"github.com/google/go-cmp/cmp"
)

// On an object store, the usage is what two plans say, and no manifest is
// fetched for it more often than for one of them.
func TestS3Usage(t *testing.T) {
	t.Parallel()
	checkUsage(t, newS3Store(t))
}

func TestOSSUsage(t *testing.T) {
	t.Parallel()
	checkUsage(t, newOSSStore(t))
}

func checkUsage(t *testing.T, s *store) {
	w := workload{manifests: 30, blobs: 200}
	tree := w.tree(t)
	s.lay(t, tree.Files)
	d := s.open()
	s.proxy.reset(nil)
	u, err := usage.Read(t.Context(), d, usage.Options{Detail: true})
	if err != nil {
		t.Fatal(err)
	}
	gets := map[string]int{}
	for _, r := range s.proxy.requests() {
		if i := strings.Index(r.key, layout.Blobs); r.kind == "get" && i >= 0 {
			gets[r.key[i:]]++
		}
	}
	for key, n := range gets {
		if n > 1 {
			t.Errorf("%s was fetched %d times", key, n)
		}
	}
	if len(gets) < w.manifests {
		t.Errorf("%d manifests were fetched, want %d", len(gets), w.manifests)
	}
	for i, mode := range []usage.Mode{u.GC, u.GCUntagged} {
		run, err := blobsweep.Plan(t.Context(), d, blobsweep.Options{DeleteUntagged: i == 1})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(run.Report().Counts, mode.Counts); diff != "" {
			t.Errorf("-plan +usage:\n%s", diff)
		}
	}
	if u.GCUntagged.Bytes.Reclaimable == 0 || len(u.ByRepository) == 0 || u.Size == 0 {
		t.Errorf("nothing of use: %+v", u)
	}
}
