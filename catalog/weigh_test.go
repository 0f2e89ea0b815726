package catalog

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// spellImages writes images as "repository A tags: size unique".
func spellImages(w *Weights) []string {
	lines := []string{}
	for _, i := range w.Images {
		if i.Blobs != len(spell(i.Size)) {
			lines = append(lines, fmt.Sprint(i.Blobs, " blobs?"))
		}
		lines = append(lines, fmt.Sprintf("%s %s %s: %s %s", i.Repository, spellDigests([]digest.Digest{i.Digest}), strings.Join(i.Tags, ","), spell(i.Size), spell(i.Unique)))
	}
	slices.Sort(lines)
	return lines
}

func TestWeigh(t *testing.T) {
	absent := func(m *Manifest) *Manifest { m.State, m.Size = Absent, 0; return m }
	edit := func(m *Manifest, f func(m *Manifest)) *Manifest { f(m); return m }
	holds := func(r *Repository, a, b rune) *Repository {
		for i := range r.Revisions {
			if r.Revisions[i].Digest == named(a) {
				r.Revisions[i].Holds = named(b)
			}
		}
		return r
	}
	aliases := func(r *Repository, a, b rune) *Repository {
		r.Aliases = map[digest.Digest]digest.Digest{named(a): named(b)}
		return r
	}
	for _, test := range []struct {
		name         string
		repositories []*Repository
		want         []string
	}{
		{"nothing", nil, []string{}},
		{"empty", []*Repository{letterRepository("r", "", "")}, []string{}},
		{"image", []*Repository{letterRepository("r", "A", "v1=A v2=A", letterManifest('A', "ab"))}, []string{"r A v1,v2: abA abA"}},
		{
			"shared layer", []*Repository{letterRepository("r", "AB", "v1=A v2=B", letterManifest('A', "ab"), letterManifest('B', "bc"))},
			[]string{"r A v1: abA aA", "r B v2: bcB cB"},
		},
		{
			"untagged", []*Repository{letterRepository("r", "AB", "v1=A", letterManifest('A', "ab"), letterManifest('B', "bc"))},
			[]string{"r A v1: abA aA", "r B : bcB cB"},
		},
		{
			"index", []*Repository{letterRepository("r", "ABC", "v1=C", letterManifest('A', "ab"), letterManifest('B', "bc"), letterManifest('C', "AB"))},
			[]string{"r C v1: abcABC abcABC"},
		},
		{
			"tagged child", []*Repository{letterRepository("r", "ABC", "v1=C v1-a=A", letterManifest('A', "ab"), letterManifest('B', "bc"), letterManifest('C', "AB"))},
			[]string{"r A v1-a: abA ", "r C v1: abcABC cBC"},
		},
		{
			"untagged index of a tagged child", []*Repository{letterRepository("r", "AC", "v1=A", letterManifest('A', "a"), letterManifest('C', "A"))},
			[]string{"r A v1: aA ", "r C : aAC C"},
		},
		{
			"two repositories", []*Repository{letterRepository("r", "A", "v1=A", letterManifest('A', "ab")), letterRepository("s", "AB", "v1=A v2=B", letterManifest('A', "ab"), letterManifest('B', "bc"))},
			[]string{"r A v1: abA ", "s A v1: abA ", "s B v2: bcB cB"},
		},
		{
			"sparse index", []*Repository{letterRepository("r", "C", "v1=C", absent(letterManifest('A', "")), letterManifest('C', "A"))},
			[]string{"r C v1: C C"},
		},
		{
			"referrers", []*Repository{letterRepository("r", "ABCD", "v1=A", letterManifest('A', "a"), letterManifest('B', "b>A"), letterManifest('C', "c>B"), letterManifest('D', "d>A"))},
			[]string{"r A v1: abcdABCD abcdABCD"},
		},
		{
			"tagged referrer", []*Repository{letterRepository("r", "AB", "v1=A v1.sig=B", letterManifest('A', "a"), letterManifest('B', "ab>A"))},
			[]string{"r A v1: aA A", "r B v1.sig: abB bB"},
		},
		{
			"referrer that is not linked", []*Repository{letterRepository("r", "A", "v1=A", letterManifest('A', "a"), letterManifest('B', "b>A"))},
			[]string{"r A v1: aA aA"},
		},
		{
			"referrer of nothing", []*Repository{letterRepository("r", "B", "", letterManifest('B', "b>Z"))},
			[]string{"r B : bB bB"},
		},
		{
			"referrer of a child", []*Repository{letterRepository("r", "ABC", "v1=C", letterManifest('A', "a"), letterManifest('B', "b>A"), letterManifest('C', "A"))},
			[]string{"r C v1: abABC abABC"},
		},
		{
			"circle", []*Repository{letterRepository("r", "AB", "", letterManifest('A', "Ba"), letterManifest('B', "Ab"))},
			[]string{"r A : abAB abAB"},
		},
		{
			"circle of referrers", []*Repository{letterRepository("r", "AB", "", letterManifest('A', "a>B"), letterManifest('B', "b>A"))},
			[]string{"r A : abAB abAB"},
		},
		{
			"foreign", []*Repository{letterRepository("r", "A", "v1=A", edit(letterManifest('A', "ab"), func(m *Manifest) { m.Layers[1].Foreign = true }))},
			[]string{"r A v1: aA aA"},
		},
		{
			"manifest of another size", []*Repository{letterRepository("r", "AC", "v1=C", letterManifest('A', "a"), edit(letterManifest('C', "A"), func(m *Manifest) { m.Manifests[0].Size = 1 << 60 }))},
			[]string{"r C v1: aAC aAC"},
		},
		{
			"a layer first, and a manifest", []*Repository{letterRepository("r", "BC", "v1=C",
				letterManifest('A', "a"), edit(letterManifest('B', "A"), func(m *Manifest) { m.References[0].Manifest = false }), letterManifest('C', "BA"))},
			[]string{"r C v1: aABC aABC"},
		},
		{
			"alias", []*Repository{holds(letterRepository("r", "AB", "v1=B", letterManifest('A', "a"), letterManifest('B', "a")), 'B', 'A')},
			[]string{"r B v1: aA aA"},
		},
		{
			"aliases of each other", []*Repository{holds(holds(letterRepository("r", "AB", "v1=B", letterManifest('A', "a"), letterManifest('B', "a")), 'B', 'A'), 'A', 'B')},
			[]string{"r B v1: a a"},
		},
		{
			"subject in another repository", []*Repository{letterRepository("r", "A", "v1=A", letterManifest('A', "a")), letterRepository("s", "B", "", letterManifest('B', "b>A"))},
			[]string{"r A v1: aA aA", "s B : bB bB"},
		},
		{
			"layers under other digests", []*Repository{aliases(letterRepository("r", "AB", "v1=A v2=B", letterManifest('A', "ac"), letterManifest('B', "bc")), 'a', 'b')},
			[]string{"r A v1: bcA A", "r B v2: bcB B"},
		},
		{
			"a child under another digest", []*Repository{aliases(letterRepository("r", "BC", "v1=C", absent(letterManifest('A', "")), letterManifest('B', "b"), letterManifest('C', "A")), 'A', 'B')},
			[]string{"r C v1: bBC bBC"},
		},
		{
			"dangling tag", []*Repository{letterRepository("r", "", "v1=A v2=B broken=", letterManifest('A', "a"))},
			[]string{"r A v1: aA aA", "r B v2:  "},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &Catalog{Repositories: test.repositories}
			w := c.Weigh()
			got := spellImages(w)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
			expectModel(t, c, w)
		})
	}
}

