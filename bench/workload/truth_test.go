package workload

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/google/go-cmp/cmp"
)

// inMemory lays out a registry in memory.
func inMemory(t *testing.T, w *Workload) *memory.Driver {
	t.Helper()
	d := memory.New()
	objects, err := Lay(t.Context(), w, Memory(d))
	if err != nil {
		t.Fatal(err)
	}
	if want := w.Counts().Objects; objects != want {
		t.Errorf("%d objects were laid out, not %d", objects, want)
	}
	return d
}

// check compares what blobsweep plans with the truth, and what it counts.
func check(t *testing.T, d *memory.Driver, truth Truth, opts blobsweep.Options) {
	t.Helper()
	run, err := blobsweep.Plan(t.Context(), d, opts)
	if err != nil {
		t.Fatal(err)
	}
	got, err := RemovalOf(run.Candidates())
	if err != nil {
		t.Fatal(err)
	}
	want := truth.Default
	if opts.DeleteUntagged {
		want = truth.DeleteUntagged
	}
	if err := want.Check(got); err != nil {
		t.Error(err)
	}
	report := run.Report()
	if len(report.Findings) > 0 || len(report.BlockedBy) > 0 || report.Strangers > 0 {
		t.Errorf("the registry is at fault: %+v, %v, %d strangers", report.Findings, report.BlockedBy, report.Strangers)
	}
	counted := Counts{
		Repositories: int(report.Repositories), Tags: int(report.Tags), Manifests: int(report.Manifests.Total),
		LayerLinks: int(report.LayerLinks.Total), Blobs: int(report.Blobs.Total), Uploads: int(report.Uploads.Total),
		Bytes: report.Bytes.Total, Objects: truth.Objects, TagIndexEntries: truth.TagIndexEntries,
	}
	if diff := cmp.Diff(truth.Counts, counted); diff != "" {
		t.Errorf("the report counts otherwise than the truth (-truth +report):\n%s", diff)
	}
}

func TestTruthIsWhatBlobsweepRemoves(t *testing.T) {
	eachShape(t, func(t *testing.T, spec Spec) {
		for _, blobs := range []int{spec.Blobs, 3*spec.Blobs + 17} {
			spec.Blobs = blobs
			w := plan(t, spec)
			d, truth := inMemory(t, w), w.Truth()
			check(t, d, truth, blobsweep.Options{Offline: true})
			check(t, d, truth, blobsweep.Options{Offline: true, DeleteUntagged: true})
			check(t, d, truth, blobsweep.Options{}) // everything is older than the grace period
		}
	})
}

// A truth that says nothing of a mode would prove nothing.
func TestEveryModeRemovesSomething(t *testing.T) {
	eachShape(t, func(t *testing.T, spec Spec) {
		truth := plan(t, spec).Truth()
		for m := range modes {
			if len(truth.Removal(m).Blobs) == 0 {
				t.Errorf("%v removes no blob", m)
			}
		}
	})
	truth := plan(t, Spec{Shape: "typical", Blobs: 5_000}).Truth()
	law, upstream := truth.DeleteUntagged, truth.UpstreamDeleteUntagged
	lost, kept := difference(law.Manifests, upstream.Manifests, compareLinks)
	if len(lost) == 0 || len(kept) == 0 {
		t.Errorf("of what upstream removes, %d revisions should stay, and of what it keeps %d should go", len(kept), len(lost))
	}
	if len(truth.Default.LayerLinks) <= len(truth.Upstream.LayerLinks) {
		t.Error("upstream removes all stale layer links")
	}
}

func TestTruthFile(t *testing.T) {
	eachShape(t, func(t *testing.T, spec Spec) {
		truth := plan(t, spec).Truth()
		var file bytes.Buffer
		if err := truth.Write(&file); err != nil {
			t.Fatal(err)
		}
		read, err := ReadTruth(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(truth, read); diff != "" {
			t.Errorf("what is read is not what was written:\n%s", diff)
		}
		if _, err := ReadTruth(bytes.NewReader(file.Bytes()[:file.Len()/2])); err == nil {
			t.Error("half a file is read without an error")
		}
	})
}

func TestCheckNamesDifferences(t *testing.T) {
	truth := plan(t, Spec{Shape: "typical", Blobs: 1_000}).Truth()
	got := truth.Default
	got.Blobs = slices.Delete(slices.Clone(got.Blobs), 3, 5)
	got.LayerLinks = append(slices.Clone(got.LayerLinks), Link{Repository: "zoo", Digest: truth.Default.Blobs[0]})
	err := truth.Default.Check(got)
	for _, want := range []string{"2 blobs not removed, such as sha256:", "1 layer links removed without need, such as zoo@"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if err := truth.Default.Check(truth.Default); err != nil {
		t.Error(err)
	}
}

// removedKeys are the keys that were there and are not any more.
func removedKeys(before, after []string) []string {
	left := map[string]bool{}
	for _, key := range before {
		left[key] = true
	}
	for _, key := range after {
		delete(left, key)
	}
	return slices.Sorted(maps.Keys(left))
}

func TestRemovalOfKeys(t *testing.T) {
	w := plan(t, Spec{Shape: "typical", Blobs: 2_000})
	d, truth := inMemory(t, w), w.Truth()
	before := d.Keys()
	if _, err := blobsweep.Collect(t.Context(), d, blobsweep.Options{Offline: true}); err != nil {
		t.Fatal(err)
	}
	got, err := RemovalOfKeys(slices.Values(removedKeys(before, d.Keys())))
	if err != nil {
		t.Fatal(err)
	}
	if err := truth.Default.Check(got); err != nil {
		t.Error(err)
	}
	tag := layout.Path{Kind: layout.TagLink, Repository: "a", Tag: "b"}
	key, err := tag.Key()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RemovalOfKeys(slices.Values([]string{key})); err == nil {
		t.Error("a tag may go")
	}
}
