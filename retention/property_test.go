package retention

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/release"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// chance makes repositories and policies of everything that policies look at.
type chance struct{ *rand.Rand }

func (c chance) age() time.Duration {
	return []time.Duration{time.Minute, time.Hour, 2 * day, 5 * day, 30 * day, 31 * day, 90 * day, -day}[c.IntN(8)]
}

func (c chance) repository() *builder {
	b := repository("team/app")
	var words []string
	manifest := func(make func(word string)) string {
		word := fmt.Sprint("m", len(words))
		make(word)
		words = append(words, word)
		return word
	}
	any := func() string {
		if len(words) == 0 || c.IntN(20) == 0 {
			return "elsewhere"
		}
		return words[c.IntN(len(words))]
	}
	for range 3 + c.IntN(20) {
		manifest(func(word string) {
			switch c.IntN(5) {
			case 0:
				b.manifest(word, c.age(), any(), any())
			case 1:
				b.referrer(word, c.age(), any())
			default:
				m := b.manifest(word, c.age())
				if c.IntN(3) == 0 {
					m.Image = &catalog.Image{Created: now.Add(-c.age())}
				}
				if c.IntN(30) == 0 {
					m.State = catalog.State(1 + c.IntN(6))
				}
			}
		})
	}
	names := []string{"latest", "v1.0.0", "v1.0.1", "v1.1.0", "v2.0.0-rc1", "v2.0.0", "v2", "2.0", "pr-1", "pr-2", "main", "stable", "1234"}
	c.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:c.IntN(len(names))] {
		tag := b.tag(name, c.age(), any())
		switch c.IntN(30) {
		case 0:
			tag.Digest, tag.Broken = "", true
		case 1:
			tag.Pushed = time.Time{}
		case 4:
			tag.Digest, tag.Pushed = "", time.Time{}
		case 2, 3:
			tag.History = append(tag.History, named(any()))
		}
	}
	for _, suffix := range []string{".sig", ".att", "", ".vex"} {
		if of := any(); c.IntN(3) == 0 && indexOf(b, signed(of, suffix)) < 0 {
			b.tag(signed(of, suffix), c.age(), any())
		}
	}
	b.Unreadable = slices.ContainsFunc(b.Revisions, func(r catalog.Revision) bool {
		s := b.Manifests[r.Digest].State
		return s == catalog.Corrupt || s == catalog.Oversized || s == catalog.Irregular
	}) || slices.ContainsFunc(b.Tags, func(t catalog.Tag) bool { return t.Broken && c.IntN(2) == 0 })
	return b
}

func (c chance) patterns() []Pattern {
	texts := []string{"*", "v*", "v1*", "pr-*", "latest", "regexp:v\\d.*", "*.sig", "[a-m]*", "stable", "1*", "2.*"}
	var patterns []Pattern
	for range 1 + c.IntN(2) {
		p, err := ParseTagPattern(texts[c.IntN(len(texts))])
		if err != nil {
			panic(err)
		}
		patterns = append(patterns, p)
	}
	return patterns
}

func (c chance) clause() (clause Clause) {
	switch c.IntN(4) {
	case 0:
		clause.Newest = 1 + c.IntN(4)
	case 1:
		clause.YoungerThan = time.Duration(1+c.IntN(40)) * day
	case 2:
		clause.Tags = c.patterns()
		return clause
	case 3:
		clause.Semver = &Semver{c.IntN(3), c.IntN(3), c.IntN(3), []Prereleases{"", PrereleasesAhead, PrereleasesNone}[c.IntN(3)]}
	}
	if c.IntN(3) == 0 {
		clause.Of = c.patterns()
	}
	return clause
}

func (c chance) policy() *Policy {
	all, err := ParsePattern("**")
	if err != nil {
		panic(err)
	}
	r := Rule{Name: "all", Repositories: []Pattern{all}, DanglingReferrers: c.IntN(2) == 0}
	for range c.IntN(4) {
		r.Keep = append(r.Keep, c.clause())
	}
	if c.IntN(4) == 0 {
		r.Tags = c.patterns()
	}
	if c.IntN(4) == 0 {
		r.Protect = c.patterns()
	}
	if c.IntN(3) == 0 {
		r.Age = Created
	}
	if c.IntN(2) == 0 {
		r.Untagged = &Untagged{time.Duration(c.IntN(40)) * day}
	}
	p := &Policy{Rules: []Rule{r}}
	if c.IntN(6) == 0 {
		p.Protect = c.patterns()
	}
	return p
}

// TestProperties holds, on repositories and policies by chance, what must be
// true of all.
func TestProperties(t *testing.T) {
	removed := 0
	for seed := range uint64(1500) {
		c := chance{rand.New(rand.NewPCG(seed, 7))}
		b, p := c.repository(), c.policy()
		if err := p.Check(); err != nil {
			t.Fatal(seed, err)
		}
		opts := Options{Now: now, Offline: c.IntN(3) == 0}
		decisions := p.Decide(&b.Repository, opts)
		removed += everyTagOnce(t, seed, b, decisions)
		protectWins(t, seed, p, decisions)
		newestStay(t, seed, p, b, decisions)
		orderIsNothing(t, seed, c, p, b, opts, decisions)
		releaseAgrees(t, seed, b, opts, decisions)
		moreKeepsMore(t, seed, c, p, b, opts, decisions)
		if t.Failed() {
			t.Logf("seed %d: %+v\n%+v", seed, p.Rules[0], b.Repository)
			return
		}
	}
	if removed < 1000 {
		t.Errorf("only %d removals were looked at", removed)
	}
}