// TestWeighTotals looks at the figures of repositories and of the whole.
func TestWeighTotals(t *testing.T) {
	w := (&Catalog{Repositories: []*Repository{
		letterRepository("r", "AB", "v1=A", letterManifest('A', "ab"), letterManifest('B', "bc")),
		letterRepository("r-2", "", ""),
		letterRepository("s", "A", "v1=A v2=A", letterManifest('A', "ab")),
	}}).Weigh()
	want := []RepositoryWeight{
		{Name: "r", Size: weight("abcAB"), Unique: weight("cB"), Shared: weight("abA"), Images: 2, Blobs: 5},
		{Name: "r-2"},
		{Name: "s", Size: weight("abA"), Shared: weight("abA"), Images: 1, Blobs: 3},
	}
	if d := cmp.Diff(want, w.Repositories); d != "" {
		t.Error(d)
	}
	if w.Size != weight("abcAB") || w.Shared != weight("abA") || w.Blobs != 5 {
		t.Errorf("all weigh %s, of which %s are shared, in %d blobs", spell(w.Size), spell(w.Shared), w.Blobs)
	}
	if got, ok := w.Repository("s"); !ok || got.Name != "s" {
		t.Errorf("s is %v, %v", got, ok)
	}
	if got, ok := w.Repository("r-1"); ok {
		t.Errorf("r-1 is %v", got)
	}
	for name, images := range map[string]int{"r": 2, "r-2": 0, "s": 1, "": 0, "t": 0} {
		if got := w.ImagesOf(name); len(got) != images || images > 0 && got[0].Repository != name {
			t.Errorf("the images of %q are %v", name, got)
		}
	}
	if got, ok := w.Image("r", named('B')); !ok || got.Size != weight("bcB") {
		t.Errorf("B is %v, %v", got, ok)
	}
	if got, ok := w.Image("s", named('B')); ok {
		t.Errorf("B in s is %v", got)
	}
}

