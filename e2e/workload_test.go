package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/opencontainers/go-digest"
)

// workload is the size of a registry with some 60 manifests a repository, of
// which one in three is tagged. Its blobs are manifests, configurations and
// layers, and one in fourteen is an orphan.
type workload struct{ manifests, blobs int }

// tree builds the registry, all of it a day old.
func (w workload) tree(t testing.TB) *fixture.Tree {
	t.Helper()
	orphans := w.blobs / 14
	layers := w.blobs - orphans - 2*w.manifests
	if w.manifests < 1 || layers < w.manifests {
		t.Fatalf("no registry has %d manifests and %d blobs; there must be more than three blobs for each", w.manifests, w.blobs)
	}
	tree := fixture.New(time.Now().Add(-24 * time.Hour))
	for i := range w.manifests {
		r := i % max(2, w.manifests/60)
		repository := fmt.Sprintf("team-%d/app-%d", r%5, r)
		var own []string
		for layer := layers * i / w.manifests; layer < layers*(i+1)/w.manifests; layer++ {
			own = append(own, fmt.Sprint(layer))
		}
		image := tree.Image(repository, fmt.Sprint("image ", i), own...)
		if i%3 == 0 {
			tree.Tag(repository, fmt.Sprint("v", i), image.Digest)
		}
	}
	for i := range orphans {
		tree.Blob("", fmt.Appendf(nil, "orphan %d", i))
	}
	return tree
}

// floor is the least number of requests that a plan needs: the pages of the
// listing, each manifest once and, where tags are roots, each of these.
func floor(tree *fixture.Tree, deleteUntagged bool) int {
	keys, tags := map[bool]int{}, 0
	manifests := map[digest.Digest]bool{}
	for key := range tree.Files {
		p, _ := layout.Parse(key)
		switch p.Kind {
		case layout.RevisionLink:
			manifests[p.Digest] = true
		case layout.TagLink:
			tags++
		}
		keys[p.Kind == layout.BlobData]++
	}
	requests := pages(keys[true]) + pages(keys[false]) + len(manifests)
	if deleteUntagged {
		requests += tags
	}
	return requests
}

// pages are how many requests it takes for a number of keys.
func pages(keys int) int { return (keys + 999) / 1000 }

// checkPlanRequests holds the number of requests of a plan near its floor.
func checkPlanRequests(t testing.TB, p *proxy, tree *fixture.Tree, deleteUntagged bool) {
	t.Helper()
	floor := floor(tree, deleteUntagged)
	if sent := len(p.requests()); float64(sent) > 1.05*float64(floor)+20 {
		t.Fatalf("%d requests, and the floor is %d: %v", sent, floor, p.counts())
	}
}

// checkRequests plans and executes, and counts requests from outside.
func checkRequests(t *testing.T, s *store, deleteUntagged bool) {
	w := workload{manifests: 150, blobs: 4000}
	tree := w.tree(t)
	for i := range 1100 {
		tree.Layer("team-1/app-1", fmt.Sprint("stale ", i))
		tree.Layer("team-2/app-2", fmt.Sprint("stale ", i))
	}
	s.lay(t, tree.Files)
	d := s.open()
	run, err := blobsweep.Plan(t.Context(), d, blobsweep.Options{DeleteUntagged: deleteUntagged})
	if err != nil {
		t.Fatal(err)
	}
	checkPlanRequests(t, s.proxy, tree, deleteUntagged)
	if got, sent := run.Report().Requests, len(s.proxy.requests()); int(got.Total()) != sent {
		t.Errorf("the report counts %+v, and %d were seen", got, sent)
	}
	t.Logf("plan: floor %d, requests %v", floor(tree, deleteUntagged), s.proxy.counts())

	s.proxy.reset(nil)
	report, err := run.Execute(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for _, n := range []int64{
		report.TagIndexEntries.Removed, report.Manifests.Removed, report.LayerLinks.Removed, report.Blobs.Removed,
	} {
		if n > 0 {
			most += pages(int(n)) + 1
		}
	}
	if report.LayerLinks.Removed < 2200 || report.Blobs.Removed < 1100 {
		t.Errorf("removed: %+v", report.Counts)
	}
	if got := s.proxy.counts(); got["delete"] > most || len(got) != 1 {
		t.Errorf("%v, want at most %d deletes", got, most)
	}
	t.Logf("execute: requests %v of %d", s.proxy.counts(), most)
}
