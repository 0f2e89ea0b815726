package release_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// TestLaw01Referrers: a manifest stays while a tag, an index or its subject
// keeps it; what goes takes its referrers along.
func TestLaw01Referrers(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	index := tree.Index("app", image, tree.Image("app", "other"))
	signature := tree.Referrer("app", "signature", image)
	second := tree.Referrer("app", "of the signature", signature)
	tree.Tag("app", "image", image.Digest)
	tree.Tag("app", "index", index.Digest)
	tree.Tag("app", "signature", signature.Digest)
	n := names{image.Digest: "I", index.Digest: "X", signature.Digest: "S", second.Digest: "T",
		fixture.New(now).Image("app", "other").Digest: "O"}
	for _, test := range []struct {
		tags       []string
		done, kept string
	}{
		{[]string{"signature"}, ":signature", "S=subject"},
		{[]string{"image"}, ":image", "I=manifest"},
		{[]string{"index"}, ":index O X", "I=tag"},
		{[]string{"index", "image"}, ":image :index I O X", "S=tag"},
		{[]string{"index", "image", "signature"}, ":image :index :signature I O S T X", ""},
	} {
		t.Run(fmt.Sprint(test.tags), func(t *testing.T) {
			onEach(t, tree, func(t *testing.T, s store) {
				p := let(t, s, release.Options{}, tag("app", test.tags...))
				expect(t, "went", n.done(p), test.done)
				expect(t, "stays", n.kept(p), test.kept)
			})
		})
	}
}

// TestLaw02OtherRepositories: what is needed elsewhere is no matter here, and
// stays there.
func TestLaw02OtherRepositories(t *testing.T) {
	tree := newTree()
	for _, repository := range []string{"app", "app/nested", "app-2"} {
		tree.Tag(repository, "v1", tree.Image(repository, "image", "x").Digest)
	}
	before := len(below(tree, "app/nested")) + len(below(tree, "app-2"))
	onEach(t, tree, func(t *testing.T, s store) {
		let(t, s, release.Options{}, release.Target{Repository: "app", All: true})
		left := s.left()
		if got := len(below(left, "app/nested")) + len(below(left, "app-2")); got != before {
			t.Errorf("%d keys are left in other repositories, of %d", got, before)
		}
		if own := len(below(left, "app")) - len(below(left, "app/nested")); own != 0 {
			t.Errorf("left: %q", below(left, "app"))
		}
	})
}

// TestLaw03Unknown: what is not understood keeps what it names, and takes
// nothing along.
func TestLaw03Unknown(t *testing.T) {
	tree := newTree()
	child := tree.Image("app", "child")
	strange := tree.ManifestOf("app", "", map[string]any{"mediaType": "application/vnd.example.strange", "pieces": []any{child.Digest}})
	index := tree.Index("app", child, tree.Image("app", "own"))
	tree.Tag("app", "index", index.Digest)
	tree.Tag("app", "strange", strange.Digest)
	n := names{child.Digest: "C", strange.Digest: "U", index.Digest: "X", fixture.New(now).Image("app", "own").Digest: "O"}
	onEach(t, tree, func(t *testing.T, s store) {
		p := let(t, s, release.Options{}, tag("app", "index"))
		expect(t, "went", n.done(p), ":index O X")
		expect(t, "stays", n.kept(p), "C=manifest")
		p = let(t, s, release.Options{}, tag("app", "strange"))
		expect(t, "went", n.done(p), ":strange U")
		expect(t, "stays", n.kept(p), "")
	})
}