// TestWeighHugeSizes adds sizes up that are as large as can be declared.
func TestWeighHugeSizes(t *testing.T) {
	m := letterManifest('A', "ab")
	m.Layers[0].Size, m.Layers[1].Size = math.MaxInt64, math.MaxInt64
	w := (&Catalog{Repositories: []*Repository{letterRepository("r", "A", "", m)}}).Weigh()
	if w.Size != math.MaxInt64 || w.Images[0].Unique != math.MaxInt64 || w.Repositories[0].Unique != math.MaxInt64 || w.Repositories[0].Shared != 0 {
		t.Errorf("weighs %+v", w)
	}
	m.Layers[0].Size, m.Layers[1].Size = -5, math.MinInt64
	w = (&Catalog{Repositories: []*Repository{letterRepository("r", "A", "", m)}}).Weigh()
	if w.Size != weight("A") {
		t.Errorf("weighs %d", w.Size)
	}
}

// TestWeighContradiction has two descriptors of a blob.
func TestWeighContradiction(t *testing.T) {
	for _, sizes := range [][2]int64{{1, 2}, {2, 1}} {
		a, b := letterManifest('A', "a"), letterManifest('B', "a")
		a.Layers[0].Size, b.Layers[0].Size = sizes[0], sizes[1]
		w := (&Catalog{Repositories: []*Repository{letterRepository("r", "AB", "v1=A v2=B", a, b)}}).Weigh()
		if got := w.Size - weight("AB"); got != 2 {
			t.Errorf("of %v, the blob weighs %d", sizes, got)
		}
	}
}

// TestWeighSignatures weighs what lies beside a manifest of schema 1, and what a
// blob weighs whose size is only told under another digest.
func TestWeighSignatures(t *testing.T) {
	r := letterRepository("r", "AB", "v1=A", letterManifest('A', "ab"), letterManifest('B', "c"))
	i := slices.IndexFunc(r.Revisions, func(r Revision) bool { return r.Digest == named('A') })
	r.Revisions[i].Signatures = []digest.Digest{named('c'), named('d')}
	r.Aliases = map[digest.Digest]digest.Digest{named('b'): named('e')}
	w := (&Catalog{Repositories: []*Repository{r}}).Weigh()
	image, ok := w.Image("r", named('A'))
	if want := weight("acA") + weight("b"); !ok || image.Size != want || image.Unique != want-weight("c") || image.Blobs != 5 {
		t.Errorf("weighs %s in %d blobs", spell(image.Size), image.Blobs)
	}
	if got := spellDigests(r.Closure(named('A')).Blobs); got != "cdabe" {
		t.Errorf("needs %s", got)
	}
}

