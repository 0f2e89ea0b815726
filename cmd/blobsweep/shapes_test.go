package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/rogpeppe/go-internal/testscript"
)

// shapes are what a script's registry can be made of. All is 30 days old but
// for what is said to be fresh.
var shapes = map[string]func(*fixture.Tree){
	// An image that is whole: five files for a tag, four for its bytes.
	"image": func(t *fixture.Tree) { t.Tag("app", "v1", t.Image("app", "v1").Digest) },
	// A blob that nothing references, as a deleted image leaves it.
	"orphan": func(t *fixture.Tree) { t.Blob(v1.MediaTypeImageLayerGzip, orphan) },
	// An image that a tag named before another one.
	"untagged": func(t *fixture.Tree) {
		t.Tag("app", "v2", t.Image("app", "old").Digest)
		t.Tag("app", "v2", t.Image("app", "new").Digest)
	},
	"upload": func(t *fixture.Tree) { t.Upload("app", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", t.Now) },
	"ghost":  func(t *fixture.Tree) { t.LayerLink("old/ghost", digest.FromString("ghost")) },
	"fresh": func(t *fixture.Tree) {
		at := t.Now
		t.Now = time.Now()
		t.Blob(v1.MediaTypeImageLayerGzip, []byte("being pushed"))
		t.Now = at
	},
	"dangling": func(t *fixture.Tree) { t.Tag("app", "gone", digest.FromString("gone")) },
	"corrupt": func(t *fixture.Tree) {
		d := t.Image("app", "corrupt").Digest
		t.Add(layout.Path{Kind: layout.BlobData, Digest: d}, []byte("{}"))
	},
	"oversized": func(t *fixture.Tree) {
		t.Manifest("app", v1.MediaTypeImageIndex, fmt.Appendf(nil,
			`{"schemaVersion":2,"mediaType":%q,"manifests":[],"annotations":{"padding":%q}}`,
			v1.MediaTypeImageIndex, strings.Repeat("x", 5<<20)))
	},
	// File names that are no text in any encoding that matters here.
	"latin1": func(t *fixture.Tree) {
		t.Put(layout.Root+"blobs/caf\xe9", nil)
		t.Put(layout.Repository("app")+"_layers/caf\xe9\x1b[31m", nil)
	},
	// Layer links that nothing needs: much to delete after little to read.
	"links": func(t *fixture.Tree) {
		for i := range 100 {
			t.LayerLink("app", digest.FromString(fmt.Sprint(i)))
		}
	},
	"team":    team,
	"hostile": hostile,
	"bare":    func(t *fixture.Tree) { t.Image("bare", "untagged") },
	"alike":   alike,
	// See check_test.go.
	"lost":       lostLayer,
	"unlinked":   unlinkedLayer,
	"cut":        cutLayer,
	"flipped":    flippedLayer,
	"emptylinks": emptyLinks,
	"blank":      func(t *fixture.Tree) { t.Dirs[layout.Root] = t.Now },
	// See rm_shapes_test.go.
	"group": group,
	"tags":  tags,
	"push":  push,
	// See prune_shapes_test.go.
	"services": services,
}

var orphan = []byte("a layer that nothing references")

// writeRegistry also sets $ORPHAN to the directory of the orphan's bytes.
func writeRegistry(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	t := fixture.New(time.Now().Add(-30 * 24 * time.Hour))
	for _, name := range args[1:] {
		shape := shapes[name]
		if shape == nil {
			ts.Fatalf("there is no shape %q", name)
		}
		shape(t)
	}
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(t.WriteDir(dir))
	data := fixture.Key(layout.Path{Kind: layout.BlobData, Digest: digest.FromBytes(orphan)})
	ts.Setenv("ORPHAN", filepath.Join(dir, filepath.Dir(filepath.FromSlash(data))))
}
