package sweep_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
)

// everything has one of each thing that can go, and what keeps its like.
var everything = lawCase{"one of everything", func(c *scenario) {
	former, image := c.Image("app", "former", "base", "old"), c.Image("app", "current", "base", "new")
	c.Tag("app", "latest", former.Digest)
	c.Tag("app", "latest", image.Digest)
	c.Referrer("app", "sbom", image)
	c.Referrer("app", "sbom of former", former)
	c.Index("app", c.Image("app", "child"))
	c.SignedSchema1("app", "signed", c.Layer("app", "ancient"))
	c.Tag("other", "v1", c.Image("other", "x", "base").Digest)
	c.Layer("other", "unneeded")
	c.Layer("group/ghost", "unneeded too")
	deleted := c.Image("app", "deleted")
	c.Tag("app", "latest", deleted.Digest)
	c.Tag("app", "latest", image.Digest)
	c.DeleteManifest("app", deleted.Digest)
	c.Upload("app", "u1", old)
	c.garbage("x")
}}

// everythingFlat is the same on an object store, which has multipart uploads
// and directory markers besides.
var everythingFlat = lawCase{"one of everything on an object store", func(c *scenario) {
	everything.build(c)
	clear(c.Dirs) // such a store has none
	onObjectStore(c)
}}

// onObjectStore begins one multipart upload of each kind that goes, and of each
// that stays, and puts directory markers.
func onObjectStore(c *scenario) {
	c.marker(repositories+"left/", true)
	c.marker(repositories+"left/over/", true)
	c.begun(-threeWeeks, fixture.Key(upload("app", "u1")[1]), "abandoned", 7)
	c.begun(-threeWeeks, fixture.Key(blob(missing("copied").Digest)), "copy", 70)
	c.beginRecent(-day, fixture.Key(upload("app", "u2")[1]), "recent")
	c.begin(-threeWeeks, repositories+"app/stranger", "strange", 7)
}

func TestLaw09Order(t *testing.T) {
	t.Parallel()
	for _, c := range []lawCase{everything, everythingFlat} {
		want := []int{1, 3, 4, 5}
		if c.name == everythingFlat.name {
			want = append(want, 6, 7)
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			newScenario(t, c).everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
				plan, err := sweep.New(t.Context(), b.driver, opts)
				if err != nil {
					t.Fatal(err)
				}
				w := watch(b.driver, nil)
				if err := plan.Execute(t.Context(), w); err != nil {
					t.Fatal(err)
				}
				var ranks []int
				for _, key := range w.keys {
					ranks = append(ranks, rank(key))
				}
				if !slices.IsSorted(ranks) || len(w.faults) > 0 {
					t.Errorf("removed in the order %q: %q", w.keys, w.faults)
				}
				want := want
				if run&untagged != 0 {
					want = slices.Insert(slices.Clone(want), 1, 2)
				}
				if got := slices.Compact(ranks); !slices.Equal(got, want) {
					t.Errorf("removed kinds %v, want %v", got, want)
				}
			})
		})
	}
}

// TestLaw09Crash stops after each deletion in turn: no link may be left whose
// blob this run removed, and a rerun comes to the same end.
func TestLaw09Crash(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T, *fixture.Tree) backend{"memory": memoryOf, "filesystem": filesystemOf} {
		s := newScenario(t, everything)
		if name == "memory" {
			s = newScenario(t, everythingFlat)
		}
		for _, deleteUntagged := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/untagged=%v", name, deleteUntagged), func(t *testing.T) {
				t.Parallel()
				s.crashes(t, sweep.Options{Now: start, Workers: 4, DeleteUntagged: deleteUntagged}, open)
			})
		}
	}
}

func (s *scenario) crashes(t *testing.T, opts sweep.Options, open func(*testing.T, *fixture.Tree) backend) {
	// Directories of a real tree have just changed, whatever the date is. The
	// later start must not make more uploads old.
	rerun := opts
	rerun.Now = start.Add(2 * time.Hour)
	if later := time.Now().Add(2 * time.Hour); later.After(rerun.Now) {
		rerun.Now = later
	}
	rerun.UploadsOlderThan = sweep.DefaultUploadsOlderThan + rerun.Now.Sub(start)
	whole := open(t, s.Tree)
	deletions, err := crash(t, whole, opts, -1)
	if err != nil || deletions < 10 {
		t.Fatalf("without a crash: %d deletions, %v", deletions, err)
	}
	end := whole.read()
	for n := range deletions {
		t.Run(fmt.Sprintf("after=%d", n), func(t *testing.T) {
			t.Parallel()
			b := open(t, s.Tree)
			if _, err := crash(t, b, opts, n); !errors.Is(err, sweep.ErrPartial) {
				t.Errorf("got %v, want ErrPartial", err)
			}
			unbroken(t, s.Tree, b.read())
			if _, err := crash(t, b, rerun, -1); err != nil {
				t.Errorf("rerun: %v", err)
			}
			s.compare(t, end, b.read(), []string{})
		})
	}
}

