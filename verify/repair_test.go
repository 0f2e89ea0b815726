package verify_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/blobsweep/blobsweep/verify"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// mendable is a wild tree with everything that a repair mends, and much that
// looks like it.
type mendable struct {
	*fixture.Tree
	// written is what links hold after a repair, and removed is what goes.
	written map[string]string
	removed map[string]bool
}

func (m *mendable) writes(p layout.Path) { m.written[fixture.Key(p)] = string(p.Digest) }

func newMendable() *mendable {
	m := &mendable{fixture.NewWild(start).Tree, map[string]string{}, map[string]bool{}}
	m.Now = old
	// What the wild tree has: the empty link of a revision, and an entry without one.
	m.writes(revision("damaged", digest.Digest(m.empty())))
	deleted := m.Image("app", "deleted", "base", "deleted").Digest // linked again by this,
	m.Remove(revision("app", deleted))                             // and not any more
	m.removed[fixture.Key(entry("app", "v1", deleted))] = true

	image, l, config := tagged(m.Tree, "mend", "v1")
	for p, content := range map[layout.Path][]byte{
		revision("mend", image): []byte("sha256:no"), layer("mend", l): nil, layer("mend", config): make([]byte, 71),
		entry("mend", "v1", image): nil,
	} {
		m.Add(p, content)
		m.writes(p)
	}
	other, _, _ := tagged(m.Tree, "mend", "v2")
	m.Remove(entry("mend", "v2", other))
	m.writes(entry("mend", "v2", other))
	// The entry of a revision that is not linked goes, empty or not.
	gone := digest.FromString("gone")
	m.Add(entry("mend", "v2", gone), nil)
	m.removed[fixture.Key(entry("mend", "v2", gone))] = true

	// What stays as it is: the link of a blob that is not stored, of a manifest that
	// is corrupt, one that holds another digest, one of another algorithm, and a
	// tag's own.
	lost, lostLayer, _ := tagged(m.Tree, "stay", "lost")
	m.Remove(blob(lostLayer))
	m.Add(layer("stay", lostLayer), nil)
	m.Remove(blob(lost))
	m.Add(revision("stay", lost), nil)
	corrupt, _, _ := tagged(m.Tree, "stay", "corrupt")
	m.Add(blob(corrupt), []byte("{}"))
	m.Add(revision("stay", corrupt), nil)
	wrong, wrongLayer, _ := tagged(m.Tree, "stay", "wrong")
	m.Add(layer("stay", wrongLayer), []byte(digest.FromString("another")))
	m.Add(layer("stay", digest.SHA512.FromString("x")), nil)
	m.Add(tagLink("stay", "wrong"), nil)
	m.Add(entry("stay", "wrong", wrong), []byte(digest.FromString("another")))
	unlinked, _, _ := tagged(m.Tree, "stay", "unlinked")
	m.Remove(revision("stay", unlinked))
	m.Remove(entry("stay", "unlinked", unlinked))

	for _, prefix := range []string{"deserted/_layers/sha256/", "mend/_uploads/cut-off/", "by/way/of/"} {
		m.Dirs[layout.Repositories+prefix] = old
	}
	m.Dirs[blob(gone).Homes()[0].Prefix()] = old
	m.Dirs[layer("recent", gone).Homes()[0].Prefix()] = start.Add(-time.Minute)
	return m
}

// empty is the digest of the revision of which the wild tree has an empty link.
func (m *mendable) empty() string {
	for key, file := range m.Files {
		if p, ok := layout.Parse(key); ok && p.Kind == layout.RevisionLink && len(file.Content) == 0 {
			return string(p.Digest)
		}
	}
	panic("there is no such link")
}

// assertMended fails the test when anything else has changed than was to be, or,
// once all is done, when something was not.
func (m *mendable) assertMended(t *testing.T, after *fixture.Tree, all bool) {
	t.Helper()
	for key, file := range m.Files {
		left, there := after.Files[key]
		want, mended := m.written[key]
		switch {
		case !there && !m.removed[key]:
			t.Errorf("%s is gone", key)
		case there && m.removed[key] && all:
			t.Errorf("%s is still there", key)
		case there && string(left.Content) != string(file.Content) && (!mended || string(left.Content) != want):
			t.Errorf("%s holds %q", key, left.Content)
		}
	}
	for key, file := range after.Files {
		if _, was := m.Files[key]; !was && m.written[key] != string(file.Content) {
			t.Errorf("%s came to be, with %q", key, file.Content)
		}
	}
	if !all {
		return
	}
	for key, content := range m.written {
		if string(after.Files[key].Content) != content {
			t.Errorf("%s is not mended: %q", key, after.Files[key].Content)
		}
	}
	for prefix := range after.Dirs {
		// One is recent, and one every repository has.
		if prefix != layer("recent", digest.FromString("gone")).Homes()[0].Prefix() && prefix != layout.Repository("mend")+"_uploads/" {
			t.Errorf("the directory %s is left", prefix)
		}
	}
}

