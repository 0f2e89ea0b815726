package distribution_test

import (
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/drivers/distribution"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// Every name of the registry's own is known for what it is without a stat.
func TestReadDirSparesStats(t *testing.T) {
	const root = "docker/registry/v2/"
	hex := digest.FromString("blob").Encoded()
	repository := root + "repositories/a/b/"
	keys := []string{
		root + "blobs/sha256/" + hex[:2] + "/" + hex + "/data",
		repository + "_layers/sha256/" + hex + "/link",
		repository + "_manifests/revisions/sha256/" + hex + "/link",
		repository + "_manifests/tags/v1/current/link",
		repository + "_manifests/tags/v1/index/sha256/" + hex + "/link",
		repository + "_uploads/0123/data",
		repository + "_uploads/0123/startedat",
		repository + "_uploads/0123/hashstates/sha256/12",
	}
	f, d := open(t, distribution.Options{}, keys...)
	var stats []string
	f.fail = func(op, path string) error {
		if op == "stat" {
			stats = append(stats, path)
		}
		return nil
	}
	var files []string
	var walk func(prefix string)
	walk = func(prefix string) {
		entries, err := d.ReadDir(t.Context(), prefix)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Kind == storage.EntryDir {
				walk(prefix + e.Name + "/")
			} else {
				files = append(files, prefix+e.Name)
			}
		}
	}
	walk(root + "blobs/")
	walk(repository + "_layers/")
	walk(repository + "_manifests/")
	walk(repository + "_uploads/")
	if len(files) != len(keys) {
		t.Errorf("walked %q", files)
	}
	// Only what is in hashstates/ is not worth a rule.
	for _, path := range stats {
		if !strings.Contains(path, "/hashstates/") {
			t.Errorf("stat of %s", path)
		}
	}
	if got := d.Requests(); got.Stat != int64(len(stats)) || got.List == 0 || got.Get+got.Delete != 0 {
		t.Errorf("counted %+v for %d stats", got, len(stats))
	}
}

func TestReadDirStatsOtherNames(t *testing.T) {
	const repositories = "docker/registry/v2/repositories/"
	f, d := open(t, distribution.Options{},
		repositories+"dir/x", repositories+"file", repositories+"both", repositories+"both/x", repositories+"odd name/x")
	f.files["/"+repositories+"vanishing"] = ""
	f.fail = func(op, path string) error {
		if op == "stat" && strings.HasSuffix(path, "/vanishing") {
			delete(f.files, path)
		}
		return nil
	}
	entries, err := d.ReadDir(t.Context(), repositories)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]storage.EntryKind{}
	for _, e := range entries {
		got[e.Name] = e.Kind
	}
	want := map[string]storage.EntryKind{
		"dir":       storage.EntryDir,
		"file":      storage.EntryFile,
		"both":      storage.EntryDir, // what lies under it must be seen
		"odd name":  storage.EntryOther,
		"vanishing": storage.EntryOther,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}
