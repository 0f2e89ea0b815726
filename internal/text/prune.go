package text

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/retention"
)

// PruneDetails is what the text of a retention run says beyond its decisions.
type PruneDetails struct {
	Registry string
	// Policy is the name of its file; empty when it was made of flags.
	Policy string
	// Grace is the grace period; zero when the registry is offline.
	Grace time.Duration
	// Rules have a row each in the summary.
	Rules []PruneRule
	// Plan is what the decisions lead to.
	Plan *release.Plan
	// Findings are told when they block the plan.
	Findings []mark.Finding
	// Emptied are the repositories that would lose every tag.
	Emptied []string
}

// PruneRule counts what a rule decides.
type PruneRule struct {
	Label        string
	Repositories int
	// TagsGo and TagsStay count tags. Manifests counts those that go, with the tags
	// or by themselves.
	TagsGo, TagsStay, Manifests int
}

// Decisions explains each decision of a dry run, grouped by repository: what goes
// and what stays, and what else goes and stays with it.
func Decisions(w io.Writer, decisions []retention.Decision, d PruneDetails) error {
	var b strings.Builder
	mode := "by " + clean(d.Policy)
	if d.Policy == "" {
		mode = "by flags"
	}
	if d.Grace > 0 {
		mode += ", grace period " + Span(d.Grace)
	} else {
		mode += ", offline"
	}
	b.WriteString(clean(d.Registry) + ": dry run, " + mode + "\n")
	with := followers(decisions, d.Plan)
	for len(decisions) > 0 {
		n := 1
		for n < len(decisions) && decisions[n].Repository == decisions[0].Repository {
			n++
		}
		decided(&b, decisions[:n], with[decisions[0].Repository])
		decisions = decisions[n:]
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
		b.Reset()
	}
	if len(d.Plan.BlockedBy()) > 0 {
		findings(&b, d.Findings, 0)
		blockers(&b, d.Plan.BlockedBy())
	}
	if len(d.Emptied) > 0 {
		b.WriteString("\nEmptied\n")
		for _, name := range d.Emptied {
			b.WriteString("  " + clean(name) + "\n")
		}
		wrap(&b, 2, 2, "No tag that can be pulled would stay there. If that is meant, say --allow-empty.")
	}
	rules(&b, d.Rules, "goes", "go")
	b.WriteString("\nDry run: nothing was deleted.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Pruned tells, after what was removed, how much that is by each rule.
func Pruned(w io.Writer, d PruneDetails) error {
	var b strings.Builder
	if blocked := d.Plan.BlockedBy(); len(blocked) > 0 {
		b.WriteString("Blocked: nothing was deleted.\n")
		findings(&b, d.Findings, 0)
		blockers(&b, blocked)
	} else {
		rules(&b, d.Rules, "went", "went")
	}
	s := b.String()
	if !told(d.Plan) {
		s = strings.TrimPrefix(s, "\n")
	}
	_, err := io.WriteString(w, s)
	return err
}

// told reports whether there was something to tell of a plan.
func told(plan *release.Plan) bool {
	for range plan.Done() {
		return true
	}
	for range plan.Kept() {
		return true
	}
	return len(plan.Failed()) > 0
}

// decided writes the decisions on one repository.
func decided(b *strings.Builder, decisions []retention.Decision, with []string) {
	b.WriteString("\n" + clean(decisions[0].Repository))
	if decisions[0].Rule != "" {
		b.WriteString(", by " + clean(decisions[0].Rule))
	}
	b.WriteString("\n")
	for _, group := range []struct {
		keep bool
		name string
	}{{false, "goes"}, {true, "stays"}} {
		begun := false
		column := nameColumn(decisions, group.keep)
		for _, d := range decisions {
			if d.Keep != group.keep {
				continue
			}
			if !begun {
				b.WriteString("  " + group.name + "\n")
				begun = true
			}
			decision(b, d, column)
		}
	}
	for _, line := range with {
		wrap(b, 2, 4, line)
	}
}

// maxColumn is the longest name beside which a reason is written.
const maxColumn = 30

func nameColumn(decisions []retention.Decision, keep bool) (column int) {
	for _, d := range decisions {
		if n := len(clean(d.Tag)); d.Keep == keep && n <= maxColumn {
			column = max(column, n)
		}
	}
	return column
}

func decision(b *strings.Builder, d retention.Decision, column int) {
	name := clean(d.Tag)
	if d.Kind == retention.Manifest {
		name = clean(string(d.Digest))
	}
	reason := clean(d.Reason)
	if len(name) > maxColumn {
		b.WriteString("    " + name + "\n")
		wrap(b, 6, 6, reason)
		return
	}
	wrapAfter(b, "    "+name+strings.Repeat(" ", column-len(name))+"  ", 4+column+2, reason)
}

// followers says by repository what goes with what was decided on, and which
// manifests of tags that go stay.
func followers(decisions []retention.Decision, plan *release.Plan) map[string][]string {
	type named struct{ repository, digest string }
	on := map[named]bool{}
	for _, d := range decisions {
		if d.Kind == retention.Manifest {
			on[named{d.Repository, string(d.Digest)}] = true
		}
	}
	counts := map[string]int{}
	lines := map[string][]string{}
	for s := range plan.Steps() {
		if s.Kind == release.Manifest && !on[named{s.Repository, string(s.Digest)}] {
			counts[s.Repository]++
		}
	}
	for repository, n := range counts {
		lines[repository] = append(lines[repository], "with the tags that go, "+Numbered(n, "manifest")+" that nothing else needs")
	}
	for k := range plan.Kept() {
		if k.Kind == release.Manifest {
			lines[k.Repository] = append(lines[k.Repository], "without its tag stays "+clean(string(k.Digest))+": "+clean(k.Reason))
		}
	}
	return lines
}

// rules is the summary.
func rules(b *strings.Builder, rules []PruneRule, one, many string) {
	b.WriteString("\nBy rule\n")
	var t table
	for _, r := range rules {
		verb := many
		if r.TagsGo+r.Manifests == 1 {
			verb = one
		}
		t.row(clean(r.Label), Numbered(r.Repositories, "repository"), fmt.Sprintf("%s and %s %s, %s",
			Numbered(r.TagsGo, "tag"), Numbered(r.Manifests, "manifest"), verb, stay(r.TagsStay)))
	}
	t.write(b)
}

func stay(n int) string {
	if n == 1 {
		return "1 tag stays"
	}
	return Numbered(n, "tag") + " stay"
}
