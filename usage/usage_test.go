package usage_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/blobsweep/blobsweep/usage"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// drivers are the tree as an object store has it, and as a filesystem has it.
func drivers(t *testing.T, tree *fixture.Tree) map[string]storage.Driver {
	t.Helper()
	dir := t.TempDir()
	if err := tree.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	onTree, err := filesystem.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]storage.Driver{"flat": inMemory(t, tree), "tree": onTree}
}

func inMemory(t *testing.T, tree *fixture.Tree) *memory.Driver {
	t.Helper()
	d := memory.New()
	if err := tree.Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, d storage.Reader, opts usage.Options) *usage.Usage {
	t.Helper()
	u, err := usage.Read(t.Context(), d, opts)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestFigures holds the figures against the reports of two plans.
func TestFigures(t *testing.T) {
	small := fixture.New(time.Now().Add(-30 * 24 * time.Hour))
	small.Tag("app", "v1", small.Image("app", "v1").Digest)
	small.Image("app", "untagged")
	small.Blob(v1.MediaTypeImageLayerGzip, []byte("orphan"))
	blocked := small.Clone()
	corrupt := blocked.Image("app", "corrupt").Digest
	blocked.Add(layout.Path{Kind: layout.BlobData, Digest: corrupt}, []byte("{}"))
	for name, tree := range map[string]*fixture.Tree{
		"empty": fixture.New(time.Now()), "small": small, "blocked": blocked, "wild": fixture.NewWild(time.Now()).Tree,
	} {
		for kind, d := range drivers(t, tree) {
			for mode, opts := range map[string]blobsweep.Options{
				"default": {}, "offline": {Offline: true}, "grace of a year": {Grace: 365 * 24 * time.Hour},
				"uploads of any age": {UploadsOlderThan: -1},
			} {
				t.Run(name+" "+kind+" "+mode, func(t *testing.T) { compare(t, d, opts) })
			}
		}
	}
}

func compare(t *testing.T, d storage.Driver, opts blobsweep.Options) {
	t.Helper()
	u := read(t, d, usage.Options{Plan: opts})
	var reports []blobsweep.Report
	var runs []*blobsweep.Run
	for _, untagged := range []bool{false, true} {
		opts.DeleteUntagged = untagged
		run, err := blobsweep.Plan(t.Context(), d, opts)
		if err != nil {
			t.Fatal(err)
		}
		runs, reports = append(runs, run), append(reports, run.Report())
	}
	for i, mode := range []usage.Mode{u.GC, u.GCUntagged} {
		if diff := cmp.Diff(reports[i].Counts, mode.Counts); diff != "" {
			t.Errorf("counts (-report +usage):\n%s", diff)
		}
		if !slices.Equal(reports[i].BlockedBy, mode.BlockedBy) || mode.BlockedBy == nil || mode.DeleteUntagged != (i == 1) {
			t.Errorf("blocked by %v, want %v", mode.BlockedBy, reports[i].BlockedBy)
		}
		for _, of := range u.Types {
			share, total, want := of.GC, of.Total, reports[i].Counts
			if i == 1 {
				share = of.GCUntagged
			}
			var got, all int64
			switch of.Name {
			case usage.Manifests:
				got, all = want.Manifests.Eligible, want.Manifests.Total
			case usage.Blobs:
				got, all = want.Blobs.Eligible, want.Blobs.Total
				if share.Bytes != want.Bytes.Reclaimable || *of.Bytes != want.Bytes.Total {
					t.Errorf("%d of %d bytes, want %+v", share.Bytes, *of.Bytes, want.Bytes)
				}
			case usage.LayerLinks:
				got, all = want.LayerLinks.Eligible, want.LayerLinks.Total
			case usage.Uploads:
				got, all = want.Uploads.Eligible, want.Uploads.Total
				bytes := int64(0)
				for c := range runs[i].Candidates() {
					if c.Kind == sweep.Upload {
						bytes += c.Bytes
					}
				}
				if share.Bytes != bytes || *of.Bytes != want.Bytes.Uploads || of.Active != want.Uploads.Recent {
					t.Errorf("uploads: %+v of %d bytes, want %d of %d", share, *of.Bytes, bytes, want.Bytes.Uploads)
				}
			}
			if share.Count != got || total != all {
				t.Errorf("%s: %d of %d, want %d of %d", of.Name, share.Count, total, got, all)
			}
		}
	}
	marked := reports[1].Counts
	if u.Types[0].Active != marked.Manifests.Marked || u.Types[1].Active != marked.Blobs.Marked {
		t.Errorf("active: %+v, want what tags lead to", u.Types)
	}
	if u.Detail != nil || u.Tags != marked.Tags || u.Findings == nil {
		t.Errorf("detail %v, %d tags, findings %v", u.Detail, u.Tags, u.Findings)
	}
	for _, f := range slices.Concat(reports[0].Findings, reports[1].Findings) {
		if !slices.Contains(u.Findings, f) {
			t.Errorf("missing: %+v", f)
		}
	}
}

func TestMultipartUploads(t *testing.T) {
	tree := fixture.New(time.Now().Add(-30 * 24 * time.Hour))
	tree.Tag("app", "v1", tree.Image("app", "v1").Digest)
	d := inMemory(t, tree)
	if got := read(t, d, usage.Options{}).Types; len(got) != 4 {
		t.Errorf("types: %+v, want no multipart uploads where there are none", got)
	}
	key := fixture.Key(layout.Path{Kind: layout.UploadData, Repository: "app", Upload: "6ba7b810-9dad-11d1-80b4-00c04fd430c8"})
	old := time.Now().Add(-30 * 24 * time.Hour)
	d.BeginUpload(key, "1", old, 1000)
	if got := read(t, d, usage.Options{}).Types[4]; got.Bytes == nil || *got.Bytes != 1000 || got.GC != (usage.Share{Count: 1, Bytes: 1000}) || got.GCUntagged != got.GC {
		t.Errorf("multipart uploads: %+v", got)
	}
	d.BeginUpload(key, "2", time.Now(), 7)
	got := read(t, d, usage.Options{}).Types[4]
	if got.Bytes != nil || got.Total != 2 || got.Active != 1 || got.GC.Bytes != 1000 {
		t.Errorf("multipart uploads, one of them under way: %+v", got)
	}
}

// image stores an image of layers of some sizes, by name.
func image(t *fixture.Tree, repository string, layers map[string]int) digest.Digest {
	m := v1.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest}
	m.Config = t.LinkedBlob(repository, v1.MediaTypeImageConfig, []byte("{}"))
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		m.Layers = append(m.Layers, t.LinkedBlob(repository, v1.MediaTypeImageLayerGzip, bytes.Repeat([]byte(name), layers[name])))
	}
	return t.ManifestOf(repository, m.MediaType, m).Digest
}