// TestLaw06Recent: what was named goes, however young; what only follows stays.
func TestLaw06Recent(t *testing.T) {
	tree := newTree()
	oldChild := tree.Image("app", "old child")
	var young, index, signature v1.Descriptor
	at(tree, recent, func() {
		young = tree.Image("app", "young child")
		index = tree.Index("app", oldChild, young)
		tree.Tag("app", "v1", index.Digest)
	})
	signature = tree.Referrer("app", "signature", index)
	n := names{oldChild.Digest: "A", young.Digest: "B", index.Digest: "X", signature.Digest: "S"}
	for _, test := range []struct {
		opts       release.Options
		done, kept string
	}{
		{release.Options{}, ":v1 A S X", "B=recent"},
		{release.Options{Grace: 1}, ":v1 A B S X", ""},
		{release.Options{Offline: true}, ":v1 A B S X", ""},
	} {
		t.Run(fmt.Sprint(test.opts.Grace, test.opts.Offline), func(t *testing.T) {
			onEach(t, tree, func(t *testing.T, s store) {
				p := let(t, s, test.opts, tag("app", "v1"))
				expect(t, "went", n.done(p), test.done)
				expect(t, "stays", n.kept(p), test.kept)
			})
		})
	}
}

// TestLaw06PushedAgain: a manifest whose tag is old, and that was pushed a moment
// ago, was pushed for something else, such as an index that is still to come.
func TestLaw06PushedAgain(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	tree.Tag("app", "v1", image.Digest)
	at(tree, recent, func() { tree.RevisionLink("app", image.Digest) })
	n := names{image.Digest: "I"}
	onEach(t, tree, func(t *testing.T, s store) {
		p := let(t, s, release.Options{}, tag("app", "v1"))
		expect(t, "went", n.done(p), ":v1")
		expect(t, "stays", n.kept(p), "I=recent")
		p = let(t, s, release.Options{}, manifest("app", image.Digest))
		expect(t, "went by name", n.done(p), "I")
	})
}

// TestLaw06UnknownTime: a link whose time nobody knows is recent, and so is one of
// after the start, offline as well.
func TestLaw06UnknownTime(t *testing.T) {
	for _, pushed := range []time.Time{{}, now, now.Add(time.Hour)} {
		for _, offline := range []bool{false, true} {
			t.Run(fmt.Sprint(pushed, offline), func(t *testing.T) { staysAsRecent(t, pushed, offline) })
		}
	}
}

