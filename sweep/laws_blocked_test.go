package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

func accepting(risks ...sweep.Blocker) func(*scenario) {
	return func(c *scenario) { c.options.AcceptRisk = risks }
}

var blockedCases = []lawCase{
	{"blobs without repositories", func(c *scenario) {
		c.garbage("x")
		c.blocks(always, sweep.BlockedNoRepositories)
	}},
	{"blobs without repositories, another risk accepted", func(c *scenario) {
		c.garbage("x")
		accepting(sweep.BlockedUnreadableManifest)(c)
		c.blocks(always, sweep.BlockedNoRepositories)
	}},
	{"blobs without repositories, accepted", func(c *scenario) {
		c.garbage("x")
		accepting(sweep.BlockedNoRepositories)(c)
	}},
	{"marked and recent blobs count too", func(c *scenario) {
		c.at(recently)
		c.ages(always, blob(c.Blob("", []byte("recent")).Digest))
		c.blocks(always, sweep.BlockedNoRepositories)
	}},
	{"unreadable manifest, another risk accepted", func(c *scenario) {
		unreadable[0].build(c)
		accepting(sweep.BlockedNoRepositories)(c)
		refuse(c)
	}},
	{"unreadable manifest, both risks accepted", func(c *scenario) {
		unreadable[0].build(c)
		accepting(sweep.BlockedNoRepositories, sweep.BlockedUnreadableManifest)(c)
		c.garbage("x")
	}},
	{"an empty registry", func(c *scenario) { c.finds(always, mark.EmptyRegistry) }},
}

func TestLaw16BlockedPlans(t *testing.T) { holds(t, blockedCases) }

func TestLaw16RiskOfNoName(t *testing.T) {
	b := memoryOf(t, newScenario(t, blockedCases[0]).Tree)
	if _, err := sweep.New(t.Context(), b.driver, sweep.Options{AcceptRisk: []sweep.Blocker{"everything"}}); err == nil {
		t.Error("a blocker that does not exist was accepted")
	}
}

func TestLaw16BlockedPlanStaysBlocked(t *testing.T) {
	s := newScenario(t, blockedCases[0])
	s.everyRun(t, func(t *testing.T, _ when, opts sweep.Options, b backend) {
		plan, err := sweep.New(t.Context(), b.driver, opts)
		if err != nil {
			t.Fatal(err)
		}
		before := b.read()
		for range 2 {
			if err := plan.Execute(t.Context(), b.driver); !errors.Is(err, sweep.ErrBlocked) {
				t.Errorf("got %v, want ErrBlocked", err)
			}
		}
		s.compare(t, before, b.read(), nil)
	})
}

// TestLaw13SymlinkObjects: on an object store too a registry follows a symbolic link
// in the place of a revision's or layer's link, so what its name tells is kept.
func TestLaw13SymlinkObjects(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tree := fixture.New(at)
	image := tree.Image("a", "image", "layer")
	lone := tree.Layer("a", "of no manifest")
	tree.Tag("a", "other", tree.Image("a", "other").Digest)
	d := &linking{memory.New(), map[string]bool{
		fixture.Key(layout.Path{Kind: layout.RevisionLink, Repository: "a", Digest: image.Digest}): true,
		fixture.Key(layout.Path{Kind: layout.LayerLink, Repository: "a", Digest: lone.Digest}):     true,
	}}
	if err := tree.Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for _, untagged := range []bool{false, true} {
		plan, err := sweep.New(t.Context(), d, sweep.Options{Offline: true, DeleteUntagged: untagged, Now: at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		for c := range plan.Candidates() {
			t.Errorf("untagged %v: %s %s goes", untagged, c.Kind, c.Digest)
		}
	}
}

// TestLaw13SymlinkObjectsBlock: under another algorithm than sha256 the name of a
// link does not tell what it holds.
func TestLaw13SymlinkObjectsBlock(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, kind := range []layout.Kind{layout.RevisionLink, layout.LayerLink} {
		tree := fixture.New(at)
		tree.Tag("a", "image", tree.Image("a", "image").Digest)
		link := layout.Path{Kind: kind, Repository: "a", Digest: digest.SHA512.FromString("x")}
		tree.Add(link, []byte("elsewhere"))
		d := &linking{memory.New(), map[string]bool{fixture.Key(link): true}}
		if err := tree.Write(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		plan, err := sweep.New(t.Context(), d, sweep.Options{Offline: true, Now: at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.BlockedBy()) == 0 {
			t.Errorf("%v: not blocked", link)
		}
	}
}

// linking is a store in which some objects are symbolic links.
type linking struct {
	*memory.Driver
	links map[string]bool
}

func (l *linking) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		for o, err := range l.Driver.List(ctx, prefix, opts) {
			o.Irregular = l.links[o.Key]
			if !yield(o, err) {
				return
			}
		}
	}
}

func (l *linking) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	if l.links[key] {
		return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrIrregular}
	}
	return l.Driver.Get(ctx, key, limit)
}