// size is that of a manifest in a tree.
func size(t *fixture.Tree, d digest.Digest) int64 {
	return int64(len(t.Files[layout.BlobKey(d)].Content))
}

func TestDetail(t *testing.T) {
	tree := fixture.New(time.Now().Add(-30 * 24 * time.Hour).Truncate(time.Second))
	web := image(tree, "shop/web", map[string]int{"b": 100, "w": 1000})
	api := image(tree, "shop/api", map[string]int{"b": 100, "a": 500})
	old := image(tree, "shop/api", map[string]int{"b": 100, "o": 300, "x": 40}) // untagged
	gone := image(tree, "shop/web", map[string]int{"x": 40})                    // untagged; x is theirs together
	tree.Tag("shop/web", "v1", web)
	tree.Now = tree.Now.Add(time.Hour)
	tree.Tag("shop/web", "latest", web)
	tree.Tag("shop/api", "v1", api)
	tree.Blob(v1.MediaTypeImageLayerGzip, bytes.Repeat([]byte("?"), 70))

	for kind, d := range drivers(t, tree) {
		t.Run(kind, func(t *testing.T) {
			u := read(t, d, usage.Options{Detail: true})
			ws, as, os, gs := size(tree, web), size(tree, api), size(tree, old), size(tree, gone)
			want := []usage.Repository{
				{Name: "shop/web", Tags: 2, Images: 2, Bytes: 2 + 100 + 1000 + 40 + ws + gs, Shared: 2 + 100 + 40, Unique: 1000 + ws + gs, Reclaimable: gs},
				{Name: "shop/api", Tags: 1, Images: 2, Bytes: 2 + 100 + 500 + 300 + 40 + as + os, Shared: 2 + 100 + 40, Unique: 500 + 300 + as + os, Reclaimable: 300 + os},
			}
			slices.SortFunc(want, func(a, b usage.Repository) int { return int(b.Bytes - a.Bytes) })
			if diff := cmp.Diff(want, u.ByRepository); diff != "" {
				t.Errorf("repositories (-want +got):\n%s", diff)
			}
			if u.UntaggedShared != 40 || u.Unneeded != 70 || u.Shared != 2+100+40 || u.Size != u.GC.Bytes.Total-70 {
				t.Errorf("of several %d, of none %d, shared %d, in all %d", u.UntaggedShared, u.Unneeded, u.Shared, u.Size)
			}
			if first := u.Largest[0]; first.Digest != web || first.Unique != 1000+ws || first.Bytes != 1000+100+2+ws ||
				!slices.Equal(first.Tags, []string{"latest", "v1"}) || !first.Pushed.Equal(tree.Now) || first.Untagged {
				t.Errorf("the largest: %+v", first)
			}
			i := slices.IndexFunc(u.Largest, func(i usage.Image) bool { return i.Digest == old })
			if !u.Largest[i].Untagged || u.Largest[i].Unique != 300+os || len(u.Largest) != 4 || u.Largest[i].Tags == nil {
				t.Errorf("untagged: %+v", u.Largest[i])
			}
		})
	}
}

