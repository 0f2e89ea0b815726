package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
)

// TestOSSEndToEnd is TestEndToEnd for a registry whose files are copied into an
// OSS bucket to be collected there, and back: no registry of today has a driver
// for OSS. The registry beside it is not touched.
func TestOSSEndToEnd(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, deleteUntagged bool) {
		t.Parallel()
		h := onFilesystem(t)
		h.collect = func(t *testing.T, opts blobsweep.Options) blobsweep.Report {
			s := newOSSStore(t)
			tree, err := fixture.ReadDir(h.root)
			if err != nil {
				t.Fatal(err)
			}
			s.lay(t, tree.Files)
			for key, file := range tree.Files {
				if err := s.put("reg-2/"+key, file.Content, file.ModTime); err != nil {
					t.Fatal(err)
				}
			}
			outside := s.outside()
			report := collect(t, s.open(), opts)
			if diff := cmp.Diff(outside, s.outside()); diff != "" {
				t.Errorf("outside of the registry (-before +after):\n%s", diff)
			}
			s.copyTo(t, h.root)
			return report
		}
		endToEnd(t, h, deleteUntagged)
	})
}

// copyTo replaces a directory with what is below the root.
func (s *store) copyTo(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for key, file := range s.objects() {
		below, ok := strings.CutPrefix(key, root)
		if !ok {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(below))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, file.Content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOSSRequests(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, deleteUntagged bool) { checkRequests(t, newOSSStore(t), deleteUntagged) })
}
