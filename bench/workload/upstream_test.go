package workload

import (
	"io"
	"slices"
	"testing"

	"github.com/blobsweep/blobsweep"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/sirupsen/logrus"
)

// What the registry's own collector really removes is what the truth says.
func TestTruthIsWhatUpstreamRemoves(t *testing.T) {
	logrus.SetOutput(io.Discard)
	eachShape(t, func(t *testing.T, spec Spec) {
		switch spec.Shape {
		case "typical": // needs room for all that it has
		case "one-repo-20k-tags":
			spec.Blobs = 300 // every tag is read for every manifest
		default:
			spec.Blobs = least(spec.Shape)
		}
		for _, m := range []Mode{Upstream, UpstreamDeleteUntagged} {
			t.Run(m.String(), func(t *testing.T) { collectUpstream(t, plan(t, spec), m, inmemory.New()) })
		}
	})
	t.Run("filesystem", func(t *testing.T) {
		d := filesystem.New(filesystem.DriverParameters{RootDirectory: t.TempDir(), MaxThreads: 100})
		collectUpstream(t, plan(t, Spec{Shape: "typical", Blobs: 500}), UpstreamDeleteUntagged, d)
	})
}

// What no shape has, the truth knows as well: a platform that was deleted while
// its index is tagged, and a repository without tags.
func TestTruthOfOddRegistries(t *testing.T) {
	logrus.SetOutput(io.Discard)
	r := newRegistry(1)
	image := func() id { return r.manifest(ociImage, none, r.config(), r.layer()) }
	linked, deleted := image(), image()
	d := r.repository("a/odd")
	index := r.manifest(ociIndex, none, linked, deleted)
	d.push(linked)
	d.link(r.of(deleted)...)
	d.revise(index)
	d.tag("multi", index)
	d.tag("other", linked, deleted)
	d.done()
	d = r.repository("b/untagged")
	d.push(image())
	d.done()
	w := finish(Spec{}, r)
	for _, deleteUntagged := range []bool{false, true} {
		check(t, inMemory(t, w), w.Truth(), blobsweep.Options{Offline: true, DeleteUntagged: deleteUntagged})
	}
	for _, m := range []Mode{Upstream, UpstreamDeleteUntagged} {
		collectUpstream(t, w, m, inmemory.New())
	}
}

// least is the smallest size of a shape.
func least(name string) int {
	at := slices.IndexFunc(Shapes(), func(s Shape) bool { return s.Name == name })
	return Shapes()[at].Least
}

func collectUpstream(t *testing.T, w *Workload, m Mode, d driver.StorageDriver) {
	t.Helper()
	if _, err := Lay(t.Context(), w, StorageDriver(d)); err != nil {
		t.Fatal(err)
	}
	registry, err := storage.NewRegistry(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	before := keys(t, d)
	if len(before) != w.Counts().Objects {
		t.Errorf("%d keys are there, not %d", len(before), w.Counts().Objects)
	}
	err = storage.MarkAndSweep(t.Context(), d, registry, storage.GCOpts{RemoveUntagged: m == UpstreamDeleteUntagged, Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := RemovalOfKeys(slices.Values(removedKeys(before, keys(t, d))))
	if err != nil {
		t.Fatal(err)
	}
	truth := w.Truth()
	if err := truth.Removal(m).Check(got); err != nil {
		t.Error(err)
	}
}

// keys lists every file of a driver.
func keys(t *testing.T, d driver.StorageDriver) (keys []string) {
	t.Helper()
	err := d.Walk(t.Context(), "/", func(info driver.FileInfo) error {
		if !info.IsDir() {
			keys = append(keys, info.Path()[1:])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
