package retention

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/blobsweep/blobsweep/internal/when"
)

// judge says of the i-th of some tags whether a clause keeps it, and why, or why
// not.
type judge func(i int) (keep bool, why string)

// newJudge readies a clause for some tags.
func (d *decider) newJudge(c *Clause, tags []candidate) judge {
	switch {
	case c.Newest > 0:
		return d.newest(c, tags)
	case c.YoungerThan > 0:
		return d.younger(c, tags)
	case c.Semver != nil:
		return c.semver(tags)
	}
	return func(i int) (bool, string) {
		if by := matches(c.Tags, tags[i].tag.Name); by != nil {
			return true, fmt.Sprintf("keep tags %q", by.text)
		}
		return false, "matches none of " + list(c.Tags)
	}
}

// about reports whether a clause looks at a tag.
func (c *Clause) about(tag string) bool { return len(c.Of) == 0 || matches(c.Of, tag) != nil }

// of says which tags a clause looks at.
func (c *Clause) of() string {
	if len(c.Of) == 0 {
		return ""
	}
	return " of " + list(c.Of)
}

func (d *decider) newest(c *Clause, tags []candidate) judge {
	var order []int // newest first
	for i, t := range tags {
		if !t.at.IsZero() && c.about(t.tag.Name) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(tags[b].at.Compare(tags[a].at), cmp.Compare(tags[b].tag.Name, tags[a].tag.Name))
	})
	rank := make([]int, len(tags)) // from 1; zero is no place
	for place, i := range order {
		rank[i] = place + 1
	}
	keeps := fmt.Sprintf("keep newest %d%s", c.Newest, c.of())
	others := fmt.Sprintf("not among the newest %d%s", c.Newest, c.of())
	if len(order) >= c.Newest {
		last := tags[order[c.Newest-1]]
		others += fmt.Sprintf(" (the %s was %s %s)", ordinal(c.Newest), last.verb, d.date(last.at))
	}
	return func(i int) (bool, string) {
		switch t := tags[i]; {
		case t.at.IsZero() && c.about(t.tag.Name):
			return true, keeps + ": it may be one of them, " + d.recently(t.tag.Pushed)
		case rank[i] == 0:
			return false, "not one" + c.of()
		case rank[i] <= c.Newest:
			return true, fmt.Sprintf("%s: this is the %s, %s %s", keeps, nth(rank[i]), t.verb, d.date(t.at))
		}
		return false, others
	}
}

// nth is the place of what is sorted newest first.
func nth(rank int) string {
	if rank == 1 {
		return "newest"
	}
	return ordinal(rank) + " newest"
}

func (d *decider) younger(c *Clause, tags []candidate) judge {
	limit := d.opts.Now.Add(-c.YoungerThan)
	keeps := "keep younger than " + when.Span(c.YoungerThan) + c.of()
	return func(i int) (bool, string) {
		switch t := tags[i]; {
		case !c.about(t.tag.Name):
			return false, "not one" + c.of()
		case t.at.IsZero():
			return true, keeps + ": " + d.recently(t.tag.Pushed)
		case t.at.After(limit):
			return true, fmt.Sprintf("%s: %s %s", keeps, t.verb, d.date(t.at))
		default:
			return false, fmt.Sprintf("%s %s, not within %s", t.verb, d.date(t.at), when.Span(c.YoungerThan))
		}
	}
}
