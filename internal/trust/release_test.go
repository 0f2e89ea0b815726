package trust_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
)

// A release is broken at every step, as a collection is.

// letting is what is let go of the wild tree.
type letting struct {
	name   string
	opts   release.Options
	choose func(*catalog.Catalog) []release.Target
}

var lettings = []letting{
	{"some tags", release.Options{}, func(c *catalog.Catalog) []release.Target {
		return tagsWhere(c, func(repository, tag string) bool {
			return slices.Contains([]string{
				"app:v1", "multi:latest", "multi:sparse", "built:latest", "signed:v1", "cycle:latest", "old:signed",
				"old:v1", "alias:latest", "two:latest", "damaged:unlinked", "damaged:dangling", "app/nested/deep:latest",
			}, repository+":"+tag)
		})
	}},
	{"every tag", release.Options{}, func(c *catalog.Catalog) []release.Target {
		return tagsWhere(c, func(string, string) bool { return true })
	}},
	{"tags alone", release.Options{UntagOnly: true}, func(c *catalog.Catalog) []release.Target {
		return tagsWhere(c, func(string, string) bool { return true })
	}},
	{"every second revision by force", release.Options{Force: true, Offline: true}, func(c *catalog.Catalog) (targets []release.Target) {
		for _, r := range c.Repositories {
			t := release.Target{Repository: r.Name}
			for i, revision := range r.Revisions {
				if i%2 == 0 {
					t.Revisions = append(t.Revisions, release.Choice{Name: string(revision.Digest)})
				}
			}
			targets = append(targets, t)
		}
		return targets
	}},
	{"everything", release.Options{}, everythingOf},
	{"everything offline", release.Options{Offline: true}, everythingOf},
}

func tagsWhere(c *catalog.Catalog, chosen func(repository, tag string) bool) (targets []release.Target) {
	for _, r := range c.Repositories {
		t := release.Target{Repository: r.Name}
		for _, tag := range r.Tags {
			if chosen(r.Name, tag.Name) {
				t.Tags = append(t.Tags, release.Choice{Name: tag.Name})
			}
		}
		targets = append(targets, t)
	}
	return targets
}

func everythingOf(c *catalog.Catalog) (targets []release.Target) {
	for _, r := range c.Repositories {
		targets = append(targets, release.Target{Repository: r.Name, All: true})
	}
	return targets
}