// TestWeighClash has blobs that begin alike, and some that are no digests.
func TestWeighClash(t *testing.T) {
	m := letterManifest('A', "abcd")
	for i, d := range []digest.Digest{other + "0", "", other[:len(other)-1] + "1", other} {
		m.Layers[i].Digest, m.References[i].Digest = d, d
	}
	w := (&Catalog{Repositories: []*Repository{letterRepository("r", "A", "", m)}}).Weigh()
	if spell(w.Size) != "abcdA" || w.Blobs != 5 {
		t.Errorf("weighs %s", spell(w.Size))
	}
}

// model is what the definition says that an image needs, by following digests.
func model(r *Repository, root digest.Digest) (bytes int64) {
	tagged, holds := r.TagsByDigest(), map[digest.Digest]digest.Digest{}
	maps.Copy(holds, r.Aliases)
	for _, revision := range r.Revisions {
		if revision.Holds != "" {
			holds[revision.Digest] = revision.Holds
		}
	}
	manifests := reach([]digest.Digest{root}, func(d digest.Digest) []digest.Digest {
		next := r.Closure(d).Manifests
		for _, referrer := range r.Referrers(d) {
			if len(tagged[referrer]) == 0 {
				next = append(next, referrer)
			}
		}
		return next
	})
	closure := r.Closure(manifests...)
	for _, d := range slices.Concat(closure.Manifests, closure.Blobs) {
		m := r.Manifests[d]
		if holds[d] != "" || slices.Contains(closure.Manifests, d) && (m == nil || m.State == Absent) {
			continue
		}
		for _, m := range r.Manifests {
			for _, layer := range m.Layers {
				if layer.Digest == d && layer.Foreign {
					d = ""
				}
			}
		}
		if d != "" {
			bytes |= weight(spellDigests([]digest.Digest{d}))
		}
	}
	return bytes
}

// expectModel expects that sizes are as the definition has them, that all that
// is linked or tagged belongs to an image, and that what is unique to one is
// what the others together do not need.
func expectModel(t *testing.T, c *Catalog, w *Weights) {
	t.Helper()
	needs := make([]int64, len(w.Images))
	var all int64
	for i, image := range w.Images {
		r, err := c.Repository(image.Repository)
		if err != nil {
			t.Fatal(err)
		}
		needs[i] = model(r, image.Digest)
		all |= needs[i]
		if image.Size != needs[i] {
			t.Errorf("%s weighs %s, not %s", spellDigests([]digest.Digest{image.Digest}), spell(image.Size), spell(needs[i]))
		}
		if !slices.Equal(image.Tags, r.TagsOf(image.Digest)) {
			t.Errorf("its tags are %v", image.Tags)
		}
	}
	for i, image := range w.Images {
		var others int64
		for j := range needs {
			if i != j {
				others |= needs[j]
			}
		}
		if image.Unique != needs[i]&^others {
			t.Errorf("%s alone needs %s, not %s", spellDigests([]digest.Digest{image.Digest}), spell(image.Unique), spell(needs[i]&^others))
		}
	}
	if w.Size != all || w.Blobs != len(spell(all)) {
		t.Errorf("all weigh %s, not %s", spell(w.Size), spell(all))
	}
	var shared int64
	for i, r := range c.Repositories {
		var own, others int64
		for j, image := range w.Images {
			if image.Repository == r.Name {
				own |= needs[j]
			} else {
				others |= needs[j]
			}
		}
		for _, revision := range r.Revisions {
			own |= model(r, revision.Digest)
		}
		shared |= own & others
		got := w.Repositories[i]
		if got.Size != own || got.Unique != own&^others || got.Shared != own&others || got.Blobs != len(spell(own)) {
			t.Errorf("%s weighs %s, alone %s, not %s, alone %s", r.Name, spell(got.Size), spell(got.Unique), spell(own), spell(own&^others))
		}
	}
	if w.Shared != shared {
		t.Errorf("shared are %s, not %s", spell(w.Shared), spell(shared))
	}
}

