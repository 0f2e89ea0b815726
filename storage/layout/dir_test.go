package layout_test

import (
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage/layout"
)

func TestParseDir(t *testing.T) {
	for rest, ours := range map[string]bool{
		"": false, "blobs/": false, "repositories/": false, "x/": false, "blobs": false,
		"blobs/sha256/": true, "blobs/sha256/e3/": true, "blobs/sha256/e3/" + hex256 + "/": true,
		"blobs/sha256/e3/" + hex256 + "/data/": false, "blobs/sha256/ee/" + hex256 + "/": false, "blobs/md5/": false,
		"repositories/a/": true, "repositories/a/b/": true, "repositories/a": false, "repositories/../": false,
		"repositories/A/": false, "repositories/A/b/": true, "repositories/A/B/": false, "repositories/_layers/": false, "repositories/a/_x/": false,
		"repositories/a/_layers/": true, "repositories/a/_layers/sha256/": true, "repositories/a/_layers/x/": false,
		"repositories/a/_layers/sha256/" + hex256 + "/": true, "repositories/a/_layers/sha256/" + hex256 + "/x/": false,
		"repositories/a/_manifests/": true, "repositories/a/_manifests/x/": false, "repositories/a/_manifests/revisions/sha256/": true,
		"repositories/a/_manifests/revisions/sha256/" + hex256 + "/signatures/sha512/" + hex512 + "/": true,
		"repositories/a/_manifests/tags/v1/": true, "repositories/a/_manifests/tags/v1/current/": true,
		"repositories/a/_manifests/tags/v1/index/sha256/" + hex256 + "/": true, "repositories/a/_manifests/tags/v1/x/": false,
		"repositories/a/_manifests/tags/-/": false, "repositories/a/_uploads/": true, "repositories/a/_uploads/u/": true,
		"repositories/a/_uploads/u/hashstates/sha256/": true, "repositories/a/_uploads/u/x/": false, "repositories/a/_uploads/../": false,
	} {
		prefix := "docker/registry/v2/" + rest
		dir, ok := layout.ParseDir(prefix)
		if ok != ours {
			t.Errorf("ParseDir(%q) is %v", prefix, ok)
		}
		if ok && dir.Prefix() != prefix {
			t.Errorf("ParseDir(%q).Prefix() = %q", prefix, dir.Prefix())
		}
	}
}

// TestHomes expects directories of our own that lead from the key upwards, and
// that stop where other things could be.
func TestHomes(t *testing.T) {
	for rest, p := range grammar {
		homes := p.Homes()
		if len(homes) == 0 {
			t.Errorf("%q has no home", rest)
		}
		below := "docker/registry/v2/" + rest
		for _, home := range homes {
			inside, ok := strings.CutPrefix(below, home.Prefix())
			if _, ours := layout.ParseDir(home.Prefix()); !ok || !ours || strings.Contains(strings.TrimSuffix(inside, "/"), "/") {
				t.Errorf("%q is not a home right above %q", home.Prefix(), below)
			}
			below = home.Prefix()
		}
		for _, shared := range []string{"/sha256/e3/", "_layers/sha256/", "_uploads/", "/revisions/sha256/", "/tags/"} {
			if strings.HasSuffix(below, shared) {
				t.Errorf("%q would take its neighbours' home %q", rest, below)
			}
		}
	}
	if homes := (layout.Path{}).Homes(); homes != nil {
		t.Errorf("no path has homes %v", homes)
	}
}