func TestRepair(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			m := newMendable()
			s := kind.open(t, m.Tree)
			// With Blobs, as one of the links has the size of a digest.
			c, before := check(t, s.driver, verify.Options{Blobs: true})
			if diff := cmp.Diff(content(m.Tree), content(s.read())); diff != "" {
				t.Fatalf("a check has changed something:\n%s", diff)
			}
			for _, step := range before.Repairs {
				if step.Done {
					t.Errorf("%s %s is said to be done", step.Kind, step.Key)
				}
			}
			if err := c.Repair(t.Context(), s.driver); err != nil {
				t.Fatal(err)
			}
			m.assertMended(t, s.read(), true)
			r := c.Report()
			steps := map[verify.StepKind]int{}
			for _, step := range r.Repairs {
				if !step.Done || step.WhyNot != "" {
					t.Errorf("%s %s is not done: %s", step.Kind, step.Key, step.WhyNot)
				}
				steps[step.Kind]++
			}
			if steps[verify.WriteLink] != len(m.written) || steps[verify.RemoveEntry] != len(m.removed) {
				t.Errorf("steps: %v", steps)
			}
			for _, f := range r.Findings {
				if f.Repaired != f.Repairable || f.Repairable && f.Kind != mark.BrokenLink {
					t.Errorf("%s %s: repairable %v, repaired %v", f.Kind, f.Key, f.Repairable, f.Repaired)
				}
			}
			if before.Faults-r.Faults != 6 { // five links, and an entry that went
				t.Errorf("%d faults before, %d after", before.Faults, r.Faults)
			}

			// What was written is recent now; in two hours nothing is.
			_, again := check(t, s.driver, verify.Options{Blobs: true, Now: time.Now().Add(2 * time.Hour)})
			if again.Faults != r.Faults {
				t.Errorf("%d faults the next time, %d after the repair", again.Faults, r.Faults)
			}
			for _, step := range again.Repairs {
				if step.Key != layer("recent", digest.FromString("gone")).Homes()[0].Prefix() {
					t.Errorf("left to mend: %s %s", step.Kind, step.Key)
				}
			}
		})
	}
}

// content is what files hold.
func content(t *fixture.Tree) map[string]string {
	all := map[string]string{}
	for key, file := range t.Files {
		all[key] = string(file.Content)
	}
	return all
}

// TestCrash stops a repair after each change: nothing is lost, and a rerun
// finishes it.
func TestCrash(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			opts := verify.Options{Blobs: true, Workers: 2}
			m := newMendable()
			f := storagetest.Inject(kind.open(t, m.Tree).driver, nil)
			c, _ := check(t, f, opts)
			if err := c.Repair(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			changes := f.Deletions()
			if changes < len(m.written)+len(m.removed) {
				t.Fatalf("%d changes", changes)
			}
			for n := range changes {
				s := kind.open(t, m.Tree)
				f := storagetest.Inject(s.driver, nil)
				c, _ := check(t, f, opts)
				f.CrashAfter(n)
				err := c.Repair(t.Context(), f)
				if err == nil {
					t.Errorf("no error after %d changes", n)
				}
				m.assertMended(t, s.read(), false)
				again, _ := check(t, s.driver, opts)
				if err := again.Repair(t.Context(), s.driver); err != nil {
					t.Fatal(err)
				}
				after := s.read()
				if kind.name == "tree" {
					// Directories that the crash left empty are recent by now.
					maps.DeleteFunc(after.Dirs, func(prefix string, at time.Time) bool { return at.After(old) })
				}
				m.assertMended(t, after, true)
			}
		})
	}
}