// randomCatalog has up to three repositories that share up to ten manifests,
// some of which are not known, referenced as layers, aliases or referrers; and
// one that has a manifest which needs nothing, and declares the size of all.
func randomCatalog(rng *rand.Rand) *Catalog {
	manifests := "ABCDEFGHIJ"[:1+rng.IntN(10)]
	stored := map[rune]*Manifest{}
	for i, letter := range manifests {
		needs := ""
		for _, blob := range "abcdefghij" {
			if rng.IntN(5) == 0 {
				needs += string(blob)
			}
		}
		for j, child := range manifests {
			if j < i && rng.IntN(5) == 0 || j > i && rng.IntN(200) == 0 {
				needs += string(child)
			}
		}
		if rng.IntN(3) == 0 {
			needs += ">" + string(manifests[rng.IntN(len(manifests))])
		}
		m := letterManifest(letter, needs)
		for i := range m.References {
			switch ref := &m.References[i]; {
			case ref.Manifest && rng.IntN(6) == 0:
				ref.Manifest = false // as a layer
			case ref.Manifest && rng.IntN(6) == 0:
				ref.Manifest, ref.Perhaps = false, true
			}
		}
		if rng.IntN(8) == 0 {
			m.State = Unknown
		}
		stored[letter] = m
	}
	c := &Catalog{}
	for _, name := range []string{"r", "s", "t"}[:1+rng.IntN(3)] {
		linked, tags := "", ""
		for _, letter := range manifests {
			if rng.IntN(2) == 0 {
				linked += string(letter)
				if rng.IntN(3) == 0 {
					tags += fmt.Sprintf(" %c=%c", letter, letter)
				}
			}
		}
		r := letterRepository(name, linked, tags)
		if len(r.Revisions) > 0 && rng.IntN(4) == 0 {
			revision := &r.Revisions[rng.IntN(len(r.Revisions))]
			if held := named(rune(manifests[rng.IntN(len(manifests))])); held != revision.Digest {
				revision.Holds = held
			}
		}
		fill(r, stored)
		if m := stored[rune(manifests[0])]; len(m.Layers) > 1 && rng.IntN(2) == 0 { // layers under other digests
			r.Aliases = map[digest.Digest]digest.Digest{m.Layers[0].Digest: m.Layers[1].Digest}
		}
		c.Repositories = append(c.Repositories, r)
	}
	declares := letterManifest('K', "abcdefghij")
	declares.References = nil
	c.Repositories = slices.Insert(c.Repositories, 0, letterRepository("declares", "K", "", declares))
	return c
}

// fill gives the repository the manifests that it reaches.
func fill(r *Repository, stored map[rune]*Manifest) {
	byDigest := map[digest.Digest]*Manifest{}
	for _, m := range stored {
		byDigest[m.Digest] = m
	}
	var roots []digest.Digest
	for _, tag := range r.Tags {
		roots = append(roots, tag.Digest)
	}
	for _, revision := range r.Revisions {
		roots = append(roots, revision.Digest)
	}
	all := &Repository{Revisions: r.Revisions, Manifests: byDigest}
	r.Manifests = map[digest.Digest]*Manifest{}
	for _, d := range all.Closure(roots...).Manifests {
		r.Manifests[d] = byDigest[d]
	}
}

