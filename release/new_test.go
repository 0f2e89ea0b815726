package release_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// TestRefused: all that is still named is told at once, and by what.
func TestRefused(t *testing.T) {
	tree := newTree()
	child, image := tree.Image("app", "child"), tree.Image("app", "image")
	index := tree.Index("app", child)
	tree.Tag("app", "v1", image.Digest)
	tree.Tag("app", "v2", image.Digest)
	tree.Tag("app", "index", index.Digest)
	web := tree.Image("web", "image")
	tree.Tag("web", "v1", web.Digest)
	onEach(t, tree, func(t *testing.T, s store) {
		c, err := catalog.Read(t.Context(), s.Driver, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		targets := []release.Target{manifest("web", web.Digest), manifest("app", child.Digest, image.Digest), manifest("app", child.Digest)}
		_, err = release.New(c, targets, release.Options{})
		var refused *release.RefusedError
		if !errors.As(err, &refused) || !errors.Is(err, release.ErrNamed) {
			t.Fatal(err)
		}
		want := []release.Refusal{
			{Repository: "app", Digest: child.Digest, Manifests: []digest.Digest{index.Digest}},
			{Repository: "app", Digest: image.Digest, Tags: []string{"v1", "v2"}},
			{Repository: "web", Digest: web.Digest, Tags: []string{"v1"}},
		}
		slices.SortFunc(want[:2], func(a, b release.Refusal) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
		if diff := cmp.Diff(want, refused.Refusals); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(err.Error(), "tag v1, tag v2") {
			t.Error(err)
		}

		// An index and its child at once are no conflict, nor is what its tags go with.
		targets = []release.Target{manifest("app", child.Digest, index.Digest, image.Digest), tag("app", "v1", "v2", "index")}
		if _, err := release.New(c, targets, release.Options{}); err != nil {
			t.Error(err)
		}
	})
}

// TestWrongTargets: everything that is wrong is told at once.
func TestWrongTargets(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	tree.Tag("app", "v1", image.Digest)
	onEach(t, tree, func(t *testing.T, s store) {
		c, err := catalog.Read(t.Context(), s.Driver, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = release.New(c, []release.Target{
			tag("app", "nope"), manifest("app", digest.FromString("nope"), image.Digest), tag("nope", "v1"),
		}, release.Options{})
		for _, want := range []error{catalog.ErrUnknownRepository, catalog.ErrUnknownTag, catalog.ErrUnknownDigest} {
			if !errors.Is(err, want) {
				t.Errorf("%v is not %v", err, want)
			}
		}
		for name, opts := range map[string]release.Options{
			"manifests": {UntagOnly: true}, "grace": {Grace: -1}, "risk": {AcceptRisk: []sweep.Blocker{"nothing"}},
		} {
			if _, err := release.New(c, []release.Target{manifest("app", image.Digest)}, opts); err == nil || errors.Is(err, release.ErrNamed) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestForcedOddTag: a tag of a name that no registry gives is not removed, so what
// it names does not go by force either.
func TestForcedOddTag(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	tree.Put(layout.Repository("app")+"_manifests/tags/-odd/current/link", []byte(image.Digest))
	onEach(t, tree, func(t *testing.T, s store) {
		c, err := catalog.Read(t.Context(), s.Driver, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = release.New(c, []release.Target{manifest("app", image.Digest)}, release.Options{Force: true, Now: now})
		if err == nil || !strings.Contains(err.Error(), "-odd") {
			t.Errorf("planned: %v", err)
		}
	})
}

// TestUntagOnly leaves all manifests.
func TestUntagOnly(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	tree.Tag("app", "v1", image.Digest)
	tree.Tag("app", "v2", image.Digest)
	tree.Upload("app", "u1", tree.Now)
	onEach(t, tree, func(t *testing.T, s store) {
		p := let(t, s, release.Options{UntagOnly: true, Offline: true}, release.Target{Repository: "app", All: true})
		expect(t, "went", names{}.done(p), ":v1 :v2")
		// The image has two layer links and one of its revision, the upload three files.
		if left := len(below(s.left(), "app")) - len(s.left().Dirs); left != 2+1+3 {
			t.Errorf("left: %q", below(s.left(), "app"))
		}
	})
}

// TestReasons: a step has the reason of its choice.
func TestReasons(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	tree.Tag("app", "v1", image.Digest)
	untagged := tree.Image("app", "untagged")
	onEach(t, tree, func(t *testing.T, s store) {
		p := plan(t, s.Driver, release.Options{}, release.Target{
			Repository: "app",
			Tags:       []release.Choice{{Name: "v1", Reason: "older than 30d"}},
			Revisions:  []release.Choice{{Name: string(untagged.Digest), Reason: "untagged"}},
		})
		var reasons []string
		for s := range p.Steps() {
			reasons = append(reasons, string(s.Kind)+": "+s.Reason)
		}
		slices.Sort(reasons)
		want := []string{"manifest: its last tag goes: v1", "manifest: untagged", "tag: older than 30d"}
		if diff := cmp.Diff(want, reasons); diff != "" {
			t.Error(diff)
		}
	})
}

// TestExecution: once, with progress and what is told of removals.
func TestExecution(t *testing.T) {
	tree := newTree()
	for i := range 5 {
		tree.Tag("app", fmt.Sprint("v", i), tree.Image("app", fmt.Sprint(i)).Digest)
	}
	tree.Tag("web", "v1", tree.Image("web", "web").Digest)
	onEach(t, tree, func(t *testing.T, s store) {
		phases, last := map[sweep.Phase]int64{}, sweep.Progress{}
		told := map[sweep.CandidateKind]int{}
		p := plan(t, s.Driver, release.Options{
			Progress: func(p sweep.Progress) {
				phases[p.Phase] = max(phases[p.Phase], p.Done)
				last = p
			},
			OnRemoved: func(r sweep.Removal) {
				if told[r.Kind]++; r.Uncertain {
					t.Errorf("%+v", r)
				}
			},
		}, release.Target{Repository: "app", All: true}, tag("web", "v1"))
		if err := p.Execute(t.Context(), s.Driver); err != nil {
			t.Fatal(err)
		}
		if err := p.Execute(t.Context(), s.Driver); !errors.Is(err, sweep.ErrExecuted) {
			t.Errorf("a second time: %v", err)
		}
		if phases[release.PhaseTags] != 6 || phases[sweep.PhaseRevisions] != 6 || last.Done != last.Total {
			t.Errorf("told %v, in the end %+v", phases, last)
		}
		if diff := cmp.Diff(map[sweep.CandidateKind]int{sweep.Manifest: 6, sweep.LayerLink: 10}, told); diff != "" {
			t.Error(diff)
		}
	})
}

// TestUncertain: a delete whose answer was lost is told of.
func TestUncertain(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	onEach(t, tree, func(t *testing.T, s store) {
		var told []sweep.Removal
		p := plan(t, s.Driver, release.Options{OnRemoved: func(r sweep.Removal) { told = append(told, r) }}, manifest("app", image.Digest))
		if err := p.Execute(t.Context(), record(s.Driver, "revisions")); !errors.Is(err, sweep.ErrPartial) {
			t.Error(err)
		}
		want := []sweep.Removal{{Kind: sweep.Manifest, Repository: "app", Digest: image.Digest, Uncertain: true}}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Error(diff)
		}
	})
}

// TestLeft: what an interrupted run did not come to is told, and finishes it.
func TestLeft(t *testing.T) {
	tree := newTree()
	image := tree.Image("app", "image")
	tree.Tag("app", "v1", image.Digest)
	n := names{image.Digest: "I"}
	onEach(t, tree, func(t *testing.T, s store) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		p := plan(t, s.Driver, release.Options{}, tag("app", "v1"))
		err := p.Execute(ctx, storagetest.Inject(s.Driver, func(op storagetest.Op) storagetest.Fault {
			if op.Kind == "delete" && strings.Contains(op.Key, "/revisions/") {
				return storagetest.Fault{Cancel: cancel}
			}
			return storagetest.Fault{}
		}))
		if !errors.Is(err, context.Canceled) || !errors.Is(err, sweep.ErrPartial) || len(p.Failed()) > 0 {
			t.Errorf("%v, failed %v", err, p.Failed())
		}
		var left []release.Step
		for s := range p.Left() {
			left = append(left, s)
		}
		if n.done(p) == ":v1" {
			if len(left) != 1 || left[0].Digest != image.Digest {
				t.Errorf("left: %v", left)
			}
			let(t, s, release.Options{}, manifest("app", left[0].Digest))
		} else if len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// TestForce: the tags of what was named go first, and an index that stays lacks
// it, which is said.
func TestForce(t *testing.T) {
	tree := newTree()
	child := tree.Image("app", "child")
	index := tree.Index("app", child)
	tree.Tag("app", "child", child.Digest)
	tree.Tag("app", "index", index.Digest)
	n := names{child.Digest: "C", index.Digest: "X"}
	onEach(t, tree, func(t *testing.T, s store) {
		p := let(t, s, release.Options{Force: true}, manifest("app", child.Digest))
		expect(t, "went", n.done(p), ":child C")
		expect(t, "stays", n.kept(p), "X=sparse")
	})
}
