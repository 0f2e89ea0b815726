package trust_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// backend is a kind of driver to break, and how to see what is left in it.
type backend struct {
	name string
	open func(t *testing.T, tree *fixture.Tree) (storage.Driver, func() *fixture.Tree)
}

var backends = []backend{
	{"flat", func(t *testing.T, tree *fixture.Tree) (storage.Driver, func() *fixture.Tree) {
		d := memory.New()
		if err := tree.Write(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		onObjectStore(t, d)
		return d, func() *fixture.Tree { return readAll(t, d) }
	}},
	{"tree", func(t *testing.T, tree *fixture.Tree) (storage.Driver, func() *fixture.Tree) {
		d := newMemTree(tree)
		return d, d.tree
	}},
}

// onObjectStore adds what only object stores have: multipart uploads that go
// and that stay, and directory markers.
func onObjectStore(t *testing.T, d *memory.Driver) {
	t.Helper()
	long := now.Add(-30 * 24 * time.Hour)
	data := func(id string) string {
		return fixture.Key(layout.Path{Kind: layout.UploadData, Repository: "parts", Upload: id})
	}
	d.BeginUpload(data("u1"), "abandoned", long, 7)
	d.BeginUpload(data("u1"), "too", long, 8)
	d.BeginUpload(fixture.Key(layout.Path{Kind: layout.BlobData, Digest: digest.FromString("copied")}), "copy", long, 9)
	d.BeginUpload(data("u2"), "recent", now, 10)
	d.BeginUpload(layout.Repositories+"parts/strange", "stranger", long, 11)
	for _, prefix := range []string{"left/", "left/_layers/", "parts/", "parts/_uploads/u2/"} {
		if err := d.Put(t.Context(), layout.Repositories+prefix, nil, long); err != nil {
			t.Fatal(err)
		}
	}
}

func readAll(t *testing.T, d *memory.Driver) *fixture.Tree {
	t.Helper()
	tree := fixture.New(time.Time{})
	for o, err := range d.List(context.Background(), "", storage.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		content, err := d.Get(context.Background(), o.Key, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		tree.Files[o.Key] = fixture.File{Content: content, ModTime: o.ModTime}
	}
	for _, u := range d.Uploads() { // under a name that is no key
		tree.Files["multipart upload "+u.ID+" of "+u.Key] = fixture.File{ModTime: u.Initiated}
	}
	return tree
}

// collect plans and executes, and returns everything that was said: the error,
// the findings and the failures.
func collect(ctx context.Context, d storage.Driver, opts sweep.Options) (said string, err error) {
	plan, err := sweep.New(ctx, d, opts)
	if err != nil {
		return err.Error(), err
	}
	err = plan.Execute(ctx, d)
	return fmt.Sprint(err, plan.Findings(), plan.Failed()), err
}

// assertWhole fails the test when a live blob is lost or changed, or a link is
// left to a blob that was removed.
func assertWhole(t *testing.T, before, after *fixture.Tree, live map[digest.Digest]bool) {
	t.Helper()
	blob := func(d digest.Digest) string { return fixture.Key(layout.Path{Kind: layout.BlobData, Digest: d}) }
	for d := range live {
		key := blob(d)
		if !bytes.Equal(after.Files[key].Content, before.Files[key].Content) {
			t.Errorf("the live blob %s is lost", d)
		}
	}
	for key, file := range after.Files {
		p, ok := layout.Parse(key)
		if !ok || !strings.HasSuffix(key, "/link") {
			continue
		}
		named := []digest.Digest{p.Digest}
		if p.Kind == layout.SignatureLink {
			named[0] = p.Signature // the revision is only where it lies
		}
		if d, ok := layout.ParseLink(file.Content); ok {
			named = append(named, d)
		}
		for _, d := range named {
			if d == "" {
				continue
			}
			_, was := before.Files[blob(d)]
			if _, is := after.Files[blob(d)]; was && !is {
				t.Errorf("%s is left, and its blob %s was removed", key, d)
			}
		}
	}
}

// sameFiles reports whether two trees hold the same keys.
func sameFiles(a, b *fixture.Tree) bool {
	return slices.Equal(slices.Sorted(maps.Keys(a.Files)), slices.Sorted(maps.Keys(b.Files)))
}

func keysOf(t *fixture.Tree) []string {
	return slices.Concat(slices.Sorted(maps.Keys(t.Files)), slices.Sorted(maps.Keys(t.Dirs)))
}

func eachMode(t *testing.T, run func(t *testing.T, b backend, wild *fixture.Wild, opts sweep.Options, live map[digest.Digest]bool)) {
	for _, b := range backends {
		for _, untagged := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/delete-untagged=%v", b.name, untagged), func(t *testing.T) {
				t.Parallel()
				wild := fixture.NewWild(now)
				live := wild.Live
				if untagged {
					live = wild.LiveTagged
				}
				run(t, b, wild, sweep.Options{Now: now.Add(time.Minute), DeleteUntagged: untagged, Workers: 1}, live)
			})
		}
	}
}