func everyTagOnce(t *testing.T, seed uint64, b *builder, decisions []Decision) (removed int) {
	for i, tag := range b.Tags {
		if decisions[i].Tag != tag.Name || decisions[i].Reason == "" {
			t.Errorf("seed %d: decision %+v for tag %s", seed, decisions[i], tag.Name)
		}
	}
	seen := map[digest.Digest]bool{}
	for _, d := range decisions {
		if !d.Keep {
			removed++
		}
		if d.Kind == Manifest && seen[d.Digest] {
			t.Errorf("seed %d: two decisions on %s", seed, d.Digest)
		}
		seen[d.Digest] = seen[d.Digest] || d.Kind == Manifest
	}
	return removed
}

func protectWins(t *testing.T, seed uint64, p *Policy, decisions []Decision) {
	for _, d := range decisions {
		protected := matches(p.Protect, d.Tag) != nil || matches(p.Rules[0].Protect, d.Tag) != nil
		if d.Kind != Manifest && protected && !d.Keep {
			t.Errorf("seed %d: protected %+v", seed, d)
		}
	}
}

// newestStay: a clause without patterns of its own keeps as many as it says, of
// those that the rule is about.
func newestStay(t *testing.T, seed uint64, p *Policy, b *builder, decisions []Decision) {
	r := p.Rules[0]
	for _, c := range r.Keep {
		if c.Newest == 0 {
			continue
		}
		kept, all := 0, 0
		for _, d := range decisions {
			if d.Kind == Tag && d.Digest != "" && c.about(d.Tag) && (len(r.Tags) == 0 || matches(r.Tags, d.Tag) != nil) {
				all++
				if d.Keep {
					kept++
				}
			}
		}
		if kept < min(c.Newest, all) {
			t.Errorf("seed %d: newest %d keeps %d of %d", seed, c.Newest, kept, all)
		}
	}
}

func orderIsNothing(t *testing.T, seed uint64, c chance, p *Policy, b *builder, opts Options, decisions []Decision) {
	other := b.Repository
	other.Tags, other.Revisions = slices.Clone(b.Tags), slices.Clone(b.Revisions)
	c.Shuffle(len(other.Tags), func(i, j int) { other.Tags[i], other.Tags[j] = other.Tags[j], other.Tags[i] })
	c.Shuffle(len(other.Revisions), func(i, j int) { other.Revisions[i], other.Revisions[j] = other.Revisions[j], other.Revisions[i] })
	again := p.Decide(&other, opts)
	if diff := cmp.Diff(decisions, again); diff != "" {
		t.Errorf("seed %d: in another order:\n%s", seed, diff)
	}
}

// releaseAgrees: what goes is what release lets go, and nothing that stays.
func releaseAgrees(t *testing.T, seed uint64, b *builder, opts Options, decisions []Decision) {
	c := &catalog.Catalog{Repositories: []*catalog.Repository{&b.Repository}, Unreadable: b.Unreadable}
	plan, err := release.New(c, Targets(decisions), release.Options{Now: opts.Now, Offline: opts.Offline})
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
		return
	}
	going := map[string]bool{}
	for step := range plan.Steps() {
		switch step.Kind {
		case release.Tag:
			going[step.Tag] = true
		case release.Manifest:
			going[string(step.Digest)] = true
		}
	}
	for _, d := range decisions {
		name := d.Tag
		if d.Kind == Manifest {
			name = string(d.Digest)
		}
		if going[name] == d.Keep {
			t.Errorf("seed %d: release disagrees on %s: %+v", seed, name, d)
		}
	}
	subjectsOutlive(t, seed, decisions, going, b)
}

// subjectsOutlive: nothing that belongs to a subject goes while that stays.
func subjectsOutlive(t *testing.T, seed uint64, decisions []Decision, going map[string]bool, b *builder) {
	linked := map[digest.Digest]bool{}
	for _, r := range b.Revisions {
		linked[r.Digest] = true
	}
	for _, d := range decisions {
		subject, _ := subjectOf(d.Tag)
		if d.Kind == ReferrerTag && !d.Keep && linked[subject] && !going[string(subject)] {
			t.Errorf("seed %d: %s goes, and its subject stays", seed, d.Tag)
		}
	}
}

// moreKeepsMore: one more clause removes nothing that would have stayed. The
// first clause of a rule is no such: without any, all tags stay.
func moreKeepsMore(t *testing.T, seed uint64, c chance, p *Policy, b *builder, opts Options, before []Decision) {
	if len(p.Rules[0].Keep) == 0 {
		return
	}
	more := *p
	more.Rules = slices.Clone(p.Rules)
	more.Rules[0].Keep = append(slices.Clone(p.Rules[0].Keep), c.clause())
	kept := map[string]bool{}
	for _, d := range before {
		kept[d.Tag+string(d.Digest)] = d.Keep
	}
	for _, d := range more.Decide(&b.Repository, opts) {
		if was, known := kept[d.Tag+string(d.Digest)]; !d.Keep && (known && was) {
			t.Errorf("seed %d: with one more clause it goes: %+v", seed, d)
		}
	}
}
