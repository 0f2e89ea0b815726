package retention

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// version is a tag that reads as a semantic version.
type version struct {
	*semver.Version
	// numbers is how many of major, minor and patch the tag has.
	numbers int
	// bare is a tag of one number without a v, which may as well be the number of
	// a build: it belongs to a major, and makes none.
	bare bool
}

// parseVersion reads a tag; ok is false when it is no version. Numbers have no
// leading zeros, as the specification wants it.
func parseVersion(tag string) (v version, ok bool) {
	text, hasV := strings.CutPrefix(tag, "v")
	if text == "" || text[0] < '0' || text[0] > '9' || strings.Contains(text, "+") {
		return version{}, false
	}
	core, prerelease, _ := strings.Cut(text, "-")
	v.numbers = 1 + strings.Count(core, ".")
	v.bare = v.numbers == 1 && !hasV
	if v.numbers > 3 || prerelease == "" && len(core) < len(text) {
		return version{}, false
	}
	var err error
	v.Version, err = semver.StrictNewVersion(core + strings.Repeat(".0", 3-v.numbers) + text[len(core):])
	return v, err == nil
}

// core is a version without its prerelease.
type core [3]uint64

func (v version) core() core { return core{v.Major(), v.Minor(), v.Patch()} }

func (c core) compare(other core) int { return slices.Compare(c[:], other[:]) }

// group is the first n numbers of a core, and how many those are.
type group struct {
	core
	n int
}

func groupOf(c core, n int) group {
	for i := n; i < len(c); i++ {
		c[i] = 0
	}
	return group{c, n}
}

func (g group) String() string {
	numbers := make([]string, g.n)
	for i := range numbers {
		numbers[i] = fmt.Sprint(g.core[i])
	}
	return strings.Join(numbers, ".")
}

// tree has the places of all releases: each major among the majors, each minor
// among those of its major, each patch among those of its minor, newest first.
type tree struct {
	place  map[group]int // from 1
	newest core
	some   bool // there are releases
}

// newTree orders the releases among some versions.
func newTree(releases []version) tree {
	t := tree{place: map[group]int{}, some: len(releases) > 0}
	children := map[group][]group{}
	seen := map[group]bool{}
	for _, v := range releases {
		if c := v.core(); c.compare(t.newest) > 0 {
			t.newest = c
		}
		for n := 1; n <= v.numbers; n++ {
			g := groupOf(v.core(), n)
			if !seen[g] {
				seen[g] = true
				parent := groupOf(g.core, n-1)
				children[parent] = append(children[parent], g)
			}
		}
	}
	for _, groups := range children {
		slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(b.core[b.n-1], a.core[a.n-1]) })
		for i, g := range groups {
			t.place[g] = i + 1
		}
	}
	return t
}

// keeps reports whether the first n numbers of a release stay, and if not, for
// which of them.
func (t tree) keeps(s *Semver, c core, n int) (lost group, ok bool) {
	for i, most := range []int{s.Majors, s.Minors, s.Patches}[:n] {
		g := groupOf(c, i+1)
		if place := t.place[g]; place == 0 || most > 0 && place > most {
			return g, false
		}
	}
	return group{}, true
}

var levels = []string{"", "major", "minor", "patch"}

// semver readies the clause: it keeps the newest releases.
func (c *Clause) semver(tags []candidate) judge {
	versions := make([]version, len(tags))
	isVersion := make([]bool, len(tags))
	var releases []version
	for i, t := range tags {
		if !c.about(t.tag.Name) {
			continue
		}
		versions[i], isVersion[i] = parseVersion(t.tag.Name)
		if isVersion[i] && !versions[i].bare && versions[i].Prerelease() == "" {
			releases = append(releases, versions[i])
		}
	}
	places := newTree(releases)
	return func(i int) (bool, string) {
		v := versions[i]
		switch {
		case !c.about(tags[i].tag.Name):
			return false, "not one" + c.of()
		case !isVersion[i], v.bare && places.place[groupOf(v.core(), 1)] == 0:
			return false, "no semantic version"
		case v.Prerelease() != "":
			return c.Semver.prerelease(places, v)
		}
		return c.Semver.release(places, v)
	}
}

func (s *Semver) release(t tree, v version) (bool, string) {
	lost, ok := t.keeps(s, v.core(), v.numbers)
	if !ok {
		return false, s.tooMany(lost)
	}
	var words []string
	for n := v.numbers; n > 0; n-- {
		words = append(words, nth(t.place[groupOf(v.core(), n)])+" "+levels[n])
	}
	return true, "keep semver: " + groupOf(v.core(), v.numbers).String() + " is of the " + strings.Join(words, " of the ")
}

// tooMany says why a release goes.
func (s *Semver) tooMany(lost group) string {
	switch lost.n {
	case 1:
		return fmt.Sprintf("major %s is not among the newest %d", lost, s.Majors)
	case 2:
		return fmt.Sprintf("minor %s is not among the newest %d of major %s", lost, s.Minors, groupOf(lost.core, 1))
	}
	return fmt.Sprintf("patch %s is not among the newest %d of %s", lost, s.Patches, groupOf(lost.core, 2))
}

func (s *Semver) prerelease(t tree, v version) (bool, string) {
	if s.Prereleases == PrereleasesNone {
		return false, "a prerelease, and semver keeps none"
	}
	if !t.some || v.core().compare(t.newest) > 0 {
		return true, "keep semver: a prerelease ahead of all releases"
	}
	if s.Prereleases == PrereleasesAhead {
		return false, "a prerelease that is not ahead of all releases"
	}
	of := groupOf(v.core(), v.numbers)
	if t.place[of] == 0 {
		return false, fmt.Sprintf("a prerelease of %s, which there is not, while there are later releases", of)
	}
	if lost, ok := t.keeps(s, v.core(), v.numbers); !ok {
		return false, "a prerelease, and " + s.tooMany(lost)
	}
	return true, fmt.Sprintf("keep semver: a prerelease of %s, which stays", of)
}