// TestFaultSweep fails every single storage operation in turn: no live blob is
// lost, no link is left to a removed blob, and either the run says which key
// was at fault or the outcome is the same as without the fault (law 5).
func TestFaultSweep(t *testing.T) {
	kinds := map[string]func(cancel func()) storagetest.Fault{
		"error":     func(func()) storagetest.Fault { return storagetest.Fault{Err: storagetest.ErrInjected} },
		"not found": func(func()) storagetest.Fault { return storagetest.Fault{NotFound: true} },
		"cancelled": func(cancel func()) storagetest.Fault { return storagetest.Fault{Cancel: cancel} },
		"one key":   func(func()) storagetest.Fault { return storagetest.Fault{FailKey: 2} },
	}
	eachMode(t, func(t *testing.T, b backend, wild *fixture.Wild, opts sweep.Options, live map[digest.Digest]bool) {
		d, left := b.open(t, wild.Tree)
		deletes := map[int]bool{}
		counted := storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
			deletes[op.Index] = op.Kind == "delete"
			return storagetest.Fault{}
		})
		counted.Page = 50
		if said, err := collect(t.Context(), counted, opts); err != nil {
			t.Fatal(said)
		}
		want := left()
		assertWhole(t, wild.Tree, want, live)
		for kind, fault := range kinds {
			for i := range counted.Ops() {
				if kind == "one key" && !deletes[i] {
					continue
				}
				d, left := b.open(t, wild.Tree)
				ctx, cancel := context.WithCancel(t.Context())
				var hit storagetest.Op
				faulty := storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
					if op.Index != i {
						return storagetest.Fault{}
					}
					hit = op
					return fault(cancel)
				})
				faulty.Page = 50
				said, err := collect(ctx, faulty, opts)
				cancel()
				after := left()
				assertWhole(t, wild.Tree, after, live)
				switch {
				case kind == "cancelled":
					if !errors.Is(err, context.Canceled) && !sameFiles(after, want) {
						t.Errorf("cancelled at %v: error %v, and the outcome differs", hit, err)
					}
				case kind == "one key" && strings.Contains(said, storagetest.ErrInjected.Error()):
				case hit.Kind == "versioning" && strings.Contains(said, storagetest.ErrInjected.Error()) && sameFiles(after, want):
					// It has no key, and stops nothing.
				case strings.Contains(said, hit.Key) && hit.Key != "":
				case !sameFiles(after, want):
					t.Errorf("%s at %v: the outcome differs and nothing names the key: %s", kind, hit, said)
				case kind == "error" && hit.Kind != "rmdir":
					t.Errorf("%s at %v: not a word of it: %s", kind, hit, said)
				}
				if t.Failed() {
					t.Fatalf("%s at %v", kind, hit)
				}
			}
		}
		t.Logf("%d operations", counted.Ops())
	})
}

// TestCrashSweep stops after every single deletion in turn: the registry stays
// whole, and a rerun comes to the same end (law 9).
func TestCrashSweep(t *testing.T) {
	eachMode(t, func(t *testing.T, b backend, wild *fixture.Wild, opts sweep.Options, live map[digest.Digest]bool) {
		d, left := b.open(t, wild.Tree)
		counted := storagetest.Inject(d, nil)
		if said, err := collect(t.Context(), counted, opts); err != nil {
			t.Fatal(said)
		}
		want := left()
		for n := range counted.Deletions() {
			d, left := b.open(t, wild.Tree)
			crashing := storagetest.Inject(d, nil)
			crashing.CrashAfter(n)
			if n > 0 { // at 0 not even planning works
				if said, err := collect(t.Context(), crashing, opts); err == nil {
					t.Errorf("crashed after %d deletions, and nobody noticed: %s", n, said)
				}
			}
			assertWhole(t, wild.Tree, left(), live)
			if said, err := collect(t.Context(), d, opts); err != nil {
				t.Errorf("the rerun after %d deletions: %s", n, said)
			}
			after := left()
			if !sameFiles(after, want) || !maps.Equal(after.Dirs, want.Dirs) {
				t.Errorf("the rerun after %d deletions ends elsewhere: %s", n, cmp.Diff(keysOf(want), keysOf(after)))
			}
			if t.Failed() {
				t.FailNow()
			}
		}
		t.Logf("%d deletions", counted.Deletions())
	})
}

// TestWorkersDoNotMatter holds that the outcome is the same for any number of
// workers.
func TestWorkersDoNotMatter(t *testing.T) {
	eachMode(t, func(t *testing.T, b backend, wild *fixture.Wild, opts sweep.Options, live map[digest.Digest]bool) {
		var want []sweep.Candidate
		var counts sweep.Counts
		for _, workers := range []int{1, 2, 64} {
			opts.Workers = workers
			d, left := b.open(t, wild.Tree)
			plan, err := sweep.New(t.Context(), d, opts)
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Collect(plan.Candidates())
			if err := plan.Execute(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			assertWhole(t, wild.Tree, left(), live)
			if want == nil {
				want, counts = got, plan.Counts()
			}
			if !slices.Equal(got, want) || plan.Counts() != counts {
				t.Errorf("%d workers plan otherwise:\n%+v\n%+v", workers, got, want)
			}
		}
	})
}
