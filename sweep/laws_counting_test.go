package sweep_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// refusal is a key that cannot be removed, and what stays for its sake.
type refusal struct {
	name    string
	refused func(c *scenario) layout.Path
	stays   func(c *scenario) []layout.Path
	waits   func(c *scenario) []layout.Path // what is not even tried, and no failure
	tree    func(c *scenario)               // nil: doomed
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
	{name: "nothing"},
	{
		name:    "a blob",
		refused: func(*scenario) layout.Path { return blob(digest.FromString("garbage x")) },
	},
	{
		name:    "a layer link keeps its blob",
		refused: func(*scenario) layout.Path { return layer("app", layerNamed("one")) },
		stays:   func(*scenario) []layout.Path { return []layout.Path{blob(layerNamed("one"))} },
	},
	{
		name:    "a revision link keeps all that the manifest needs",
		refused: func(c *scenario) layout.Path { return revision("app", doomedManifest(c)) },
		stays:   func(c *scenario) []layout.Path { return c.wholeOfDoomed()[1:] },
	},
	{
		name:    "a tag index entry keeps all that the manifest needs",
		refused: func(c *scenario) layout.Path { return entry("app", "latest", doomedManifest(c)) },
		stays:   func(c *scenario) []layout.Path { return c.wholeOfDoomed() },
	},
	{
		name:    "an upload",
		refused: func(*scenario) layout.Path { return upload("app", "u1")[1] },
		waits:   func(*scenario) []layout.Path { return upload("app", "u1")[:1] }, // tells its age
	},
	{
		name: "a signature's link keeps its blob and the manifest",
		tree: func(c *scenario) {
			m, signature := c.doomedSigned()
			c.goes(untagged, c.whole("app", m)...)
			c.goes(untagged, signatureLink("app", m.Digest, signature.Digest), blob(signature.Digest))
		},
		refused: func(c *scenario) layout.Path {
			m, signature := c.doomedSigned()
			return signatureLink("app", m.Digest, signature.Digest)
		},
		stays: func(c *scenario) []layout.Path {
			m, signature := c.doomedSigned()
			return append(c.whole("app", m)[1:], blob(signature.Digest))
		},
	},
	{
		name: "a revision link keeps what its aliases name",
		tree: func(c *scenario) {
			m, alias, target := c.doomedAliased()
			c.goes(untagged, slices.Insert(c.wholeBut(m, alias), 0, layer("app", target), blob(target))...)
		},
		refused: func(c *scenario) layout.Path {
			m, _, _ := c.doomedAliased()
			return revision("app", m.Digest)
		},
		stays: func(c *scenario) []layout.Path { // the link to the target is not needed
			m, alias, target := c.doomedAliased()
			return append(c.wholeBut(m, alias)[1:], blob(target))
		},
	},
	{
		name: "a revision link keeps what a linked child needs, of whatever type",
		tree: func(c *scenario) {
			index, child := c.doomedIndex()
			c.goes(untagged, c.whole("app", index, child)...)
		},
		refused: func(c *scenario) layout.Path {
			index, _ := c.doomedIndex()
			return revision("app", index.Digest)
		},
		stays: func(c *scenario) []layout.Path { // the child's own link is gone by then
			index, child := c.doomedIndex()
			return append(c.whole("app", child)[1:], blob(index.Digest))
		},
	},
}

// These store the same each time.

func (s *scenario) doomedSigned() (manifest, signature v1.Descriptor) {
	return s.SignedSchema1("app", "v1", s.Layer("app", "one"))
}

func (s *scenario) doomedAliased() (manifest v1.Descriptor, alias, target digest.Digest) {
	alias, target = s.sha512Of("app", "one")
	return s.imageOf("app", "doomed", alias), alias, target
}

func (s *scenario) doomedIndex() (index, child v1.Descriptor) {
	child = s.Image("app", "child")
	return s.Index("app", octets(child)), child
}