// TestShares holds the parts of what gc -m frees against the whole, on a tree of
// every shape.
func TestShares(t *testing.T) {
	for kind, d := range drivers(t, fixture.NewWild(time.Now()).Tree) {
		t.Run(kind, func(t *testing.T) {
			u := read(t, d, usage.Options{Detail: true})
			sum, unique := u.UntaggedShared+u.Unneeded, u.Shared
			for _, r := range u.ByRepository {
				sum += r.Reclaimable
				unique += r.Unique
				if r.Reclaimable > r.Unique || r.Unique+r.Shared != r.Bytes {
					t.Errorf("%+v does not add up", r)
				}
			}
			if sum != u.GCUntagged.Bytes.Reclaimable || u.Unneeded < u.GC.Bytes.Reclaimable {
				t.Errorf("%d in parts, %d of them of none; gc frees %d, gc -m %d", sum, u.Unneeded, u.GC.Bytes.Reclaimable, u.GCUntagged.Bytes.Reclaimable)
			}
			if unique != u.Size || int64(len(u.ByRepository)) != u.Repositories {
				t.Errorf("%d in %d repositories, want %d in %d", unique, len(u.ByRepository), u.Size, u.Repositories)
			}
		})
	}
}

// TestManifestsAreReadOnce counts what is asked of the storage.
func TestManifestsAreReadOnce(t *testing.T) {
	tree := fixture.NewWild(time.Now()).Tree
	var mu sync.Mutex
	times := map[string]int{}
	d := storagetest.Inject(inMemory(t, tree), func(op storagetest.Op) storagetest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if _, there := tree.Files[op.Key]; op.Kind == "get" && there && strings.HasPrefix(op.Key, layout.Blobs) {
			times[op.Key]++
		}
		return storagetest.Fault{}
	})
	u := read(t, d, usage.Options{Detail: true, Plan: blobsweep.Options{Workers: 1}})
	for key, n := range times {
		if n > 1 {
			t.Errorf("%s was read %d times", key, n)
		}
	}
	if len(times) < 10 || u.Requests.Get == 0 || u.Requests.Delete != 0 {
		t.Errorf("%d blobs were read, requests %+v", len(times), u.Requests)
	}
}

func TestSort(t *testing.T) {
	d := usage.Detail{ByRepository: []usage.Repository{
		{Name: "a", Tags: 1, Bytes: 20, Shared: 5, Unique: 15, Reclaimable: 3},
		{Name: "b", Tags: 3, Bytes: 30, Shared: 25, Unique: 5, Reclaimable: 3},
		{Name: "c", Tags: 2, Bytes: 20, Shared: 0, Unique: 20, Reclaimable: 9},
	}}
	want := map[usage.Order]string{
		usage.ByName: "abc", usage.BySize: "bac", usage.ByUnique: "cab", usage.ByShared: "bac", usage.ByReclaimable: "cab", usage.ByTags: "bca",
	}
	for _, by := range usage.Orders() {
		for _, reverse := range []bool{false, true} {
			d.Sort(by, reverse)
			got := []byte{}
			for _, r := range d.ByRepository {
				got = append(got, r.Name...)
			}
			if reverse {
				slices.Reverse(got)
			}
			if string(got) != want[by] {
				t.Errorf("by %s, reverse %v: %s, want %s", by, reverse, got, want[by])
			}
		}
	}
	if len(want) != len(usage.Orders()) {
		t.Error("not all orders were tried")
	}
}

func TestErrors(t *testing.T) {
	tree := fixture.NewWild(time.Now()).Tree
	broken := errors.New("broken")
	counting := storagetest.Inject(inMemory(t, tree), nil)
	read(t, counting, usage.Options{Detail: true, Plan: blobsweep.Options{Workers: 1}})
	for at := 0; at < counting.Ops(); at += 7 {
		d := storagetest.Inject(inMemory(t, tree), func(op storagetest.Op) storagetest.Fault {
			if op.Index == at {
				return storagetest.Fault{Err: broken}
			}
			return storagetest.Fault{}
		})
		u, err := usage.Read(t.Context(), d, usage.Options{Detail: true, Plan: blobsweep.Options{Workers: 1}})
		if u == nil && !errors.Is(err, broken) || u != nil && !slices.ContainsFunc(u.Findings, isVersioning) {
			t.Errorf("operation %d failed: %v", at, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := usage.Read(ended, inMemory(t, tree), usage.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// isVersioning: that a bucket may keep versions need not be known.
func isVersioning(f blobsweep.Finding) bool { return f.Kind == "versioning-unknown" }

func TestProgress(t *testing.T) {
	var phases []blobsweep.Progress
	read(t, inMemory(t, fixture.NewWild(time.Now()).Tree), usage.Options{
		Detail: true, Plan: blobsweep.Options{Progress: func(p blobsweep.Progress) { phases = append(phases, p) }},
	})
	if i := slices.IndexFunc(phases, func(p blobsweep.Progress) bool { return p.Phase == usage.PhaseDetail }); i < 1 || phases[0].Phase != sweep.PhaseMark {
		t.Errorf("phases: %+v", phases)
	}
}
