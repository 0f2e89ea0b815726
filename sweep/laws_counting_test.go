package sweep_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// refusal is a key that cannot be removed, and what stays for its sake.
type refusal struct {
	name    string
	refused func(c *scenario) layout.Path
	stays   func(c *scenario) []layout.Path
}

// doomed is a repository of which, with tags as roots, one image goes that has
// something to lose at every step.
var doomed = lawCase{"doomed", func(c *scenario) {
	image := c.Image("app", "doomed", "one", "two")
	c.Tag("app", "latest", image.Digest)
	c.Tag("app", "latest", c.Image("app", "kept").Digest)
	c.Upload("app", "u1", old)
	c.goes(always, upload("app", "u1")...)
	c.goes(untagged, c.whole("app", image)...)
	c.goes(untagged, entry("app", "latest", image.Digest))
	c.garbage("x")
	c.garbage("y")
}}

func doomedManifest(c *scenario) digest.Digest {
	return c.Image("app", "doomed", "one", "two").Digest // adds nothing new
}

func layerNamed(name string) digest.Digest { return digest.FromString("layer " + name) }

var refusals = []refusal{
	{"nothing", nil, nil},
	{
		"a blob",
		func(*scenario) layout.Path { return blob(digest.FromString("garbage x")) }, nil,
	},
	{
		"a layer link keeps its blob",
		func(*scenario) layout.Path { return layer("app", layerNamed("one")) },
		func(*scenario) []layout.Path { return []layout.Path{blob(layerNamed("one"))} },
	},
	{
		"a revision link keeps all that the manifest needs",
		func(c *scenario) layout.Path { return revision("app", doomedManifest(c)) },
		func(c *scenario) []layout.Path { return c.wholeOfDoomed()[1:] },
	},
	{
		"a tag index entry keeps all that the manifest needs",
		func(c *scenario) layout.Path { return entry("app", "latest", doomedManifest(c)) },
		func(c *scenario) []layout.Path { return c.wholeOfDoomed() },
	},
	{
		"an upload",
		func(*scenario) layout.Path { return upload("app", "u1")[1] }, nil,
	},
}

func (s *scenario) wholeOfDoomed() []layout.Path {
	return s.whole("app", s.Image("app", "doomed", "one", "two")) // its revision link first
}

// TestLaw10Counting refuses one key at a time: the figures count what is gone
// and nothing else, the key is named, and all the rest is done.
func TestLaw10Counting(t *testing.T) {
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			s := newScenario(t, doomed)
			refused := ""
			var staying []string
			if r.refused != nil {
				refused = fixture.Key(r.refused(s))
				staying = append(staying, refused)
			}
			if r.stays != nil {
				for _, p := range r.stays(s) {
					staying = append(staying, fixture.Key(p))
				}
			}
			s.everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
				going := expected(s.going, run)
				happens := slices.Contains(going, refused)
				if happens {
					going = slices.DeleteFunc(going, func(key string) bool { return slices.Contains(staying, key) })
				}
				before := b.read()
				w := watch(b.driver, func(key string) bool { return key == refused })
				plan, err := sweep.New(t.Context(), w, opts)
				if err != nil {
					t.Fatal(err)
				}
				err = plan.Execute(t.Context(), w)
				if errors.Is(err, sweep.ErrPartial) != happens {
					t.Errorf("got %v, want ErrPartial: %v", err, happens)
				}
				failed := map[string]string{}
				for _, f := range plan.Failed() {
					failed[f.Key] = f.Error
				}
				if happens && !strings.Contains(failed[refused], errRefused.Error()) {
					t.Errorf("of %s is said %q", refused, failed[refused])
				}
				want := []string{}
				if happens {
					want = staying
				}
				same(t, "failed keys", want, slices.Collect(maps.Keys(failed)))
				s.compare(t, before, b.read(), going)
				checkConfirmed(t, plan.Counts(), s, going, refused)
			})
		})
	}
}

// checkConfirmed counts what is gone. An upload of which a file is left is not.
func checkConfirmed(t *testing.T, got sweep.Counts, s *scenario, gone []string, refused string) {
	t.Helper()
	want := tally(s.Files, gone)
	if p, _ := layout.Parse(refused); p.Upload != "" {
		want.Uploads.Total--
	}
	wantRemoved := []int64{want.Manifests.Total, want.Blobs.Total, want.LayerLinks.Total, want.TagIndexEntries.Eligible, want.Uploads.Total, want.Bytes.Total}
	gotRemoved := []int64{got.Manifests.Removed, got.Blobs.Removed, got.LayerLinks.Removed, got.TagIndexEntries.Removed, got.Uploads.Removed, got.Bytes.Reclaimed}
	if diff := cmp.Diff(wantRemoved, gotRemoved); diff != "" {
		t.Errorf("removed manifests, blobs, layer links, entries, uploads, bytes (-want +got):\n%s", diff)
	}
}

// TestLaw10ManyKeys has more blobs than fit into a batch, of which some cannot
// be removed.
func TestLaw10ManyKeys(t *testing.T) {
	c := lawCase{"", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		for i := range 1100 {
			c.garbage(strings.Repeat("x", i))
		}
	}}
	s := newScenario(t, c)
	stubborn := func(key string) bool {
		p, ok := layout.Parse(key)
		return ok && p.Kind == layout.BlobData && p.Digest.Encoded()[0] == '7'
	}
	s.everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
		before, w := b.read(), watch(b.driver, stubborn)
		plan, err := sweep.New(t.Context(), w, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Execute(t.Context(), w); !errors.Is(err, sweep.ErrPartial) {
			t.Errorf("got %v, want ErrPartial", err)
		}
		var refused, failed []string
		going := expected(s.going, run)
		gone := slices.DeleteFunc(slices.Clone(going), stubborn)
		for _, key := range going {
			if stubborn(key) {
				refused = append(refused, key)
			}
		}
		for _, f := range plan.Failed() {
			failed = append(failed, f.Key)
		}
		same(t, "failed keys", refused, failed)
		s.compare(t, before, b.read(), gone)
		checkConfirmed(t, plan.Counts(), s, gone, "")
	})
}