// TestChangedSince: what a repair was about to write is looked at once more.
func TestChangedSince(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *fixture.Tree, image, layer digest.Digest)
		whyNot map[string]string // by key
	}{
		{"pushed again", func(t *fixture.Tree, image, _ digest.Digest) {
			t.RevisionLink("app", image)
		}, map[string]string{"revision": "the link has changed since"}},
		{"deleted", func(t *fixture.Tree, image, _ digest.Digest) {
			t.Remove(revision("app", image))
			t.Remove(entry("app", "broken", image))
		}, map[string]string{
			"revision": "the link has changed since", "entry": "the revision is not linked any more", "absent": "the revision is not linked any more",
		}},
		{"collected", func(t *fixture.Tree, image, layer digest.Digest) {
			t.Remove(blob(image))
			t.Remove(blob(layer))
		}, map[string]string{
			"revision": "the manifest's bytes are not what they were", "entry": "the manifest's bytes are not what they were",
			"absent": "the manifest's bytes are not what they were", "layer": "the blob is not stored any more",
		}},
		{"moved", func(t *fixture.Tree, _, _ digest.Digest) {
			t.Add(tagLink("app", "v1"), []byte(digest.FromString("moved")))
		}, map[string]string{"absent": "the tag has moved"}},
	} {
		for _, kind := range kinds {
			t.Run(test.name+"/"+kind.name, func(t *testing.T) {
				tree := fixture.New(old)
				image, l, _ := tagged(tree, "app", "v1")
				tree.Tag("app", "broken", image)
				keys := map[string]string{
					"revision": fixture.Key(revision("app", image)), "layer": fixture.Key(layer("app", l)),
					"entry": fixture.Key(entry("app", "broken", image)), "absent": fixture.Key(entry("app", "v1", image)),
				}
				for _, name := range []string{"revision", "layer", "entry"} {
					tree.Put(keys[name], nil)
				}
				delete(tree.Files, keys["absent"])
				d := &moving{Driver: kind.open(t, tree).driver}
				c, r := check(t, d, verify.Options{})
				if len(r.Repairs) != 4 {
					t.Fatalf("repairs: %v", r.Repairs)
				}
				changed := tree.Clone()
				test.change(changed, image, l)
				d.Driver = kind.open(t, changed).driver
				if err := c.Repair(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				want := map[string]string{}
				for name, why := range test.whyNot {
					want[keys[name]] = why
				}
				got := map[string]string{}
				for _, s := range c.Report().Repairs {
					if s.Done == (s.WhyNot != "") {
						t.Errorf("%s: done %v, %q", s.Key, s.Done, s.WhyNot)
					}
					if !s.Done {
						got[s.Key] = s.WhyNot
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
}

// moving is a driver that can be replaced between two calls, with the powers that
// a check needs.
type moving struct{ storage.Driver }

func (m *moving) Hierarchical() bool { _, ok := storage.AsTree(m.Driver); return ok }

func (m *moving) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	tree, ok := storage.AsTree(m.Driver)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return tree.ReadDir(ctx, prefix)
}

func (m *moving) Write(ctx context.Context, key string, content []byte) error {
	return storage.Write(ctx, m.Driver, key, content)
}

// TestFailedRepair: a key that cannot be written or removed is named, and the rest
// is done.
func TestFailedRepair(t *testing.T) {
	for _, kind := range kinds {
		m := newMendable()
		denied := errors.New("denied")
		steps, err := verify.New(t.Context(), kind.open(t, m.Tree).driver, verify.Options{Blobs: true, Now: start})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps.Report().Repairs {
			t.Run(fmt.Sprintf("%s/%s", kind.name, step.Key), func(t *testing.T) {
				s := kind.open(t, m.Tree)
				f := storagetest.Inject(s.driver, func(op storagetest.Op) storagetest.Fault {
					if op.Key == step.Key && slices.Contains([]string{"write", "rmdir"}, op.Kind) {
						return storagetest.Fault{Err: denied}
					}
					if op.Kind == "delete" && step.Kind == verify.RemoveEntry {
						return storagetest.Fault{FailKey: 1, Err: denied}
					}
					return storagetest.Fault{}
				})
				c, _ := check(t, f, verify.Options{Blobs: true})
				if err := c.Repair(t.Context(), f); !errors.Is(err, verify.ErrPartial) {
					t.Fatalf("got %v", err)
				}
				r := c.Report()
				if len(r.Failed) != 1 || step.Kind != verify.RemoveEntry && r.Failed[0].Key != step.Key {
					t.Errorf("failed: %v", r.Failed)
				}
				for _, did := range r.Repairs {
					above := did.Kind == verify.RemoveDirectory && step.Kind != verify.WriteLink
					if did.Done == (did.Key == r.Failed[0].Key) && !above {
						t.Errorf("%s %s: done is %v", did.Kind, did.Key, did.Done)
					}
				}
			})
		}
	}
}

// TestBlockedRepair: where a symbolic link may hide revisions, nothing is removed;
// links are written all the same.
func TestBlockedRepair(t *testing.T) {
	m := newMendable()
	m.Symlinks[layout.Repositories+"linked"] = "../elsewhere"
	m.Dirs[layout.Root+"elsewhere/_manifests/"] = old
	s := tree(t, m.Tree)
	before := s.read()
	c, r := check(t, s.driver, verify.Options{Blobs: true})
	if diff := cmp.Diff([]sweep.Blocker{sweep.BlockedSymlinkedReferences}, r.BlockedBy); diff != "" || r.Whole() {
		t.Errorf("whole %v, blocked:\n%s", r.Whole(), diff)
	}
	if err := c.Repair(t.Context(), s.driver); err != nil {
		t.Fatal(err)
	}
	m.removed = map[string]bool{}
	after := s.read()
	for prefix := range before.Dirs {
		if _, there := after.Dirs[prefix]; !there {
			t.Errorf("the directory %s is gone", prefix)
		}
	}
	after.Dirs = nil
	m.assertMended(t, after, true)
}