// symlinkCases have manifests, tags or aliases behind a symbolic link, which is
// never followed: they may be live. What goes there goes at one's own risk.
var symlinkCases = slices.Concat(symlinkedPlaces, []lawCase{
	{"manifests within the tree", func(c *scenario) {
		c.goes(always, c.whole("app", c.tagged("app"))[1:]...)
		c.behind(repositories+"app/_manifests", "_manifests.real")
		c.finds(always, mark.Stranger)
	}},
	{"revisions within the tree, tagged", func(c *scenario) {
		c.tagged("app")
		c.behind(repositories+"app/_manifests/revisions", "revisions.real")
		c.finds(always, mark.Stranger, mark.DanglingTag)
	}},
	{"revisions within the tree", func(c *scenario) {
		c.goes(always, c.whole("app", c.Image("app", "pulled by digest"))[1:]...)
		c.behind(repositories+"app/_manifests/revisions", "revisions.real")
		c.finds(always, mark.Stranger)
	}},
	{"revisions of an algorithm within the tree", func(c *scenario) {
		c.goes(always, c.whole("app", c.Image("app", "pulled by digest"))[1:]...)
		c.behind(repositories+"app/_manifests/revisions/sha256", "../real")
		c.finds(always, mark.Stranger)
	}},
	{"repository within the tree, where no name leads", func(c *scenario) {
		c.tagged("app")
		c.behind(repositories+"app", "_moved/app")
		c.finds(always, mark.Stranger, mark.OddRepository)
	}},
	{"repository out of the tree, its manifests behind another link", func(c *scenario) {
		c.goes(always, c.blobs(c.tagged("team/app"))...)
		c.behind(repositories+"team/app/_manifests", filepath.Join(c.outside, "manifests"))
		c.behind(repositories+"team", filepath.Join(c.outside, "team"))
	}},
	{"repository far below what is out of the tree", func(c *scenario) {
		c.goes(always, c.blobs(c.tagged("team/b/c/d/e/f"))...)
		c.behind(repositories+"team", filepath.Join(c.outside, "team"))
	}},
	{"layer links out of the tree, an alias among them", func(c *scenario) {
		_, target := c.aliased("app")
		c.goes(always, blob(target))
		c.behind(repositories+"app/_layers", filepath.Join(c.outside, "layers"))
	}},
	{"aliases out of the tree", func(c *scenario) {
		_, target := c.aliased("app")
		c.goes(always, layer("app", target), blob(target))
		c.behind(repositories+"app/_layers/sha512", filepath.Join(c.outside, "sha512"))
	}},
	{"one alias out of the tree", func(c *scenario) {
		alias, target := c.aliased("app")
		c.goes(always, layer("app", target), blob(target))
		c.behind(path.Dir(fixture.Key(layer("app", alias))), filepath.Join(c.outside, "alias"))
	}},
})

// symlinkedPlaces have nothing but a symbolic link, to a repository.
var symlinkedPlaces = func() (cases []lawCase) {
	for _, place := range []string{
		"linked", "group/linked", "app/_manifests", "app/_manifests/revisions", "app/_manifests/revisions/sha256", "app/_manifests/tags",
	} {
		cases = append(cases, lawCase{place, func(c *scenario) {
			c.Symlinks[repositories+place] = c.outside
			if err := os.MkdirAll(filepath.Join(c.outside, "app", "_manifests"), 0o755); err != nil {
				panic(err)
			}
		}})
	}
	return cases
}()

// tagged stores an image with a tag.
func (s *scenario) tagged(repository string) v1.Descriptor {
	image := s.Image(repository, "tagged")
	s.Tag(repository, "v1", image.Digest)
	return image
}

// aliased stores a tagged image that needs a layer by its alias alone.
func (s *scenario) aliased(repository string) (alias, target digest.Digest) {
	alias, target = s.sha512Of(repository, "one")
	s.Tag(repository, "v1", s.imageOf(repository, "x", alias).Digest)
	return alias, target
}

func TestLaw16SymlinkedReferences(t *testing.T) {
	t.Parallel()
	for _, c := range with(symlinkCases, func(c *scenario) {
		c.Tag("other", "v1", c.Image("other", "x").Digest)
		c.garbage("x")
		c.finds(always, mark.Symlink)
	}) {
		for _, accepted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/accepted=%v", c.name, accepted), func(t *testing.T) {
				t.Parallel()
				s := newScenario(t, c)
				if accepted {
					accepting(sweep.BlockedSymlinkedReferences)(s)
				} else {
					s.blocks(always, sweep.BlockedSymlinkedReferences)
				}
				before := readDir(t, s.outside)
				s.everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
					s.check(t, run, opts, b)
					if diff := cmp.Diff(before, readDir(t, s.outside)); diff != "" {
						t.Errorf("law 13: out of the tree (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}
