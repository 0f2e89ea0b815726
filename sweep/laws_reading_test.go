package sweep_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
)

var errBroken = errors.New("broken by the test")

// TestLaw05FailClosed breaks one read of the planning after the other.
func TestLaw05FailClosed(t *testing.T) {
	s := newScenario(t, everything)
	alias, _ := s.sha512Of("app", "aliased")
	s.Tag("app", "v2", s.imageOf("app", "aliased", alias).Digest)
	s.Image("app", "never tagged")
	flat := &scenario{Tree: s.Clone(), going: map[when][]string{}, recent: map[when][]string{}}
	onObjectStore(flat)
	for name, b := range map[string]backend{"memory": memoryOf(t, flat.Tree), "filesystem": filesystemOf(t, s.Tree)} {
		for _, deleteUntagged := range []bool{false, true} {
			opts := sweep.Options{Now: start, Workers: 1, DeleteUntagged: deleteUntagged}
			whole, ops, err := planWith(t, b, opts, nil)
			if err != nil || ops < 20 {
				t.Fatalf("%s: %d operations, %v", name, ops, err)
			}
			for i := range ops {
				// An error of any kind, listings cut short among them, ends it;
				// but for the question for versions, which law 10 speaks of.
				var broken storagetest.Op
				_, _, err := planWith(t, b, opts, func(op storagetest.Op) storagetest.Fault {
					if op.Index == i {
						broken = op
						return storagetest.Fault{Err: errBroken}
					}
					return storagetest.Fault{}
				})
				if broken.Kind != "versioning" && !errors.Is(err, errBroken) {
					t.Errorf("%s, untagged %v, operation %d fails: got %v", name, deleteUntagged, i, err)
				}
				// A not-found that is not true is found out, or ends it.
				got, _, err := planWith(t, b, opts, func(op storagetest.Op) storagetest.Fault {
					return storagetest.Fault{NotFound: op.Index == i}
				})
				if err == nil && !slices.Equal(got, whole) {
					t.Errorf("%s, untagged %v, operation %d says not-found once: plan\n%q\nwant\n%q", name, deleteUntagged, i, got, whole)
				}
			}
		}
	}
}

// planWith plans over faults, and returns the candidates and the number of
// operations.
func planWith(t *testing.T, b backend, opts sweep.Options, fault func(storagetest.Op) storagetest.Fault) ([]string, int, error) {
	t.Helper()
	d := storagetest.Inject(b.driver, fault)
	d.Page = 3
	plan, err := sweep.New(t.Context(), d, opts)
	if err != nil {
		return nil, d.Ops(), err
	}
	return candidateKeys(plan), d.Ops(), nil
}

// TestLaw05VanishedDirectory: what was in a directory that a listing named, and
// that is gone when it is read, cannot be known.
func TestLaw05VanishedDirectory(t *testing.T) {
	t.Parallel()
	b := filesystemOf(t, newScenario(t, everything).Tree)
	for _, below := range []string{
		"", "_layers/", "_layers/sha256/", "_manifests/", "_manifests/revisions/", "_manifests/revisions/sha256/", "_manifests/tags/",
	} {
		prefix := repositories + "app/" + below
		_, _, err := planWith(t, b, sweep.Options{Now: start}, func(op storagetest.Op) storagetest.Fault {
			return storagetest.Fault{NotFound: op.Key == prefix}
		})
		var named *storage.Error
		if !errors.As(err, &named) || named.Key != prefix {
			t.Errorf("%s vanishes: got %v, want an error that names it", prefix, err)
		}
	}
}

// TestLaw05FindingPerRepository: a manifest that is missing is told of in each
// repository that links it, in the same order every time.
func TestLaw05FindingPerRepository(t *testing.T) {
	t.Parallel()
	s := newScenario(t, lawCase{"", func(c *scenario) {
		for _, repository := range []string{"c", "a", "b"} {
			c.Tag(repository, "ok", c.Image(repository, "x").Digest)
			c.Tag(repository, "v1", missing("x").Digest)
			c.RevisionLink(repository, missing("x").Digest)
		}
	}})
	s.everyRun(t, func(t *testing.T, _ when, opts sweep.Options, b backend) {
		plan, err := sweep.New(t.Context(), b.driver, opts)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range plan.Findings() {
			got = append(got, fmt.Sprintf("%s %s", f.Kind, f.Repository))
		}
		want := []string{"dangling-revision a", "dangling-revision b", "dangling-revision c"}
		if !slices.Equal(got, want) {
			t.Errorf("got findings %q, want %q", got, want)
		}
	})
}

