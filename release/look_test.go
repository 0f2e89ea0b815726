package release_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// meanwhile is what somebody does between the reading of the catalog and the
// execution.
type meanwhile struct {
	name       string
	does       func(s store)
	done, kept string
}

// TestLook: what changes meanwhile stays, with what it needs, and is no failure.
func TestLook(t *testing.T) {
	tree := newTree()
	child := tree.Image("app", "child")
	index := tree.Index("app", child)
	signature := tree.Referrer("app", "signature", index)
	other := tree.Image("app", "other")
	tree.Tag("app", "v1", index.Digest)
	tree.Tag("app", "other", other.Digest)
	n := names{child.Digest: "C", index.Digest: "X", signature.Digest: "S", other.Digest: "O"}

	more := fixture.New(now)
	newIndex := more.List("app", child)
	newIndexContent := more.Files[layout.BlobKey(newIndex.Digest)].Content
	link := func(tag string) layout.Path { return layout.Path{Kind: layout.TagLink, Repository: "app", Tag: tag} }
	pushIndex := func(s store, revision bool) {
		s.put(layout.Path{Kind: layout.BlobData, Digest: newIndex.Digest}, newIndexContent)
		if revision {
			s.put(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: newIndex.Digest}, []byte(newIndex.Digest))
		}
	}
	for _, m := range []meanwhile{
		{"nothing", func(store) {}, ":other :v1 C O S X", ""},
		{"the tag moves", func(s store) { s.put(link("v1"), []byte(other.Digest)) }, ":other", ":v1=changed C=changed O=changed S=changed X=changed"},
		{"the tag breaks", func(s store) { s.put(link("v1"), nil) }, ":other O", ":v1=changed C=changed S=changed X=changed"},
		{"another tag names it", func(s store) { s.put(link("new"), []byte(index.Digest)) }, ":other :v1 O", "C=changed S=changed X=changed"},
		{"another tag names the child", func(s store) { s.put(link("new"), []byte(child.Digest)) }, ":other :v1 O S X", "C=changed"},
		{"a tag names what is not linked", func(s store) {
			s.put(link("new"), []byte(digest.FromString("nothing")))
		}, ":other :v1 C O S X", ""},
		{"a new index needs the child", func(s store) { pushIndex(s, true) }, ":other :v1 O S X", "C=changed"},
		{"a tag names a new index that is not linked", func(s store) {
			pushIndex(s, false)
			s.put(link("new"), []byte(newIndex.Digest))
		}, ":other :v1 O S X", "C=changed"},
		{"a new manifest cannot be read", func(s store) {
			s.put(layout.Path{Kind: layout.BlobData, Digest: newIndex.Digest}, []byte(`{"a":"`+string(other.Digest)+`"}`))
			s.put(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: newIndex.Digest}, nil)
		}, ":other :v1 C S X", "O=changed"},
		{"the child is pushed again", func(s store) {
			s.put(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: child.Digest}, []byte(child.Digest))
		}, ":other :v1 O S X", "C=changed"},
		{"a new index by sha512 needs the child", func(s store) {
			pushIndex(s, false)
			bySHA512 := digest.SHA512.FromBytes(newIndexContent)
			s.put(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: bySHA512}, []byte(newIndex.Digest))
		}, ":other :v1 O S X", "C=changed"},
		{"the tag is gone", func(s store) {
			if err := s.Delete(t.Context(), fixture.Key(link("v1"))); err != nil {
				t.Error(err)
			}
		}, ":other :v1 C O S X", ""},
	} {
		t.Run(m.name, func(t *testing.T) {
			onEach(t, tree, func(t *testing.T, s store) {
				p := plan(t, s.Driver, release.Options{}, tag("app", "v1", "other"))
				m.does(s)
				if err := p.Execute(t.Context(), s.Driver); err != nil {
					t.Error(err)
				}
				expect(t, "went", n.done(p), m.done)
				expect(t, "stays", n.kept(p), m.kept)
			})
		})
	}
}

// TestLookByForce: what goes by force stays if it is named anew, and only then.
func TestLookByForce(t *testing.T) {
	tree := newTree()
	child := tree.Image("app", "child")
	index := tree.Index("app", child)
	tree.Tag("app", "index", index.Digest)
	n := names{child.Digest: "C", index.Digest: "X"}
	link := layout.Path{Kind: layout.TagLink, Repository: "app", Tag: "new"}
	onEach(t, tree, func(t *testing.T, s store) {
		p := plan(t, s.Driver, release.Options{Force: true}, manifest("app", child.Digest))
		s.put(link, []byte(index.Digest))
		if err := p.Execute(t.Context(), s.Driver); err != nil {
			t.Error(err)
		}
		expect(t, "went", n.done(p), "C")
		expect(t, "stays", n.kept(p), "X=sparse")
	})
	onEach(t, tree, func(t *testing.T, s store) {
		p := plan(t, s.Driver, release.Options{Force: true}, manifest("app", child.Digest))
		s.put(link, []byte(child.Digest))
		if err := p.Execute(t.Context(), s.Driver); err != nil {
			t.Error(err)
		}
		expect(t, "went", n.done(p), "")
		expect(t, "stays", n.kept(p), "C=changed X=sparse")
	})
}

// TestLookFails: where it cannot be seen what is needed, nothing goes.
func TestLookFails(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	tree.Tag("app", "v1", image.Digest)
	tree.Tag("app", "v2", tree.Image("app", "other").Digest)
	tree.Tag("web", "v1", tree.Image("web", "image").Digest)
	n := names{image.Digest: "I"}
	onEach(t, tree, func(t *testing.T, s store) {
		p := plan(t, s.Driver, release.Options{}, tag("app", "v1"), tag("web", "v1"))
		faulty := storagetest.Inject(s.Driver, func(op storagetest.Op) storagetest.Fault {
			if op.Kind == "get" && strings.Contains(op.Key, "app/_manifests/tags/v2/") {
				return storagetest.Fault{Err: storagetest.ErrInjected}
			}
			return storagetest.Fault{}
		})
		err := p.Execute(t.Context(), faulty)
		if !errors.Is(err, sweep.ErrPartial) || len(p.Failed()) != 2 {
			t.Errorf("%v, failed %v", err, p.Failed())
		}
		if done := n.done(p); !strings.HasPrefix(done, ":v1 :v1 sha256:") || strings.Contains(done, "I") {
			t.Errorf("went: %s", done)
		}
	})
}

// TestOfflineDoesNotLook: nothing is read again.
func TestOfflineDoesNotLook(t *testing.T) {
	tree := newTree()
	tree.Tag("app", "v1", tree.Image("app", "image").Digest)
	onEach(t, tree, func(t *testing.T, s store) {
		p := plan(t, s.Driver, release.Options{Offline: true}, tag("app", "v1"))
		faulty := storagetest.Inject(s.Driver, func(op storagetest.Op) storagetest.Fault {
			if op.Kind != "delete" && op.Kind != "rmdir" {
				t.Errorf("%v", op)
			}
			return storagetest.Fault{}
		})
		if err := p.Execute(t.Context(), faulty); err != nil {
			t.Error(err)
		}
	})
}
