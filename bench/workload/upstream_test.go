package workload

import (
	"io"
	"slices"
	"testing"

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
		if spec.Shape == "one-repo-20k-tags" {
			spec.Blobs = 300 // it reads every tag for every manifest
		}
		for _, m := range []Mode{Upstream, UpstreamDeleteUntagged} {
			t.Run(m.String(), func(t *testing.T) { collectUpstream(t, spec, m, inmemory.New()) })
		}
	})
	t.Run("filesystem", func(t *testing.T) {
		d := filesystem.New(filesystem.DriverParameters{RootDirectory: t.TempDir(), MaxThreads: 100})
		collectUpstream(t, Spec{Shape: "typical", Blobs: 500}, UpstreamDeleteUntagged, d)
	})
}

func collectUpstream(t *testing.T, spec Spec, m Mode, d driver.StorageDriver) {
	w := plan(t, spec)
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
