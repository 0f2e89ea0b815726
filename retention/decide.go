package retention

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// decider decides for one repository.
type decider struct {
	*catalog.Repository
	opts   Options
	policy *Policy
	rule   *Rule
	number int
	label  string

	// doubt says why nothing can be said to be gone; empty when it can.
	doubt     string
	decisions []Decision
	// following are the tags that stay only if their subject does.
	following []follower
}

// sort puts tags and revisions in order, without touching the catalog.
func (d *decider) sort() {
	byName := func(a, b catalog.Tag) int { return strings.Compare(a.Name, b.Name) }
	byDigest := func(a, b catalog.Revision) int { return strings.Compare(string(a.Digest), string(b.Digest)) }
	if slices.IsSortedFunc(d.Tags, byName) && slices.IsSortedFunc(d.Revisions, byDigest) {
		return
	}
	sorted := *d.Repository
	sorted.Tags, sorted.Revisions = slices.Clone(d.Tags), slices.Clone(d.Revisions)
	slices.SortFunc(sorted.Tags, byName)
	slices.SortFunc(sorted.Revisions, byDigest)
	d.Repository = &sorted
}

// tags decides on all tags but on those whose subject decides.
func (d *decider) tags() {
	if d.rule.DanglingReferrers {
		d.doubt = d.whyDoubt()
	}
	d.decisions = make([]Decision, len(d.Tags), len(d.Tags)+len(d.Revisions)/8)
	var judged []candidate
	for i := range d.Tags {
		tag, to := &d.Tags[i], &d.decisions[i]
		*to = d.decision(Tag, tag.Name, tag.Digest)
		subject, belongs := subjectOf(tag.Name)
		if belongs {
			to.Kind = ReferrerTag
		}
		if d.leftover(tag, belongs) {
			to.Reason = "it names nothing, as an interrupted removal leaves it"
			continue
		}
		if why := d.outright(tag); why != "" {
			to.Keep, to.Reason = true, why
			if !belongs && tag.Digest != "" && d.among(tag.Name) && len(d.rule.Keep) > 0 {
				judged = append(judged, d.candidate(tag, nil)) // it counts all the same
			}
			continue
		}
		if belongs {
			d.follow(i, subject)
			continue
		}
		judged = append(judged, d.candidate(tag, to))
	}
	d.judge(judged)
}

func (d *decider) decision(kind Kind, tag string, digest digest.Digest) Decision {
	return Decision{Kind: kind, Repository: d.Name, Tag: tag, Digest: digest, Number: d.number, Rule: d.label}
}

// leftover reports whether a tag has no link at all, and is what the rule is about.
// When that was is not known, but a push that is under way writes the link at
// once, and release looks again.
func (d *decider) leftover(tag *catalog.Tag, belongs bool) bool {
	switch {
	case tag.Digest != "" || tag.Broken || d.number == 0 || d.Odd || !layout.ValidTag(tag.Name):
		return false
	case matches(d.policy.Protect, tag.Name) != nil || matches(d.rule.Protect, tag.Name) != nil:
		return false
	case belongs:
		return d.rule.DanglingReferrers
	}
	return len(d.rule.Keep) > 0 && d.among(tag.Name)
}

// outright says why a tag stays without a look at clauses or at its subject;
// empty when it need not.
func (d *decider) outright(tag *catalog.Tag) string {
	switch {
	case d.number == 0:
		return "no rule is about this repository"
	case d.Odd:
		return "no registry gives such a name to a repository, so nothing in it is removed"
	case !layout.ValidTag(tag.Name):
		return "no registry gives such a name to a tag"
	case tag.Broken:
		return "its link is broken, so what it names is not known: push the tag again"
	case tag.Digest == "":
		return "it names nothing: push the tag again, or delete it through the registry's API"
	}
	if by := matches(d.policy.Protect, tag.Name); by != nil {
		return fmt.Sprintf("the policy protects %q", by.text)
	}
	if by := matches(d.rule.Protect, tag.Name); by != nil {
		return fmt.Sprintf("the rule protects %q", by.text)
	}
	if _, belongs := subjectOf(tag.Name); belongs {
		return ""
	}
	switch {
	case len(d.rule.Keep) == 0:
		return "the rule says nothing of tags"
	case !d.among(tag.Name):
		return "the rule is about other tags: " + list(d.rule.Tags)
	case tag.Pushed.IsZero():
		return "when it was pushed is not known"
	}
	return ""
}

// among reports whether the rule is about a tag.
func (d *decider) among(tag string) bool {
	return len(d.rule.Tags) == 0 || matches(d.rule.Tags, tag) != nil
}

// judge asks the clauses about tags.
func (d *decider) judge(tags []candidate) {
	if len(tags) == 0 {
		return
	}
	judges := make([]judge, len(d.rule.Keep))
	for i := range d.rule.Keep {
		judges[i] = d.newJudge(&d.rule.Keep[i], tags)
	}
	for i := range tags {
		if tags[i].decision != nil {
			d.settle(&tags[i], i, judges)
		}
	}
}

// settle keeps a tag that a clause keeps, or that is recent.
func (d *decider) settle(t *candidate, i int, judges []judge) {
	against, note := make([]string, 0, len(judges)), ""
	for n, ask := range judges {
		keep, why := ask(i)
		byAge := d.rule.Keep[n].Newest > 0 || d.rule.Keep[n].YoungerThan > 0
		if byAge {
			note = t.note
		}
		if keep {
			t.decision.Keep, t.decision.Reason = true, why
			if byAge {
				t.decision.Reason += t.note
			}
			return
		}
		if !slices.Contains(against, why) {
			against = append(against, why)
		}
	}
	t.decision.Reason = strings.Join(against, ", ") + note
	if d.opts.recent(t.tag.Pushed) {
		t.decision.Keep = true
		t.decision.Reason = d.recently(t.tag.Pushed) + "; otherwise it would go: " + t.decision.Reason
	}
}
