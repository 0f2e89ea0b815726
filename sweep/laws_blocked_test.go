package sweep_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
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

// symlinkedReferences are places where manifests or tags could lie behind a
// symbolic link, which is never followed: they may be live.
var symlinkedReferences = []string{
	"repositories/linked",
	"repositories/group/linked",
	"repositories/app/_manifests",
	"repositories/app/_manifests/revisions",
	"repositories/app/_manifests/revisions/sha256",
	"repositories/app/_manifests/tags",
}

func TestLaw16SymlinkedReferences(t *testing.T) {
	for _, place := range symlinkedReferences {
		t.Run(place, func(t *testing.T) {
			s := newScenario(t, lawCase{"", func(c *scenario) {
				c.Tag("other", "v1", c.Image("other", "x").Digest)
				c.garbage("x")
				c.Symlinks[layout.Root+place] = c.outside
				if err := os.MkdirAll(filepath.Join(c.outside, "app", "_manifests"), 0o755); err != nil {
					t.Fatal(err)
				}
			}})
			s.everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
				if place == "repositories/app/_manifests/tags" && run&untagged == 0 {
					return // then tags keep nothing
				}
				s.blockedBySymlink(t, opts, b)
			})
		})
	}
}

// blockedBySymlink expects the plan to be blocked, and to leave symbolic links
// alone when the risk is accepted.
func (s *scenario) blockedBySymlink(t *testing.T, opts sweep.Options, b backend) {
	t.Helper()
	before := b.read()
	for _, accepted := range []bool{false, true} {
		var blockers []sweep.Blocker
		var want error
		going := expected(s.going, inDefault|onTree)
		if accepted {
			opts.AcceptRisk = []sweep.Blocker{sweep.BlockedSymlinkedReferences}
		} else {
			blockers, want, going = []sweep.Blocker{sweep.BlockedSymlinkedReferences}, sweep.ErrBlocked, nil
		}
		plan, err := sweep.New(t.Context(), b.driver, opts)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "blockers", blockers, plan.BlockedBy())
		same(t, "findings", []mark.FindingKind{mark.Symlink}, kinds(plan.Findings()))
		if err := plan.Execute(t.Context(), b.driver); !errors.Is(err, want) {
			t.Errorf("accepted %v: got %v, want %v", accepted, err, want)
		}
		s.compare(t, before, b.read(), going)
	}
}