func readCatalog(t *testing.T, d storage.Reader) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Read(t.Context(), d, catalog.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (l letting) plan(t *testing.T, c *catalog.Catalog, targets []release.Target) *release.Plan {
	t.Helper()
	opts := l.opts
	opts.Now, opts.Workers = now.Add(time.Minute), 1
	p, err := release.New(c, targets, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// remaining is what a plan was to remove that is still there.
func remaining(c *catalog.Catalog, p *release.Plan, all bool) (targets []release.Target) {
	if all {
		return everythingOf(c)
	}
	byName := map[string]*release.Target{}
	for s := range p.Steps() {
		r, err := c.Repository(s.Repository)
		if err != nil {
			continue
		}
		to := byName[r.Name]
		if to == nil {
			to = &release.Target{Repository: r.Name}
			byName[r.Name] = to
		}
		if _, err := r.Tag(s.Tag); err == nil && s.Kind == release.Tag {
			to.Tags = append(to.Tags, release.Choice{Name: s.Tag})
		}
		if _, linked := r.Revision(s.Digest); linked && s.Kind == release.Manifest {
			to.Revisions = append(to.Revisions, release.Choice{Name: string(s.Digest)})
		}
	}
	for _, to := range byName {
		targets = append(targets, *to)
	}
	return targets
}

// assertPulls fails the test when a tag that is left cannot be pulled as it
// could be, with all that is below it and all that refers to it; or when a
// history names a revision that went.
func assertPulls(t *testing.T, before, after *catalog.Catalog, left *fixture.Tree, forced map[digest.Digest]bool) {
	t.Helper()
	for _, now := range after.Repositories {
		was, err := before.Repository(now.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range now.Tags {
			if tag.Digest == "" && !tag.Broken {
				continue // its directory is left, and nothing else
			}
			old, err := was.Tag(tag.Name)
			if err != nil || old.Digest != tag.Digest || old.Broken != tag.Broken {
				t.Errorf("%s:%s names %s, and named %s (%v)", now.Name, tag.Name, tag.Digest, old.Digest, err)
			}
			for _, d := range tag.History {
				_, linked := now.Revision(d)
				_, entry := left.Files[fixture.Key(layout.Path{Kind: layout.TagIndexLink, Repository: now.Name, Tag: tag.Name, Digest: d})]
				if _, before := was.Revision(d); before && !linked && entry {
					t.Errorf("the history of %s:%s names %s, which went", now.Name, tag.Name, d)
				}
			}
			if tag.Broken {
				old.Digest = ""
			}
			roots := []digest.Digest{old.Digest}
			for i := 0; i < len(roots); i++ {
				closure := was.Closure(roots[i])
				for _, d := range closure.Manifests {
					_, linked := now.Revision(d)
					if _, before := was.Revision(d); before && !linked && !forced[d] {
						t.Errorf("%s:%s needs %s, which went", now.Name, tag.Name, d)
					}
					for _, referrer := range was.Referrers(d) {
						if !slices.Contains(roots, referrer) && !forced[d] && !forced[referrer] {
							roots = append(roots, referrer)
						}
					}
				}
				for _, d := range closure.Blobs {
					if slices.Contains(was.Layers, d) && !slices.Contains(now.Layers, d) && len(forced) == 0 {
						t.Errorf("%s:%s needs the layer link %s, which went", now.Name, tag.Name, d)
					}
				}
			}
		}
	}
}

// assertBlobs fails the test when a blob is gone or changed.
func assertBlobs(t *testing.T, before, after *fixture.Tree) {
	t.Helper()
	for key, file := range before.Files {
		if strings.HasPrefix(key, layout.Blobs) && string(after.Files[key].Content) != string(file.Content) {
			t.Errorf("%s was touched", key)
		}
	}
}

func eachLetting(t *testing.T, run func(t *testing.T, b backend, l letting, wild *fixture.Wild)) {
	for _, b := range backends {
		for _, l := range lettings {
			t.Run(b.name+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				run(t, b, l, fixture.NewWild(now))
			})
		}
	}
}

// breaking is a letting that is broken, and then run again.
type breaking struct {
	letting
	backend
	wild   *fixture.Wild
	before *catalog.Catalog
	forced map[digest.Digest]bool
	want   *fixture.Tree
	kinds  []string // of the operations
}

// whole runs without a fault, and counts.
func (l letting) whole(t *testing.T, b backend, wild *fixture.Wild) (*breaking, *storagetest.Faulty) {
	t.Helper()
	d, left := b.open(t, wild.Tree)
	c := readCatalog(t, d)
	br := &breaking{letting: l, backend: b, wild: wild, before: c, forced: map[digest.Digest]bool{}}
	targets := l.choose(c)
	for _, target := range targets {
		for _, choice := range target.Revisions {
			br.forced[digest.Digest(choice.Name)] = true
		}
	}
	counted := storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
		br.kinds = append(br.kinds, op.Kind)
		return storagetest.Fault{}
	})
	p := l.plan(t, c, targets)
	if err := p.Execute(t.Context(), counted); err != nil {
		t.Fatal(err)
	}
	br.want = left()
	br.assert(t, d, left())
	if len(slices.Collect(p.Done())) == 0 || sameFiles(br.want, wild.Tree) {
		t.Fatal("nothing went")
	}
	return br, counted
}

// assert returns the catalog of what is left.
func (br *breaking) assert(t *testing.T, d storage.Reader, left *fixture.Tree) *catalog.Catalog {
	t.Helper()
	c := readCatalog(t, d)
	assertPulls(t, br.before, c, left, br.forced)
	assertBlobs(t, br.wild.Tree, left)
	return c
}

// run breaks an execution, and then finishes the work.
func (br *breaking) run(t *testing.T, inject func(storage.Driver) *storagetest.Faulty, expect func(error, *release.Plan)) {
	t.Helper()
	d, left := br.open(t, br.wild.Tree)
	p := br.plan(t, br.before, br.choose(br.before))
	err := p.Execute(t.Context(), inject(d))
	expect(err, p)
	c := br.assert(t, d, left())
	again := br.plan(t, c, remaining(c, p, strings.HasPrefix(br.letting.name, "everything")))
	if err := again.Execute(t.Context(), d); err != nil {
		t.Errorf("the rerun: %v", err)
	}
	if after := left(); !sameFiles(after, br.want) { // which was found whole
		t.Errorf("the rerun ends elsewhere: %s", cmp.Diff(keysOf(br.want), keysOf(after)))
	}
}

// TestLaw09ReleaseCrashes stops after every single deletion.
func TestLaw09ReleaseCrashes(t *testing.T) {
	eachLetting(t, func(t *testing.T, b backend, l letting, wild *fixture.Wild) {
		br, counted := l.whole(t, b, wild)
		for n := range counted.Deletions() {
			br.run(t, func(d storage.Driver) *storagetest.Faulty {
				crashing := storagetest.Inject(d, nil)
				crashing.CrashAfter(n)
				return crashing
			}, func(err error, p *release.Plan) {
				if err == nil {
					t.Error("nobody noticed")
				}
			})
			if t.Failed() {
				t.Fatalf("crashed after %d deletions", n)
			}
		}
		t.Logf("%d deletions", counted.Deletions())
	})
}

// TestLaw10ReleaseFaults fails every single operation, and every single key of a
// deletion.
func TestLaw10ReleaseFaults(t *testing.T) {
	eachLetting(t, func(t *testing.T, b backend, l letting, wild *fixture.Wild) {
		br, counted := l.whole(t, b, wild)
		for _, key := range []int{0, 1, 3} {
			for i, kind := range br.kinds {
				if key > 0 && kind != "delete" {
					continue
				}
				var hit storagetest.Op
				br.run(t, func(d storage.Driver) *storagetest.Faulty {
					return storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
						if op.Index != i {
							return storagetest.Fault{}
						}
						hit = op
						return storagetest.Fault{Err: storagetest.ErrInjected, FailKey: key}
					})
				}, func(err error, p *release.Plan) {
					switch {
					case key > 1, hit.Kind == "" || hit.Kind == "rmdir":
					case !errors.Is(err, sweep.ErrPartial) || !strings.Contains(fmt.Sprint(p.Failed()), hit.Key):
						t.Errorf("not a word of it: %v, %v", err, p.Failed())
					}
				})
				if t.Failed() {
					t.Fatalf("key %d of %v", key, hit)
				}
			}
		}
		t.Logf("%d operations", counted.Ops())
	})
}

// TestReleaseInterrupted ends the context at every third operation.
func TestReleaseInterrupted(t *testing.T) {
	eachLetting(t, func(t *testing.T, b backend, l letting, wild *fixture.Wild) {
		br, counted := l.whole(t, b, wild)
		for i := 0; i < counted.Ops(); i += 3 {
			d, left := b.open(t, wild.Tree)
			ctx, cancel := context.WithCancel(t.Context())
			p := l.plan(t, br.before, l.choose(br.before))
			err := p.Execute(ctx, storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
				if op.Index == i {
					return storagetest.Fault{Cancel: cancel}
				}
				return storagetest.Fault{}
			}))
			cancel()
			br.assert(t, d, left())
			if len(p.Failed()) > 0 || err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%v, failed %v", err, p.Failed())
			}
			if err == nil && !sameFiles(left(), br.want) {
				t.Error("not a word of it")
			}
			if t.Failed() {
				t.Fatalf("cancelled at operation %d", i)
			}
		}
	})
}