// TestLaw05MissingIsAbsence: what is truly not there is no error. The findings
// are those of laws 5 and 8.
func TestLaw05MissingIsAbsence(t *testing.T) {
	holds(t, slices.Concat(
		danglingTags,
		rootCases[len(rootCases)-1:],
	))
}

// listedLinks are links whose content decides what is kept, by the mode in
// which they are read.
var listedLinks = []struct {
	name     string
	untagged bool
	build    func(c *scenario) (link, keeps string)
}{
	{"a tag's", true, func(c *scenario) (string, string) {
		image := c.Image("app", "x")
		c.Tag("app", "v1", image.Digest)
		return fixture.Key(tagLink("app", "v1")), fixture.Key(blob(image.Digest))
	}},
	{"an alias's", false, func(c *scenario) (string, string) {
		alias, of := c.sha512Of("app", "aliased")
		c.Tag("app", "v1", c.imageOf("app", "x", alias).Digest)
		return fixture.Key(layer("app", alias)), fixture.Key(blob(of))
	}},
	{"that of an algorithm not known", false, func(c *scenario) (string, string) {
		one, key := c.Blob("", []byte("one")).Digest, repositories+"app/_layers/blake3/"+missing("x").Digest.Encoded()+"/link"
		c.Put(key, []byte(one))
		return key, fixture.Key(blob(one))
	}},
}

// TestLaw05ListedLinksThatReadAsAbsent: on a flat store a listing shows links
// themselves. One that is listed, and is not there however often it is read,
// fails the plan if it is listed still.
func TestLaw05ListedLinksThatReadAsAbsent(t *testing.T) {
	for _, test := range listedLinks {
		link, keeps := "", ""
		d := filled(t, func(c *scenario) {
			link, keeps = test.build(c)
			c.Put(link+"-2", []byte("a neighbour"))
		})
		opts := sweep.Options{Now: start, Workers: 1, DeleteUntagged: test.untagged}
		plan := func(fault func(times int) storagetest.Fault) ([]string, error) {
			times := 0
			got, _, err := planWith(t, backend{driver: d}, opts, func(op storagetest.Op) storagetest.Fault {
				if op.Kind != "get" || op.Key != link {
					return storagetest.Fault{}
				}
				times++
				return fault(times)
			})
			if times == 0 {
				t.Errorf("%s: never read", test.name)
			}
			return got, err
		}
		if got, err := plan(func(int) storagetest.Fault { return storagetest.Fault{} }); err != nil || slices.Contains(got, keeps) {
			t.Errorf("%s: at rest: %v, plan %q", test.name, err, got)
		}
		var named *storage.Error
		if _, err := plan(func(int) storagetest.Fault { return storagetest.Fault{NotFound: true} }); !errors.Is(err, inventory.ErrReappeared) ||
			!errors.As(err, &named) || named.Key != link {
			t.Errorf("%s: falsely not found: got %v, want ErrReappeared that names %s", test.name, err, link)
		}
		got, err := plan(func(int) storagetest.Fault {
			if err := d.Delete(t.Context(), link); err != nil {
				t.Error(err)
			}
			return storagetest.Fault{}
		})
		if err != nil || !slices.Contains(got, keeps) {
			t.Errorf("%s: deleted meanwhile: %v, plan %q without %s", test.name, err, got, keeps)
		}
	}
}

// TestLaw05ListingOfAnAbsentLink: when it cannot be listed again, absence is not
// known.
func TestLaw05ListingOfAnAbsentLink(t *testing.T) {
	for _, test := range listedLinks {
		link := ""
		d := filled(t, func(c *scenario) { link, _ = test.build(c) })
		opts := sweep.Options{Now: start, Workers: 1, DeleteUntagged: test.untagged}
		_, _, err := planWith(t, backend{driver: d}, opts, func(op storagetest.Op) storagetest.Fault {
			switch {
			case op.Key != link:
				return storagetest.Fault{}
			case op.Kind == "list":
				return storagetest.Fault{Err: errBroken}
			}
			return storagetest.Fault{NotFound: true}
		})
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}
