package retention

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Policy says what stays in a registry. It does not change when it is used, and
// may be used concurrently.
type Policy struct {
	// Protect are the tags that stay in every repository, whatever a rule says.
	Protect []Pattern
	// Rules are asked in order; the first that matches a repository decides.
	Rules []Rule
}

// Rule says what stays in the repositories that it matches.
type Rule struct {
	Name string
	// Repositories are the patterns of which one has to match.
	Repositories []Pattern
	// Tags are the tags that the rule is about; none means all of them. Other
	// tags stay.
	Tags []Pattern
	// Keep are the clauses of which one is enough to keep a tag. Without any,
	// all tags stay.
	Keep []Clause
	// Protect are tags that stay in any case, those of cosign included.
	Protect []Pattern
	// Age says what the clauses take for the age of a tag.
	Age Age
	// Untagged, when set, removes untagged manifests.
	Untagged *Untagged
	// DanglingReferrers removes untagged referrers, cosign's tags and the tags
	// of referrers whose subject is gone.
	DanglingReferrers bool
}

// Clause keeps tags. Exactly one of Newest, YoungerThan, Tags and Semver is set.
type Clause struct {
	// Newest keeps so many of the newest tags. Of two that are of the same time,
	// the one whose name comes later counts as newer.
	Newest int
	// YoungerThan keeps tags up to an age.
	YoungerThan time.Duration
	// Tags keeps those that match one of the patterns.
	Tags []Pattern
	// Semver keeps semantic versions.
	Semver *Semver
	// Of are the tags that Newest, YoungerThan and Semver look at; none means all
	// of the rule. Others are not kept by the clause, and not counted.
	Of []Pattern
}

// Semver keeps the newest of the tags that are semantic versions, with a v before
// them or without. Zero means all. A tag of one or two numbers, 1 or 1.2, stays
// as long as its major or minor does. What only looks like a version, such as
// 1.02.3, or a number on its own for which there is no release, is none.
type Semver struct {
	// Majors is of how many majors releases stay; Minors of how many minors of
	// each of those; Patches how many patches of each of those.
	Majors, Minors, Patches int
	// Prereleases says which of them stay. They never count, so that they push
	// out no release.
	Prereleases Prereleases
}

// Prereleases are versions such as 1.2.3-rc1; 1.2.3-alpine reads as one, too.
type Prereleases string

// Which prereleases stay.
const (
	// PrereleasesWithRelease, the default: those of releases that stay, and those
	// ahead of all releases.
	PrereleasesWithRelease Prereleases = "with-release"
	// PrereleasesAhead: those ahead of all releases.
	PrereleasesAhead Prereleases = "ahead"
	// PrereleasesNone of them.
	PrereleasesNone Prereleases = "none"
)

// Untagged removes manifests that no tag, index or referrer rule keeps.
type Untagged struct {
	// OlderThan is the age of their link in the repository; zero means any.
	OlderThan time.Duration
}

// Age is what is taken for the age of a tag.
type Age string

// The ages.
const (
	// Pushed, the default: when the tag was last pushed or moved.
	Pushed Age = "pushed"
	// Created is what the image's configuration says, and for an index the newest
	// of its images. Where that is not told, or cannot be (before 1980-01-02, as
	// reproducible builds write, or in the future), the tag's push counts.
	Created Age = "created"
)

// limits of what a policy holds.
const (
	maxRules    = 1000
	maxPatterns = 1000
	maxCount    = 1_000_000
	maxName     = 100
)

// Check reports what is wrong with a policy that was made by a program. Those of
// [Parse] are sound.
func (p *Policy) Check() error {
	if len(p.Rules) == 0 {
		return errors.New("a policy without rules decides nothing")
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		if err := r.check(); err != nil {
			return fmt.Errorf("%s: %w", p.label(i), err)
		}
	}
	return nil
}

func (r *Rule) check() error {
	if len(r.Repositories) == 0 {
		return errors.New("no repositories")
	}
	if !slices.Contains([]Age{"", Pushed, Created}, r.Age) {
		return fmt.Errorf("no age %q; there are %s and %s", r.Age, Pushed, Created)
	}
	if r.Untagged != nil && r.Untagged.OlderThan < 0 {
		return fmt.Errorf("untagged: a negative age (%v)", r.Untagged.OlderThan)
	}
	for i, c := range r.Keep {
		if err := c.check(); err != nil {
			return fmt.Errorf("keep clause %d: %w", i+1, err)
		}
	}
	return nil
}

func (c Clause) check() error {
	set := 0
	for _, one := range []bool{c.Newest != 0, c.YoungerThan != 0, len(c.Tags) > 0, c.Semver != nil} {
		if one {
			set++
		}
	}
	switch {
	case set != 1:
		return errors.New("exactly one of newest, younger-than, tags and semver is needed")
	case c.Newest < 0 || c.Newest > maxCount:
		return fmt.Errorf("newest: %d is not between 1 and %d", c.Newest, maxCount)
	case c.YoungerThan < 0:
		return fmt.Errorf("younger-than: a negative age (%v)", c.YoungerThan)
	case len(c.Tags) > 0 && len(c.Of) > 0:
		return errors.New("of says nothing beside tags: put all patterns into tags")
	case c.Semver != nil:
		return c.Semver.check()
	}
	return nil
}

func (s *Semver) check() error {
	for _, n := range []int{s.Majors, s.Minors, s.Patches} {
		if n < 0 || n > maxCount {
			return fmt.Errorf("semver: %d is not between 1 and %d", n, maxCount)
		}
	}
	if !slices.Contains([]Prereleases{"", PrereleasesWithRelease, PrereleasesAhead, PrereleasesNone}, s.Prereleases) {
		return fmt.Errorf("semver: no prereleases %q; there are %s, %s and %s",
			s.Prereleases, PrereleasesWithRelease, PrereleasesAhead, PrereleasesNone)
	}
	return nil
}

// For returns the number of the rule that decides for a repository, from 1; zero
// when there is none.
func (p *Policy) For(repository string) int {
	for i := range p.Rules {
		if matches(p.Rules[i].Repositories, repository) != nil {
			return i + 1
		}
	}
	return 0
}

// Matches reports whether a rule decides for a repository: it is a
// catalog.Options.Match.
func (p *Policy) Matches(repository string) bool { return p.For(repository) > 0 }

// NeedsImages reports whether a rule asks for when images were created, so that
// their configurations have to be read.
func (p *Policy) NeedsImages() bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool {
		return r.Age == Created && slices.ContainsFunc(r.Keep, func(c Clause) bool { return c.Newest > 0 || c.YoungerThan > 0 })
	})
}

// label names the rule of an index for people.
func (p *Policy) label(i int) string { return label(i+1, p.Rules[i].Name) }

func label(number int, name string) string {
	if name == "" {
		return fmt.Sprintf("rule %d", number)
	}
	return fmt.Sprintf("rule %d %q", number, name)
}
