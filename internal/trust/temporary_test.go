package trust_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// TestTemporaryFiles has what a crash leaves of a repair, or of a registry's own
// write, beside every link, and where there is no link yet: the same goes and
// stays as without, twice in a row, and they are never touched.
func TestTemporaryFiles(t *testing.T) {
	const beside = ".IK5RWTYZXN6CB3ULPJ2SHA4MVE.tmp"
	eachMode(t, func(t *testing.T, b backend, wild *fixture.Wild, opts sweep.Options, live map[digest.Digest]bool) {
		d, left := b.open(t, wild.Tree)
		if said, err := collect(t.Context(), d, opts); err != nil {
			t.Fatal(said)
		}
		want := slices.Sorted(maps.Keys(left().Files))

		littered := wild.Clone()
		for key, file := range wild.Files {
			if strings.HasSuffix(key, "/link") {
				littered.Files[key+beside] = fixture.File{Content: file.Content[:len(file.Content)/2], ModTime: file.ModTime}
			}
		}
		littered.Now = now.Add(-30 * 24 * time.Hour)
		for d := range wild.BlobDigests() {
			if slices.Contains(want, layout.BlobKey(d)) {
				continue
			}
			for _, path := range []layout.Path{ // what would keep it, if it counted
				{Kind: layout.LayerLink, Digest: d}, {Kind: layout.RevisionLink, Digest: d},
				{Kind: layout.TagLink, Tag: "v" + d.Encoded()}, {Kind: layout.TagIndexLink, Tag: "v" + d.Encoded(), Digest: d},
			} {
				path.Repository = "only/temporary"
				littered.Put(fixture.Key(path)+beside, []byte(d))
			}
		}
		d, left = b.open(t, littered)
		for range 2 {
			if said, err := collect(t.Context(), d, opts); err != nil {
				t.Fatal(said)
			}
			after, litter := left(), 0
			assertWhole(t, littered, after, live)
			for key := range after.Files {
				if strings.HasSuffix(key, beside) {
					delete(after.Files, key)
					litter++
				}
			}
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(after.Files))); diff != "" {
				t.Errorf("other keys are left than without temporary files: %s", diff)
			}
			if had := len(littered.Files) - len(wild.Files); litter != had {
				t.Errorf("%d temporary files of %d are left", litter, had)
			}
		}
	})
}
