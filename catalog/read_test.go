package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// onEach runs a test on a flat store and on directories.
func onEach(t *testing.T, tree *fixture.Tree, run func(t *testing.T, d storage.Driver)) {
	t.Run("flat", func(t *testing.T) {
		d := memory.New()
		if err := tree.Write(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		run(t, d)
	})
	t.Run("directories", func(t *testing.T) {
		dir := t.TempDir()
		if err := tree.WriteDir(dir); err != nil {
			t.Fatal(err)
		}
		d, err := filesystem.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		run(t, d)
	})
}

func read(t *testing.T, r storage.Reader, opts catalog.Options) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Read(t.Context(), r, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func repository(t *testing.T, c *catalog.Catalog, name string) *catalog.Repository {
	t.Helper()
	for _, r := range c.Repositories {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// sample has a tag that moved, an index with a referrer and a nested repository.
func sample() (tree *fixture.Tree, old, image, index, signature v1.Descriptor) {
	tree = fixture.New(now.Add(-48 * time.Hour))
	old = tree.Image("app", "old")
	tree.Tag("app", "v1", old.Digest)
	tree.Now = now.Add(-24 * time.Hour)
	image = tree.Image("app", "new", "base", "top")
	tree.Tag("app", "v1", image.Digest)
	index = tree.Index("app/web", tree.Image("app/web", "amd64", "base"), fixture.Describe(v1.MediaTypeImageManifest, []byte("absent")))
	tree.Tag("app/web", "list", index.Digest)
	signature = tree.Referrer("app/web", "signature", index)
	tree.Upload("app", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", tree.Now)
	return tree, old, image, index, signature
}

func TestRead(t *testing.T) {
	tree, old, image, index, signature := sample()
	onEach(t, tree, func(t *testing.T, d storage.Driver) {
		c := read(t, d, catalog.Options{Images: true})
		if len(c.Findings) > 0 || c.Unreadable {
			t.Errorf("findings %v", c.Findings)
		}
		app := repository(t, c, "app")
		history := []digest.Digest{old.Digest, image.Digest}
		slices.Sort(history)
		want := []catalog.Tag{{Name: "v1", Digest: image.Digest, Pushed: now.Add(-24 * time.Hour), History: history}}
		if diff := cmp.Diff(want, app.Tags); diff != "" {
			t.Error(diff)
		}
		if app.Uploads != 1 || len(app.Revisions) != 2 || len(app.Layers) != 5 {
			t.Errorf("uploads %d, revisions %d, layer links %d", app.Uploads, len(app.Revisions), len(app.Layers))
		}
		for _, v := range app.Revisions {
			if want := map[digest.Digest]time.Time{old.Digest: now.Add(-48 * time.Hour), image.Digest: now.Add(-24 * time.Hour)}[v.Digest]; !v.Pushed.Equal(want) {
				t.Errorf("%s pushed %v, want %v", v.Digest, v.Pushed, want)
			}
		}
		m := app.Manifests[image.Digest]
		if m.State != catalog.Understood || m.MediaType != v1.MediaTypeImageManifest || m.Size != image.Size || len(m.Layers) != 2 || len(m.References) != 3 {
			t.Errorf("manifest %+v", m)
		}
		if m.Image == nil {
			t.Error("no image was read")
		}

		web := repository(t, c, "app/web")
		if got := len(web.Manifests); got != 4 {
			t.Errorf("%d manifests, want 4: the index, its child, the absent one, the referrer", got)
		}
		if got := web.Manifests[digest.FromString("absent")]; got == nil || got.State != catalog.Absent {
			t.Errorf("the absent child is %+v", got)
		}
		if got := web.Manifests[signature.Digest].Subject; got != index.Digest {
			t.Errorf("the subject is %s, want %s", got, index.Digest)
		}
		if got := len(web.Manifests[index.Digest].Manifests); got != 2 {
			t.Errorf("%d children", got)
		}
	})
}

// TestSome reads some repositories: what they say is what a reading of all says.
func TestSome(t *testing.T) {
	tree, _, _, _, _ := sample()
	tree.Image("app-b", "c")
	onEach(t, tree, func(t *testing.T, d storage.Driver) {
		all := read(t, d, catalog.Options{})
		for name, opts := range map[string]catalog.Options{
			"named":   {Repositories: []string{"app", "app"}},
			"matched": {Match: func(name string) bool { return name == "app" }},
		} {
			c := read(t, d, opts)
			if len(c.Repositories) != 1 {
				t.Fatalf("%s: %d repositories", name, len(c.Repositories))
			}
			if diff := cmp.Diff(repository(t, all, "app"), c.Repositories[0], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		names, err := catalog.Names(t.Context(), d, catalog.Options{})
		if diff := cmp.Diff([]string{"app", "app-b", "app/web"}, names); diff != "" || err != nil {
			t.Error(diff, err)
		}
		for _, name := range []string{"ap", "app/we", "nothing"} {
			if _, err := catalog.Read(t.Context(), d, catalog.Options{Repositories: []string{name}}); !errors.Is(err, catalog.ErrUnknownRepository) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestLaw02Wild holds the catalog to what is live: what it reaches is all that
// collections keep.
func TestLaw02Wild(t *testing.T) {
	wild := fixture.NewWild(now)
	onEach(t, wild.Tree, func(t *testing.T, d storage.Driver) {
		c := read(t, d, catalog.Options{})
		// What no manifest needs is no part of a catalog.
		reached := map[digest.Digest]bool{digest.FromString("recent orphan"): true}
		for key := range wild.Files {
			p, ok := layout.Parse(key)
			if !ok || p.Kind != layout.SignatureLink {
				continue
			}
			revision := layout.Path{Kind: layout.RevisionLink, Repository: p.Repository, Digest: p.Digest}
			if _, linked := wild.Files[fixture.Key(revision)]; !linked {
				reached[p.Signature] = true
			}
		}
		for _, r := range c.Repositories {
			for _, v := range r.Revisions {
				reached[v.Digest], reached[v.Holds] = true, true
				for _, s := range v.Signatures {
					reached[s] = true
				}
			}
			for d, m := range r.Manifests {
				reached[d] = true
				for _, ref := range m.References {
					reached[ref.Digest], reached[r.Aliases[ref.Digest]] = true, true
				}
			}
			if r.Odd || r.Name == "recent" { // their layer links keep, too
				for _, l := range r.Layers {
					reached[l] = true
				}
			}
		}
		for live := range wild.Live {
			if !reached[live] {
				t.Errorf("%s is live, and was not reached", live)
			}
		}
		if len(c.Findings) == 0 {
			t.Error("nothing was found in a damaged tree")
		}
	})
}

// TestLaw05Reading fails each operation in turn: there is no partial catalog.
func TestLaw05Reading(t *testing.T) {
	tree, _, _, _, _ := sample()
	onEach(t, tree, func(t *testing.T, d storage.Driver) {
		for _, opts := range []catalog.Options{{Images: true, Workers: 1}, {Repositories: []string{"app/web"}, Workers: 1}, {Match: func(string) bool { return true }, Workers: 1}} {
			for n, failed := 0, true; failed; n++ {
				at := 0
				failed = false
				var broken storagetest.Op
				faulty := storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
					if at++; at == n+1 {
						failed, broken = true, op
						return storagetest.Fault{Err: storagetest.ErrInjected}
					}
					return storagetest.Fault{}
				})
				c, err := catalog.Read(t.Context(), faulty, opts)
				if failed && (c != nil || !errors.Is(err, storagetest.ErrInjected)) {
					t.Errorf("%+v failed: %v", broken, err)
				}
				if !failed && err != nil {
					t.Error(err)
				}
				if n > 1000 {
					t.Fatal("no end")
				}
			}
		}
	})
}

func TestTagsThatNameNothing(t *testing.T) {
	tree := fixture.New(now)
	image := tree.Image("app", "image")
	link := func(tag string) string {
		return fixture.Key(layout.Path{Kind: layout.TagLink, Repository: "app", Tag: tag})
	}
	for _, tag := range []string{"empty", "linkless", "dangling"} {
		tree.Tag("app", tag, image.Digest)
	}
	tree.Put(link("empty"), nil)
	delete(tree.Files, link("linkless"))
	tree.Put(link("dangling"), []byte(digest.FromString("nothing")))
	onEach(t, tree, func(t *testing.T, d storage.Driver) {
		c := read(t, d, catalog.Options{})
		var got []string
		for _, tag := range repository(t, c, "app").Tags {
			got = append(got, fmt.Sprint(tag.Name, " ", tag.Broken, " ", tag.Digest == "", " ", len(tag.History)))
		}
		if diff := cmp.Diff([]string{"dangling false false 1", "empty true true 1", "linkless false true 1"}, got); diff != "" {
			t.Error(diff)
		}
		kinds := map[mark.FindingKind]int{}
		for _, f := range c.Findings {
			kinds[f.Kind]++
		}
		if kinds[mark.DanglingTag] != 2 || kinds[mark.BrokenLink] != 1 || len(c.Findings) != 3 {
			t.Errorf("findings %v", c.Findings)
		}
	})
}

func TestUnreadable(t *testing.T) {
	tree := fixture.New(now)
	corrupt := tree.Image("app", "corrupt")
	tree.Put(layout.BlobKey(corrupt.Digest), []byte("{}"))
	tree.Image("whole", "image")
	onEach(t, tree, func(t *testing.T, d storage.Driver) {
		c := read(t, d, catalog.Options{})
		if !c.Unreadable || !repository(t, c, "app").Unreadable || repository(t, c, "whole").Unreadable {
			t.Error("what cannot be known is not said")
		}
		if m := repository(t, c, "app").Manifests[corrupt.Digest]; m.State != catalog.Corrupt {
			t.Errorf("%+v", m)
		}
	})
}

func TestCancelled(t *testing.T) {
	tree, _, _, _, _ := sample()
	onEach(t, tree, func(t *testing.T, d storage.Driver) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := catalog.Read(ctx, d, catalog.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

func TestImagesOf(t *testing.T) {
	tree, _, image, index, _ := sample()
	onEach(t, tree, func(t *testing.T, d storage.Driver) {
		of := func(name string) bool { return name == "app/web" }
		c := read(t, d, catalog.Options{Images: true, ImagesOf: of})
		if m := repository(t, c, "app").Manifests[image.Digest]; m.Image != nil {
			t.Error("a configuration was read that was not asked for")
		}
		web := repository(t, c, "app/web")
		if m := web.Manifests[web.Manifests[index.Digest].Manifests[0].Digest]; m.Image == nil {
			t.Error("a configuration that was asked for was not read")
		}
	})
}