// crash plans and executes, and crashes after n deletions unless n is
// negative. It returns how many deletions there were.
func crash(t *testing.T, b backend, opts sweep.Options, n int) (int, error) {
	t.Helper()
	plan, err := sweep.New(t.Context(), b.driver, opts)
	if err != nil {
		t.Fatal(err)
	}
	d := storagetest.Inject(b.driver, nil)
	if n >= 0 {
		d.CrashAfter(n)
	}
	err = plan.Execute(t.Context(), d)
	return d.Deletions(), err
}

// unbroken fails for every link to a blob that was there before and is not
// any more.
func unbroken(t *testing.T, before, after *fixture.Tree) {
	t.Helper()
	had, has := before.BlobDigests(), after.BlobDigests()
	for key := range after.Files {
		p, ok := layout.Parse(key)
		if ok && p.Kind != layout.BlobData && p.Digest != "" && had[p.Digest] && !has[p.Digest] {
			t.Errorf("%s is left without its blob", key)
		}
	}
}

// TestLaw17DeletionStaysHome holds what is removed beside hostile names against
// laws 17 and 9. Whatever is removed in the cases of other laws is held against
// them as well, by check.
func TestLaw17DeletionStaysHome(t *testing.T) {
	t.Parallel()
	for _, c := range []lawCase{everything, hostile, hostileUploads} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			newScenario(t, c).everyRun(t, func(t *testing.T, _ when, opts sweep.Options, b backend) {
				w := watch(b.driver, nil)
				plan, err := sweep.New(t.Context(), w, opts)
				if err != nil {
					t.Fatal(err)
				}
				if err := plan.Execute(t.Context(), w); err != nil {
					t.Error(err)
				}
				checkHome(t, w)
				if len(w.faults) > 0 {
					t.Errorf("law 9: %q", w.faults)
				}
			})
		})
	}
}

// hostileUploads has multipart uploads of keys like those, and one without an
// ID, which to abort would be to delete the object.
var hostileUploads = lawCase{"hostile multipart uploads", func(c *scenario) {
	everythingFlat.build(c)
	kept := fixture.Key(blob(c.Image("app", "current", "base", "new").Digest))
	for _, key := range []string{
		kept + "/../x", "docker/registry/v2/../../x", repositories + "../x/_uploads/u/data", repositories + "UPPER/_uploads/u/data",
		repositories + "app/_uploads/../data", repositories + "app/_uploads/u/data/x", repositories + "app/_uploads/u\n/data",
		fixture.Key(revision("app", missing("x").Digest)), repositories, "docker/registry/v2x", "other/data",
	} {
		c.begin(-threeWeeks, key, "id", 1)
	}
	c.begin(-threeWeeks, kept, "", 1)
}}

// hostile has names that would lead elsewhere if they were taken at their word.
var hostile = lawCase{"hostile names", func(c *scenario) {
	everything.build(c)
	hex := missing("x").Digest.Encoded()
	for _, name := range []string{
		"UPPER", "-dash", "a..b", "a__b", "a___b", "sp ace", "new\nline", "caf\xe9", strings.Repeat("a", 200), "..a", "a.",
	} {
		for _, below := range []string{
			"/_layers/sha256/" + hex + "/link", "/_uploads/u/data", "/_manifests/tags/-tag/index/sha256/" + hex + "/link",
			"/_manifests/revisions/sha256/" + hex + "/link", "/_layers/md5/" + hex[:32] + "/link", "/_layers/sha256/" + strings.ToUpper(hex) + "/link",
			"/_uploads/.hidden/data", "/_uploads/u/hashstates/sha256/-1",
		} {
			c.Put(repositories+name+below, []byte("../../../../etc/passwd"))
		}
	}
}}

// TestLaw09AnUploadKeepsItsAge: what is left of an upload that could not be
// removed is as old for a rerun.
func TestLaw09AnUploadKeepsItsAge(t *testing.T) {
	t.Parallel()
	files := upload("kept", "u1")
	data := fixture.Key(files[1])
	s := newScenario(t, lawCase{"", func(c *scenario) {
		inUse(c)
		c.Upload("kept", "u1", old)
		for _, p := range files {
			c.touch(-day, p)
		}
	}})
	s.everyRun(t, func(t *testing.T, _ when, opts sweep.Options, b backend) {
		collect := func(refuse func(string) bool) error {
			w := watch(b.driver, refuse)
			plan, err := sweep.New(t.Context(), w, opts)
			if err != nil {
				t.Fatal(err)
			}
			return plan.Execute(t.Context(), w)
		}
		before := b.read()
		if err := collect(func(key string) bool { return key == data }); !errors.Is(err, sweep.ErrPartial) {
			t.Errorf("got %v, want ErrPartial", err)
		}
		s.compare(t, before, b.read(), []string{fixture.Key(files[2])})
		if err := collect(nil); err != nil {
			t.Errorf("rerun: %v", err)
		}
		s.compare(t, before, b.read(), []string{fixture.Key(files[0]), data, fixture.Key(files[2])})
	})
}