// without is the catalog after an image was removed and the rest collected: its
// tags are gone, and the revisions that no other image of its repository needs.
func without(c *Catalog, w *Weights, gone ImageWeight) *Catalog {
	after := &Catalog{}
	for _, r := range c.Repositories {
		if r.Name != gone.Repository {
			after.Repositories = append(after.Repositories, r)
			continue
		}
		var kept []digest.Digest
		tagged := r.TagsByDigest()
		for _, image := range w.ImagesOf(r.Name) {
			if image.Digest != gone.Digest {
				kept = append(kept, image.Digest)
			}
		}
		kept = reach(kept, func(d digest.Digest) []digest.Digest {
			return append(r.Closure(d).Manifests, slices.DeleteFunc(r.Referrers(d), func(d digest.Digest) bool { return len(tagged[d]) > 0 })...)
		})
		rest := *r
		rest.Tags = slices.DeleteFunc(slices.Clone(r.Tags), func(t Tag) bool { return t.Digest == gone.Digest })
		rest.Revisions = slices.DeleteFunc(slices.Clone(r.Revisions), func(r Revision) bool { return !slices.Contains(kept, r.Digest) })
		rest.Manifests = maps.Clone(r.Manifests)
		maps.DeleteFunc(rest.Manifests, func(d digest.Digest, _ *Manifest) bool { return !slices.Contains(kept, d) })
		after.Repositories = append(after.Repositories, &rest)
	}
	return after
}

// TestWeighRandom holds random catalogs against the definition, and removes
// each image in turn: what that frees is what was said to be unique.
func TestWeighRandom(t *testing.T) {
	images, unique := 0, 0
	for seed := range uint64(400) {
		c := randomCatalog(rand.New(rand.NewPCG(seed, 7)))
		w := c.Weigh()
		expectModel(t, c, w)
		for _, image := range w.Images[1:] {
			freed := w.Size - without(c, w, image).Weigh().Size
			if freed != image.Unique {
				t.Errorf("without %s of %s, %s are freed, not %s", spellDigests([]digest.Digest{image.Digest}), image.Repository, spell(freed), spell(image.Unique))
			}
			images++
			if image.Unique > 0 && image.Unique < image.Size {
				unique++
			}
		}
		if d := cmp.Diff(w, c.Weigh()); d != "" {
			t.Errorf("weighed twice: %s", d)
		}
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
	if images < 1500 || unique < 400 {
		t.Errorf("the catalogs have %d images, %d of which share something", images, unique)
	}
}

// heavyCatalog has manifests of 15 blobs, of which each shares half with its
// neighbour.
func heavyCatalog(repositories, tags int) *Catalog {
	c := &Catalog{}
	for i := range repositories {
		r := &Repository{Name: fmt.Sprintf("team/app-%04d", i), Manifests: make(map[digest.Digest]*Manifest, tags)}
		for j := range tags {
			m := &Manifest{Digest: digest.FromString(fmt.Sprint("manifest", i, j)), State: Understood, Size: 2000, Config: &Descriptor{Digest: digest.FromString(fmt.Sprint("config", i, j)), Size: 5000}}
			m.References = append(m.References, mark.Reference{Digest: m.Config.Digest})
			for k := range 14 {
				d := Descriptor{Digest: digest.FromString(fmt.Sprint("layer", i, j/2*2+k/7*(j%2+1), k)), Size: 1 << 20}
				m.Layers = append(m.Layers, d)
				m.References = append(m.References, mark.Reference{Digest: d.Digest})
			}
			r.Manifests[m.Digest] = m
			r.Revisions = append(r.Revisions, Revision{Digest: m.Digest})
			r.Tags = append(r.Tags, Tag{Name: fmt.Sprintf("v%06d", j), Digest: m.Digest})
		}
		slices.SortFunc(r.Revisions, func(a, b Revision) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
		c.Repositories = append(c.Repositories, r)
	}
	return c
}

func BenchmarkWeigh(b *testing.B) {
	for name, size := range map[string][2]int{"450 repositories of 100": {450, 100}, "one of 20000": {1, 20000}} {
		b.Run(name, func(b *testing.B) {
			c := heavyCatalog(size[0], size[1])
			b.ReportAllocs()
			for b.Loop() {
				if w := c.Weigh(); len(w.Images) != size[0]*size[1] {
					b.Fatal(len(w.Images))
				}
			}
		})
	}
}
