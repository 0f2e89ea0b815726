package workload

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
)

// plan plans a registry that has to exist.
func plan(tb testing.TB, spec Spec) *Workload {
	tb.Helper()
	w, err := New(spec)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// eachShape runs a test on every shape, in a small size.
func eachShape(t *testing.T, test func(t *testing.T, spec Spec)) {
	for _, s := range Shapes() {
		t.Run(s.Name, func(t *testing.T) { test(t, Spec{Shape: s.Name, Blobs: max(s.Least, 1_000), Seed: 7}) })
	}
}

// fingerprint is a hash over keys, contents and times.
func fingerprint(w *Workload) string {
	h := sha256.New()
	for o := range w.Objects() {
		write(h, []byte(o.Key))
		write(h, o.Content)
		write(h, []byte(o.ModTime.Format(time.RFC3339Nano)))
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func write(h hash.Hash, b []byte) {
	h.Write(binary.AppendUvarint(nil, uint64(len(b))))
	h.Write(b)
}

// The same registry comes of a spec on every machine and in every version:
// figures that were taken once can be taken again.
func TestSameRegistryFromSameSeed(t *testing.T) {
	want := map[string]string{
		"typical":           "25e4f0814d91b9ed",
		"small":             "5a947c1508eb30c4",
		"gitlab":            "5f1f7b1a1e9caa67",
		"one-repo-20k-tags": "21a30fb87fb125c0",
		"many-small":        "907bbd539ec559a7",
		"links":             "d01096217d6b9cb7",
		"wide-index":        "d5c3ed572f18ce25",
		"garbage":           "4d839a8aa69762ba",
	}
	eachShape(t, func(t *testing.T, spec Spec) {
		w := plan(t, spec)
		got := fingerprint(w)
		if got != want[spec.Shape] {
			t.Errorf("the registry's fingerprint is %q, was %q", got, want[spec.Shape])
		}
		if again := fingerprint(w); again != got {
			t.Errorf("the second time, the same workload makes %q, not %q", again, got)
		}
		spec.Seed++
		if other := fingerprint(plan(t, spec)); other == got {
			t.Error("another seed makes the same registry")
		}
	})
}

func TestObjects(t *testing.T) {
	young := time.Date(2024, time.June, 1, 0, 0, 0, 0, time.UTC)
	eachShape(t, func(t *testing.T, spec Spec) {
		w := plan(t, spec)
		var last string
		var blobs, links, all int
		for o := range w.Objects() {
			all++
			p, ok := layout.Parse(o.Key)
			switch {
			case !ok:
				t.Fatalf("no registry writes the key %s", o.Key)
			case o.Key <= last:
				t.Fatalf("%s comes after %s", o.Key, last)
			case o.ModTime.IsZero() || o.ModTime.After(young):
				t.Fatalf("%s is of %v", o.Key, o.ModTime)
			}
			last = o.Key
			switch p.Kind {
			case layout.BlobData:
				blobs++
				if p.Digest.Algorithm().FromBytes(o.Content) != p.Digest {
					t.Fatalf("the content of %s is not that of its digest", o.Key)
				}
			case layout.LayerLink, layout.RevisionLink, layout.TagIndexLink:
				links++
				if string(o.Content) != string(p.Digest) {
					t.Fatalf("%s holds %q", o.Key, o.Content)
				}
			case layout.UploadStartedAt:
				if at, err := time.Parse(time.RFC3339, string(o.Content)); err != nil || !at.Equal(o.ModTime) {
					t.Fatalf("%s holds %q: %v", o.Key, o.Content, err)
				}
			}
		}
		c := w.Counts()
		if all != c.Objects || blobs != c.Blobs || links != c.LayerLinks+c.Manifests+c.TagIndexEntries {
			t.Errorf("%d objects, %d blobs and %d links are not what was counted: %+v", all, blobs, links, c)
		}
	})
}

// Repositories come in the order in which every walk meets them, since the
// registry's own collector removes more or less by it.
func TestRepositoriesInOrder(t *testing.T) {
	eachShape(t, func(t *testing.T, spec Spec) {
		var bytewise, componentwise []string
		for _, r := range plan(t, spec).repositories {
			bytewise = append(bytewise, r.name+"/_")
			componentwise = append(componentwise, strings.ReplaceAll(r.name, "/", "\x00"))
		}
		if !slices.IsSorted(bytewise) || !slices.IsSorted(componentwise) {
			t.Errorf("out of order: %q", bytewise)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{Shape: "round"}, `there is no shape "round"; there are typical, small,`},
		{Spec{Shape: "typical", Blobs: 10}, "10 blobs are too few or too many"},
		{Spec{Shape: "typical", Blobs: -1}, "-1 blobs are too few or too many"},
		{Spec{Shape: "garbage", Blobs: 1 << 30}, "too many"},
	} {
		if _, err := New(c.spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %s", c.spec, err, c.want)
		}
	}
}

// Every shape takes the sizes that it says it takes.
func TestSizes(t *testing.T) {
	for _, s := range Shapes() {
		for _, blobs := range []int{s.Least, s.Least + 1, 2 * s.Least, 10_007} {
			w := plan(t, Spec{Shape: s.Name, Blobs: blobs})
			if got := w.Counts().Blobs; got < blobs*98/100 || got > blobs*102/100 {
				t.Errorf("%s of %d blobs has %d", s.Name, blobs, got)
			}
		}
	}
}
