package e2e

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/distribution"
	"github.com/blobsweep/blobsweep/drivers/distribution/compat"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/opencontainers/go-digest"
	"pgregory.net/rapid"
)

// TestDifferential collects random registries with blobsweep and with the
// collector that the registry carries. What blobsweep removes is what the laws
// say, neither more nor less; upstream never keeps any of it; and where
// upstream removes more, a law demands that it be kept.
func TestDifferential(t *testing.T) {
	t.Parallel()
	for name, deleteUntagged := range map[string]bool{"Default": false, "DeleteUntagged": true} {
		t.Run(name, func(t *testing.T) {
			differences := map[string]int{}
			rapid.Check(t, func(t *rapid.T) { compare(t, drawModel(t), deleteUntagged, differences) })
			t.Logf("blobs that upstream removes and a law keeps: %v", differences)
		})
	}
}

func compare(t *rapid.T, m *model, deleteUntagged bool, differences map[string]int) {
	all := m.tree.BlobDigests()
	kept := m.kept(deleteUntagged, laws{referrers: true, unlinked: true, dangling: true})

	planned := plan(t, m, deleteUntagged)
	upstream := remove(t, m, func(d *inmemory.Driver) error { return collectUpstream(d, false, deleteUntagged) })
	removed := remove(t, m, func(d *inmemory.Driver) error {
		return compat.MarkAndSweep(context.Background(), d, nil, compat.GCOpts{RemoveUntagged: deleteUntagged})
	})
	for _, d := range slices.Sorted(maps.Keys(all)) {
		if planned[d] == kept[d] {
			t.Errorf("%s: eligible %t, kept by the laws %t", d, planned[d], kept[d])
		}
		if removed[d] != planned[d] {
			t.Errorf("%s: removed %t, eligible %t", d, removed[d], planned[d])
		}
		if planned[d] && !upstream[d] {
			t.Errorf("%s is eligible, and upstream keeps it", d)
		}
		if upstream[d] && !planned[d] {
			law := m.lawThatKeeps(d, deleteUntagged)
			if law == "" {
				t.Errorf("upstream removes %s, and no law keeps it", d)
			}
			differences[law]++
		}
	}
}

// plan lists the blobs that blobsweep would remove.
func plan(t *rapid.T, m *model, deleteUntagged bool) map[digest.Digest]bool {
	d := inmemory.New()
	if err := m.write(d); err != nil {
		t.Fatal(err)
	}
	run, err := blobsweep.Plan(context.Background(), distribution.New(d, distribution.Options{}), blobsweep.Options{
		DeleteUntagged: deleteUntagged,
		Offline:        true,
	})
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	if report := run.Report(); len(report.BlockedBy) > 0 {
		t.Fatalf("blocked: %+v", report)
	}
	eligible := map[digest.Digest]bool{}
	for c := range run.Candidates() {
		if c.Kind == sweep.Blob {
			eligible[c.Digest] = true
		}
	}
	return eligible
}

// remove collects a copy of the registry and returns the blobs that are gone.
func remove(t *rapid.T, m *model, collect func(d *inmemory.Driver) error) map[digest.Digest]bool {
	d := inmemory.New()
	if err := m.write(d); err != nil {
		t.Fatal(err)
	}
	if err := collect(d); err != nil {
		t.Fatalf("collect: %v", err)
	}
	left, err := blobs(d)
	if err != nil {
		t.Fatal(err)
	}
	gone := m.tree.BlobDigests()
	for d := range left {
		delete(gone, d)
	}
	return gone
}

// lawThatKeeps names the law without which a blob would not be kept, or all of
// them when each alone is enough. It is empty when none of them is needed.
func (m *model) lawThatKeeps(d digest.Digest, deleteUntagged bool) string {
	for _, without := range []struct {
		law  string
		rest laws
	}{
		{"law 1", laws{unlinked: true, dangling: true}},
		{"law 2", laws{referrers: true, dangling: true}},
		{"law 9", laws{referrers: true, unlinked: true}},
		{"laws 1, 2 and 9", laws{}},
	} {
		if !m.kept(deleteUntagged, without.rest)[d] {
			return without.law
		}
	}
	return ""
}