// wholeBut is the whole of a manifest in "app", of which one digest is no blob.
func (s *scenario) wholeBut(m v1.Descriptor, alias digest.Digest) []layout.Path {
	return slices.DeleteFunc(s.whole("app", m), func(p layout.Path) bool { return p == blob(alias) })
}

func (s *scenario) wholeOfDoomed() []layout.Path {
	return s.whole("app", s.Image("app", "doomed", "one", "two")) // its revision link first
}

// TestLaw10Counting refuses one key at a time: the figures count what is gone
// and nothing else, the key is named, and all the rest is done.
func TestLaw10Counting(t *testing.T) {
	t.Parallel()
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			tree := doomed
			if r.tree != nil {
				tree = lawCase{r.name, func(c *scenario) {
					c.Tag("app", "kept", c.Image("app", "kept").Digest)
					c.garbage("x")
					r.tree(c)
				}}
			}
			s := newScenario(t, tree)
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
			left := slices.Clone(staying)
			if r.waits != nil {
				for _, p := range r.waits(s) {
					left = append(left, fixture.Key(p))
				}
			}
			s.everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
				going := expected(s.going, run)
				happens := slices.Contains(going, refused)
				if happens {
					going = slices.DeleteFunc(going, func(key string) bool { return slices.Contains(left, key) })
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

// checkConfirmed counts what is gone. An upload of which a file is left is not,
// nor is a revision whose signature is left.
func checkConfirmed(t *testing.T, got sweep.Counts, s *scenario, gone []string, refused string) {
	t.Helper()
	want := tally(s.Files, gone)
	if p, _ := layout.Parse(refused); p.Upload != "" {
		want.Uploads.Total--
	} else if p.Kind == layout.SignatureLink && want.Manifests.Total > 0 {
		want.Manifests.Total--
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
	t.Parallel()
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

// TestLaw10RefusedBlobIsNotRead: nothing needs to be known of a blob that cannot
// be removed, and the rest goes on.
func TestLaw10RefusedBlobIsNotRead(t *testing.T) {
	t.Parallel()
	s := newScenario(t, doomed)
	refused := fixture.Key(blob(digest.FromString("garbage x")))
	s.everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
		before := b.read()
		var planned atomic.Bool
		w := watch(b.driver, func(key string) bool { return key == refused })
		d := storagetest.Inject(w, func(op storagetest.Op) storagetest.Fault {
			if op.Kind == "get" && planned.Load() {
				return storagetest.Fault{Err: errBroken}
			}
			return storagetest.Fault{}
		})
		plan, err := sweep.New(t.Context(), d, opts)
		if err != nil {
			t.Fatal(err)
		}
		planned.Store(true)
		err = plan.Execute(t.Context(), d)
		if !errors.Is(err, sweep.ErrPartial) || errors.Is(err, errBroken) {
			t.Errorf("got %v, want ErrPartial without a read", err)
		}
		s.compare(t, before, b.read(), slices.DeleteFunc(expected(s.going, run), func(key string) bool { return key == refused }))
	})
}

// TestLaw10DeclaredSizes: manifests may declare what they like.
func TestLaw10DeclaredSizes(t *testing.T) {
	t.Parallel()
	s := newScenario(t, lawCase{"", func(c *scenario) {
		c.document(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":%d},
			"layers":[{"digest":%q,"size":%d},{"digest":%q,"size":-7}]}`,
			v1.MediaTypeImageManifest, v1.MediaTypeImageConfig, c.Config("app", "x").Digest, int64(math.MaxInt64),
			c.Layer("app", "one").Digest, int64(1<<62), c.Layer("app", "two").Digest)
	}})
	stored := tally(s.Files, slices.Collect(maps.Keys(s.Files))).Bytes.Total
	s.everyRun(t, func(t *testing.T, _ when, opts sweep.Options, b backend) {
		plan, err := sweep.New(t.Context(), b.driver, opts)
		if err != nil {
			t.Fatal(err)
		}
		if n := plan.Counts().Bytes.Total; n <= 0 || n > stored {
			t.Errorf("got %d bytes in all, of which %d are stored", n, stored)
		}
	})
}