// staysAsRecent removes a manifest to which one refers that was pushed at a time.
func staysAsRecent(t *testing.T, pushed time.Time, offline bool) {
	t.Helper()
	r := &catalog.Repository{Name: "app", Manifests: map[digest.Digest]*catalog.Manifest{}}
	a, b := digest.FromString("a"), digest.FromString("b")
	for _, d := range []digest.Digest{a, b} {
		m := &catalog.Manifest{Digest: d, State: catalog.Understood}
		if d == b {
			m.Subject = a
		}
		r.Manifests[d] = m
		r.Revisions = append(r.Revisions, catalog.Revision{Digest: d, Pushed: pushed})
	}
	slices.SortFunc(r.Revisions, func(a, b catalog.Revision) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
	opts := release.Options{Now: now, Offline: offline}
	p, err := release.New(&catalog.Catalog{Repositories: []*catalog.Repository{r}}, []release.Target{manifest("app", a)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "stays", names{b: "B"}.kept(p), "B=recent")
}

// TestLaw06History: an entry of the history of a tag that has just moved may be
// recent, and then so is its revision.
func TestLaw06History(t *testing.T) {
	tree := newTree()
	child, image := tree.Image("app", "child"), tree.Image("app", "image")
	index := tree.Index("app", child)
	tree.Tag("app", "index", index.Digest)
	tree.Tag("app", "moved", child.Digest)
	at(tree, recent, func() { tree.Tag("app", "moved", image.Digest) })
	onEach(t, tree, func(t *testing.T, s store) {
		p := let(t, s, release.Options{}, tag("app", "index"))
		expect(t, "stays", names{child.Digest: "C"}.kept(p), "C=recent")
	})
}

// TestLaw06Everything: of a repository of which all goes, what is recent stays,
// with what it needs.
func TestLaw06Everything(t *testing.T) {
	tree := newTree()
	base := tree.Layer("app", "base")
	tree.Tag("app", "v1", tree.Image("app", "old", "base", "own").Digest)
	var young v1.Descriptor
	at(tree, recent, func() {
		young = tree.Image("app", "young", "base")
		tree.Layer("app", "just pushed")
		tree.Upload("app", "young", tree.Now)
	})
	at(tree, old, func() { tree.Layer("app", "base") })
	tree.Upload("app", "old", tree.Now)
	n := names{young.Digest: "Y"}
	onEach(t, tree, func(t *testing.T, s store) {
		p := let(t, s, release.Options{}, release.Target{Repository: "app", All: true})
		kept := n.kept(p)
		for _, want := range []string{"Y=recent", "young=recent"} {
			if !strings.Contains(kept, want) {
				t.Errorf("kept: %s, want %s", kept, want)
			}
		}
		left := below(s.left(), "app")
		for _, d := range []digest.Digest{base.Digest, digest.FromString("layer just pushed")} { // needed, and recent
			key := fixture.Key(layout.Path{Kind: layout.LayerLink, Repository: "app", Digest: d})
			if !slices.Contains(left, key) {
				t.Errorf("the layer link %s went: %q", d, left)
			}
		}
		for _, gone := range []string{"_uploads/old/", string(digest.FromString("layer own").Encoded())} {
			if slices.ContainsFunc(left, func(key string) bool { return strings.Contains(key, gone) }) {
				t.Errorf("%s is left: %q", gone, left)
			}
		}
		let(t, s, release.Options{Offline: true}, release.Target{Repository: "app", All: true})
		if left := below(s.left(), "app"); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
}

// recorder notes what is deleted, in order, and can fail.
type recorder struct {
	*storagetest.Faulty        // has all the powers
	fail                string // a part of the keys that fail

	mu   sync.Mutex
	keys []string
}

func record(d storage.Driver, fail string) *recorder {
	return &recorder{Faulty: storagetest.Inject(d, nil), fail: fail}
}

func (r *recorder) Delete(ctx context.Context, keys ...string) error {
	r.mu.Lock()
	r.keys = append(r.keys, keys...)
	r.mu.Unlock()
	var failed storage.DeleteError
	var rest []string
	for _, key := range keys {
		if r.fail != "" && strings.Contains(key, r.fail) {
			failed.Failed = append(failed.Failed, &storage.Error{Op: "delete", Key: key, Err: storagetest.ErrInjected})
		} else {
			rest = append(rest, key)
		}
	}
	if err := r.Faulty.Delete(ctx, rest...); err != nil || failed.Failed == nil {
		return err
	}
	return &failed
}

// index returns where the first key is deleted that has a part.
func (r *recorder) index(part string) int {
	return slices.IndexFunc(r.keys, func(key string) bool { return strings.Contains(key, part) })
}

// history is a repository with a manifest in the histories of two tags.
func history() (tree *fixture.Tree, before, image v1.Descriptor) {
	tree = newTree()
	before, image = tree.Image("app", "before"), tree.Image("app", "image")
	tree.Tag("app", "v1", before.Digest)
	tree.Tag("app", "v1", image.Digest)
	tree.Tag("app", "v2", image.Digest)
	tree.Tag("app", "v2", before.Digest)
	return tree, before, image
}

// TestLaw08History: entries of a revision that goes go before it, in the
// histories of tags that stay too.
func TestLaw08History(t *testing.T) {
	tree, before, image := history()
	onEach(t, tree, func(t *testing.T, s store) {
		r := record(s.Driver, "")
		p := plan(t, s.Driver, release.Options{}, tag("app", "v1"))
		if err := p.Execute(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		order := []int{
			r.index("tags/v1/index/sha256/" + before.Digest.Encoded()),
			r.index("tags/v1/index/sha256/" + image.Digest.Encoded()),
			r.index("tags/v1/current/"),
			r.index("tags/v2/index/sha256/" + image.Digest.Encoded()),
			r.index("revisions/sha256/" + image.Digest.Encoded()),
		}
		if !slices.IsSorted(order) || order[0] < 0 || len(r.keys) != len(order) {
			t.Errorf("the order %v of %q", order, r.keys)
		}
	})
}

// TestLaw09Order: a referrer before its subject, an index before its children.
func TestLaw09Order(t *testing.T) {
	tree := newTree()
	child := tree.Image("app", "child")
	inner := tree.Index("app", child)
	outer := tree.Index("app", inner)
	signature := tree.Referrer("app", "signature", outer)
	second := tree.Referrer("app", "of the signature", signature)
	tree.Tag("app", "v1", outer.Digest)
	signed, _ := tree.SignedSchema1("app", "signed", tree.Layer("app", "ancient"))
	tree.Tag("app", "old", signed.Digest)
	onEach(t, tree, func(t *testing.T, s store) {
		r := record(s.Driver, "")
		p := plan(t, s.Driver, release.Options{}, tag("app", "v1", "old"))
		if err := p.Execute(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		var order []int
		for _, d := range []v1.Descriptor{second, signature, outer, inner, child} {
			order = append(order, r.index("revisions/sha256/"+d.Digest.Encoded()+"/link"))
		}
		if !slices.IsSorted(order) || order[0] < 0 {
			t.Errorf("the order %v of %q", order, r.keys)
		}
		if beside, link := r.index("/signatures/"), r.index("revisions/sha256/"+signed.Digest.Encoded()+"/link"); beside < 0 || link < beside {
			t.Errorf("signature %d, revision %d", beside, link)
		}
		var planned, done []release.Step
		for s := range p.Steps() {
			planned = append(planned, s)
		}
		for s := range p.Done() {
			done = append(done, s)
		}
		if len(planned) != len(done) {
			t.Errorf("planned %v, done %v", planned, done)
		}
	})
}

// TestLaw09Stuck: what could not be removed keeps what it refers to, and the
// rest goes on.
func TestLaw09Stuck(t *testing.T) {
	tree := newTree()
	child := tree.Image("app", "child")
	index := tree.Index("app", child)
	signature := tree.Referrer("app", "signature", index)
	other := tree.Image("app", "other")
	tree.Tag("app", "v1", index.Digest)
	tree.Tag("app", "other", other.Digest)
	n := names{child.Digest: "C", index.Digest: "X", signature.Digest: "S", other.Digest: "O"}
	for part, done := range map[string]string{
		"tags/v1/current":                                ":other O",
		"tags/v1/index":                                  ":other O",
		index.Digest.Encoded():                           ":other O",
		index.Digest.Encoded()[1:] + "/link":             ":other O",
		"revisions/sha256/" + index.Digest.Encoded():     ":other :v1 O S",
		"revisions/sha256/" + signature.Digest.Encoded(): ":other :v1 O",
		"revisions/sha256/" + child.Digest.Encoded():     ":other :v1 O S X",
	} {
		t.Run(strings.ReplaceAll(part, "/", "-"), func(t *testing.T) {
			onEach(t, tree, func(t *testing.T, s store) {
				p := plan(t, s.Driver, release.Options{}, tag("app", "v1", "other"))
				err := p.Execute(t.Context(), record(s.Driver, part))
				if !errors.Is(err, sweep.ErrPartial) || len(p.Failed()) == 0 || !strings.Contains(fmt.Sprint(p.Failed()), part) {
					t.Errorf("%v, failed %v", err, p.Failed())
				}
				expect(t, "went", n.done(p), done)
			})
		})
	}
}

// TestLaw14Alias: a revision under another algorithm keeps what its link holds,
// and is told of under both digests.
func TestLaw14Alias(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	alias := digest.SHA512.FromBytes(tree.Files[layout.BlobKey(image.Digest)].Content)
	tree.Add(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: alias}, []byte(image.Digest))
	tree.Tag("app", "sha256", image.Digest)
	tree.Tag("app", "sha512", alias)
	n := names{image.Digest: "I", alias: "L"}
	onEach(t, tree, func(t *testing.T, s store) {
		p := let(t, s, release.Options{}, tag("app", "sha256"))
		expect(t, "went", n.done(p), ":sha256")
		expect(t, "stays", n.kept(p), "I=manifest")
		var told []string
		p = let(t, s, release.Options{OnRemoved: func(r sweep.Removal) {
			told = append(told, fmt.Sprint(r.Kind, " ", r.Repository, " ", n.of(r.Digest), " ", r.Uncertain))
		}}, tag("app", "sha512"))
		expect(t, "went", n.done(p), ":sha512 I L")
		slices.Sort(told)
		if diff := cmp.Diff([]string{"manifest app I false", "manifest app I false", "manifest app L false"}, told); diff != "" {
			t.Error(diff)
		}
	})
}

// TestLaw14Doubt: what a manifest under another algorithm is, is told by the bytes
// under what its link holds.
func TestLaw14Doubt(t *testing.T) {
	tree := newTree()
	bySHA512 := func(stored v1.Descriptor) v1.Descriptor {
		d := stored
		d.Digest = digest.SHA512.FromBytes(tree.Files[layout.BlobKey(stored.Digest)].Content)
		tree.Remove(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: stored.Digest})
		tree.Add(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: d.Digest}, []byte(stored.Digest))
		return d
	}
	unknown := bySHA512(tree.ManifestOf("app", v1.MediaTypeImageManifest, map[string]any{"mediaType": "application/vnd.example.strange"}))
	index := tree.Index("app", unknown)
	tree.Tag("app", "index", index.Digest)
	n := names{unknown.Digest: "U", index.Digest: "X"}
	onEach(t, tree, func(t *testing.T, s store) {
		p := let(t, s, release.Options{}, tag("app", "index"))
		expect(t, "went", n.done(p), ":index X")
		expect(t, "stays", n.kept(p), "U=doubt")
	})

	image := bySHA512(tree.Image("app", "image"))
	tree.Tag("app", "image", image.Digest)
	corrupt := tree.Image("app", "corrupt")
	tree.Add(layout.Path{Kind: layout.BlobData, Digest: corrupt.Digest}, []byte("{}"))
	onEach(t, tree, func(t *testing.T, s store) {
		p := plan(t, s.Driver, release.Options{}, tag("app", "image"))
		if !slices.Contains(p.BlockedBy(), sweep.BlockedUnreadableManifest) {
			t.Error("an image goes that the corrupt manifest may need")
		}
	})
}

// TestLaw15Broken: a tag that cannot be read keeps its history, or else every
// revision; it can be removed itself.
func TestLaw15Broken(t *testing.T) {
	for _, withHistory := range []bool{true, false} {
		tree := newTree()
		image, other := tree.Image("app", "image"), tree.Image("app", "other")
		tree.Tag("app", "image", image.Digest)
		tree.Tag("app", "other", other.Digest)
		link := layout.Path{Kind: layout.TagLink, Repository: "app", Tag: "broken"}
		tree.Tag("app", "broken", image.Digest)
		if !withHistory {
			entry := link
			entry.Kind, entry.Digest = layout.TagIndexLink, image.Digest
			tree.Remove(entry)
		}
		tree.Add(link, nil)
		n := names{image.Digest: "I", other.Digest: "O"}
		t.Run(fmt.Sprint("history=", withHistory), func(t *testing.T) {
			onEach(t, tree, func(t *testing.T, s store) {
				p := let(t, s, release.Options{}, tag("app", "image"))
				expect(t, "went", n.done(p), ":image")
				expect(t, "stays", n.kept(p), "I=broken-tag")
				p = let(t, s, release.Options{}, tag("app", "other"))
				expect(t, "went", n.done(p), map[bool]string{true: ":other O", false: ":other"}[withHistory])
				p = let(t, s, release.Options{}, tag("app", "broken"))
				expect(t, "went", n.done(p), ":broken")
				p = let(t, s, release.Options{}, manifest("app", image.Digest))
				expect(t, "went", n.done(p), "I")
			})
		})
	}
}

// TestLaw16Blocked: where something cannot be read that may need anything,
// revisions stay. It can be removed itself, and tags always can.
func TestLaw16Blocked(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	tree.Tag("app", "v1", image.Digest)
	corrupt := tree.Image("app", "corrupt")
	tree.Add(layout.Path{Kind: layout.BlobData, Digest: corrupt.Digest}, []byte("{}"))
	signature := tree.Referrer("app", "signature", corrupt)
	tree.Tag("web", "v1", tree.Image("web", "image").Digest)
	n := names{image.Digest: "I", corrupt.Digest: "C", signature.Digest: "S"}
	onEach(t, tree, func(t *testing.T, s store) {
		before := len(s.left().Files)
		p := plan(t, s.Driver, release.Options{}, tag("app", "v1"))
		if err := p.Execute(t.Context(), s.Driver); !errors.Is(err, sweep.ErrBlocked) || len(s.left().Files) != before {
			t.Errorf("not blocked: %v", err)
		}
		if diff := cmp.Diff([]sweep.Blocker{sweep.BlockedUnreadableManifest}, p.BlockedBy()); diff != "" {
			t.Error(diff)
		}
		for name, p := range map[string]*release.Plan{
			"tags alone": plan(t, s.Driver, release.Options{UntagOnly: true}, tag("app", "v1")),
			"accepted":   plan(t, s.Driver, release.Options{AcceptRisk: sweep.Blockers()}, tag("app", "v1")),
			"elsewhere":  plan(t, s.Driver, release.Options{}, tag("web", "v1")),
		} {
			if len(p.BlockedBy()) > 0 {
				t.Errorf("%s: blocked by %v", name, p.BlockedBy())
			}
		}
		p = let(t, s, release.Options{}, manifest("app", corrupt.Digest))
		expect(t, "went", n.done(p), "C")
		expect(t, "stays", n.kept(p), "S=doubt")
		p = let(t, s, release.Options{}, tag("app", "v1"))
		expect(t, "went", n.done(p), ":v1 I")
	})
}

// TestLaw16Everything: nor does a layer link go that something may need which
// cannot be read, and which stays.
func TestLaw16Everything(t *testing.T) {
	tree := newTree()
	tree.Layer("app", "layer")
	tree.Put(layout.Repository("app")+"_manifests/revisions/blake3/"+strings.Repeat("ab", 32)+"/link", []byte("blake3:"+strings.Repeat("ab", 32)))
	onEach(t, tree, func(t *testing.T, s store) {
		before := below(s.left(), "app")
		p := plan(t, s.Driver, release.Options{}, release.Target{Repository: "app", All: true})
		if err := p.Execute(t.Context(), s.Driver); !errors.Is(err, sweep.ErrBlocked) {
			t.Errorf("not blocked: %v", err)
		}
		if diff := cmp.Diff(before, below(s.left(), "app")); diff != "" {
			t.Error(diff)
		}
	})
}

// TestLaw16Symlinks: a registry follows a symbolic link, so tags and manifests may
// lie behind it that are not seen.
func TestLaw16Symlinks(t *testing.T) {
	for _, hidden := range []string{"_manifests/tags", "_manifests/revisions/sha512", "_manifests/revisions", "_manifests", "_layers/sha512"} {
		t.Run(hidden, func(t *testing.T) {
			tree := newTree()
			image := tree.Image("app", "image")
			tree.Tag("app", "v1", image.Digest)
			tree.Tag("other", "v1", tree.Image("other", "image").Digest)
			hidden := layout.Repository("app") + hidden
			for key := range tree.Files {
				if strings.HasPrefix(key, hidden+"/") {
					delete(tree.Files, key)
				}
			}
			tree.Symlinks[hidden] = t.TempDir()
			d := inDirectory(t, tree, t.TempDir())
			everything := release.Target{Repository: "app", All: true}
			p := plan(t, d, release.Options{}, everything)
			if diff := cmp.Diff([]sweep.Blocker{sweep.BlockedSymlinkedReferences}, p.BlockedBy()); diff != "" {
				t.Error(diff)
			}
			for name, p := range map[string]*release.Plan{
				"tags alone": plan(t, d, release.Options{UntagOnly: true}, everything),
				"accepted":   plan(t, d, release.Options{AcceptRisk: sweep.Blockers()}, everything),
				"elsewhere":  plan(t, d, release.Options{}, tag("other", "v1")),
			} {
				if len(p.BlockedBy()) > 0 {
					t.Errorf("%s: blocked by %v", name, p.BlockedBy())
				}
			}
		})
	}
}

// TestLaw17Home: nothing is deleted that is not of the repository, or that no
// registry writes.
func TestLaw17Home(t *testing.T) {
	tree := newTree()
	tree.Tag("app", "v1", tree.Image("app", "image").Digest)
	tree.Tag("app/nested", "v1", tree.Image("app/nested", "image").Digest)
	tree.Upload("app", "u1", tree.Now)
	strangers := []string{
		layout.Repository("app") + "_layers/sha256/.nfs0001", layout.Repository("app") + "_uploads/u1/notes",
		layout.Repository("app") + "_manifests/tags/v1/notes",
	}
	for _, key := range strangers {
		tree.Put(key, []byte("stray"))
	}
	onEach(t, tree, func(t *testing.T, s store) {
		r := record(s.Driver, "")
		p := plan(t, s.Driver, release.Options{Offline: true}, release.Target{Repository: "app", All: true})
		if err := p.Execute(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		for _, key := range r.keys {
			if path, ok := layout.Parse(key); !ok || path.Repository != "app" || path.Kind == layout.BlobData {
				t.Errorf("deleted %s", key)
			}
		}
		left := s.left()
		for _, key := range strangers {
			if _, ok := left.Files[key]; !ok {
				t.Errorf("the stranger %s went", key)
			}
		}
	})
	odd := newTree()
	odd.Put(layout.Repositories+"Odd/_manifests/revisions/sha256/"+digest.FromString("x").Encoded()+"/link", []byte("x"))
	onEach(t, odd, func(t *testing.T, s store) {
		c, err := catalog.Read(t.Context(), s.Driver, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := release.New(c, []release.Target{{Repository: "Odd", All: true}}, release.Options{}); err == nil {
			t.Error("a repository of no registry's name is let go of")
		}
	})
}

// TestLaw05Listing: a listing that is cut short removes nothing of what it
// listed, and is told of.
func TestLaw05Listing(t *testing.T) {
	tree := newTree()
	tree.Tag("app", "v1", tree.Image("app", "image", "a", "b").Digest)
	tree.Upload("app", "u1", tree.Now)
	for _, area := range []string{"_layers/", "_uploads/"} {
		t.Run(area[1:7], func(t *testing.T) {
			onEach(t, tree, func(t *testing.T, s store) {
				before := len(below(s.left(), "app/"+area[:len(area)-1]))
				p := plan(t, s.Driver, release.Options{}, release.Target{Repository: "app", All: true})
				pages := 0
				faulty := storagetest.Inject(s.Driver, func(op storagetest.Op) storagetest.Fault {
					if op.Kind == "list" && op.Key == layout.Repository("app")+area {
						if pages++; pages == 3 {
							return storagetest.Fault{Err: storagetest.ErrInjected}
						}
					}
					return storagetest.Fault{}
				})
				faulty.Page = 1
				err := p.Execute(t.Context(), faulty)
				if !errors.Is(err, sweep.ErrPartial) || !strings.Contains(fmt.Sprint(p.Failed()), area) {
					t.Errorf("%v, failed %v", err, p.Failed())
				}
				if after := len(below(s.left(), "app/"+area[:len(area)-1])); after != before || before == 0 {
					t.Errorf("%d keys of %d are left", after, before)
				}
			})
		})
	}
}
