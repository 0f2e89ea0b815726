package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/verify"
)

// CheckDetails is what the text of a check says beyond its report.
type CheckDetails struct {
	// Blobs says that all blobs were to be read.
	Blobs bool
	// Repair says that what can be mended is to be shown step by step, and of all
	// other faults why they are left: after a repair, and instead of one.
	Repair bool
}

// checkExamples is how many findings and steps of a kind are shown, and tagExamples
// how many tags that one breaks.
const (
	checkExamples = 20
	tagExamples   = 5
)

// Check writes what a check found and what it breaks, what was mended or can be,
// and in the last lines whether the registry is whole.
func Check(w io.Writer, r verify.Report, d CheckDetails) error {
	var b strings.Builder
	b.WriteString(clean(r.Registry) + ": " + scope(r, d) + "\n\nFound\n")
	t := table{{"repositories", Count(r.Repositories)}, {"tags", Count(r.Tags)}, {"manifests", Count(r.Manifests)},
		{"layer links", Count(r.LayerLinks)}}
	blobs := Bytes(r.Bytes.Total) + " in all"
	if d.Blobs {
		blobs = fmt.Sprintf("%s hashed, %s of %s", Count(r.Blobs.Hashed), Bytes(r.Bytes.Hashed), Bytes(r.Bytes.Total))
	}
	t.row("blobs", Count(r.Blobs.Total), blobs)
	t.write(&b)
	checked(&b, "Broken", r.Findings, true, d)
	for i, blocker := range r.BlockedBy {
		if i == 0 {
			b.WriteString("\nBlocked\n")
		}
		wrap(&b, 2, 4, clean(string(blocker))+": "+Explain(blocker))
	}
	checked(&b, "Worth knowing", r.Findings, false, d)
	if r.AbsentChildren > 0 {
		b.WriteString("\n")
		wrap(&b, 0, 0, "Indexes name "+Numbered(r.AbsentChildren, "manifest")+" that their repositories do not have, which is legal.")
	}
	repairs(&b, r, d)
	failures(&b, r.Failed)
	b.WriteString("\n")
	verdict(&b, r, d)
	effort(&b, blobsweep.Report{Requests: r.Requests, Seconds: r.Seconds})
	_, err := io.WriteString(w, b.String())
	return err
}

func scope(r verify.Report, d CheckDetails) string {
	s := "checked, blobs are not read"
	if d.Blobs {
		s = "checked, every blob is read"
	}
	switch {
	case r.Repair:
		return s + ", repaired"
	case d.Repair:
		return s + ", dry run of a repair"
	}
	return s
}

// checked lists the findings that are faults, or those that are none, by kind.
func checked(b *strings.Builder, heading string, all []verify.Finding, faults bool, d CheckDetails) {
	var kinds []mark.FindingKind
	byKind := map[mark.FindingKind][]verify.Finding{}
	for _, f := range all {
		if f.Fault != faults {
			continue
		}
		if byKind[f.Kind] == nil {
			kinds = append(kinds, f.Kind)
		}
		byKind[f.Kind] = append(byKind[f.Kind], f)
	}
	if len(kinds) == 0 {
		return
	}
	b.WriteString("\n" + heading + "\n")
	for _, kind := range kinds {
		group := byKind[kind]
		wrap(b, 2, 4, string(kind)+" ("+Count(int64(len(group)))+"): "+remedy(kind))
		for _, f := range group[:min(len(group), checkExamples)] {
			wrap(b, 4, 6, place(f.Finding)+": "+clean(f.Detail))
			if len(f.Breaks) > 0 {
				wrap(b, 6, 8, "breaks "+tags(f.Breaks))
			}
			if d.Repair && faults {
				wrap(b, 6, 8, outcomeOf(f))
			}
		}
		more(b, 4, len(group)-checkExamples)
	}
}

// outcomeOf says what becomes of a finding in a repair.
func outcomeOf(f verify.Finding) string {
	switch {
	case f.Repaired:
		return "repaired"
	case f.Repairable:
		return "can be repaired"
	}
	return "left: " + clean(f.WhyNot)
}

// tags names the first few.
func tags(all []string) string {
	var names []string
	for _, tag := range all[:min(len(all), tagExamples)] {
		names = append(names, clean(tag))
	}
	s := Numbered(len(all), "tag") + ": " + strings.Join(names, ", ")
	if more := len(all) - len(names); more > 0 {
		s += " and " + Count(int64(more)) + " more"
	}
	return s
}

func more(b *strings.Builder, indent, n int) {
	if n > 0 {
		wrap(b, indent, indent, "and "+Count(int64(n))+" more; -o json lists all")
	}
}

// stepKinds are headings of what a repair does, in its order.
var stepKinds = []struct {
	kind      verify.StepKind
	noun, did string
}{
	{verify.WriteLink, "link", "written"},
	{verify.RemoveEntry, "tag index entry", "removed"},
	{verify.RemoveDirectory, "empty directory", "removed"},
}

// repairs tells what can be mended in a line, or step by step.
func repairs(b *strings.Builder, r verify.Report, d CheckDetails) {
	byKind := map[verify.StepKind][]verify.Step{}
	for _, s := range r.Repairs {
		byKind[s.Kind] = append(byKind[s.Kind], s)
	}
	if !d.Repair {
		var parts []string
		for _, of := range stepKinds {
			if n := len(byKind[of.kind]); n > 0 {
				parts = append(parts, Numbered(n, of.noun))
			}
		}
		if len(parts) > 0 {
			b.WriteString("\n")
			wrap(b, 0, 0, "Can be mended without a loss: "+strings.Join(parts, ", ")+". check --repair -d shows how, check --repair does it.")
		}
		return
	}
	heading := "Would be mended"
	if r.Repair {
		heading = "Mended"
	}
	b.WriteString("\n" + heading + "\n")
	if len(r.Repairs) == 0 {
		b.WriteString("  nothing\n")
	}
	for _, of := range stepKinds {
		steps := byKind[of.kind]
		if len(steps) == 0 {
			continue
		}
		done := 0
		for _, s := range steps {
			if s.Done || !r.Repair {
				done++
			}
		}
		b.WriteString("  " + Numbered(done, of.noun) + " " + of.did + "\n")
		for _, s := range steps[:min(len(steps), checkExamples)] {
			line := place(mark.Finding{Repository: s.Repository, Key: s.Key})
			if s.Kind != verify.RemoveDirectory {
				line += ": " + clean(s.Reason)
			}
			if s.WhyNot != "" {
				line += "; not done: " + clean(s.WhyNot)
			}
			wrap(b, 4, 6, line)
		}
		more(b, 4, len(steps)-checkExamples)
	}
}

// verdict is what someone reads who reads one line only.
func verdict(b *strings.Builder, r verify.Report, d CheckDetails) {
	if !r.Whole() {
		s := "Broken: " + Numbered(r.Faults, "fault")
		switch {
		case r.Faults == 0:
			s = "Broken: links or damage hide what is needed, so that nothing may be removed."
		case r.BrokenTags > 0:
			s += fmt.Sprintf(", breaking %s of %s.", Count(r.BrokenTags), Numbered(r.Tags, "tag"))
		default:
			s += ", none of which breaks a tag."
		}
		wrap(b, 0, 0, s)
		return
	}
	s := fmt.Sprintf("Whole: %s, %s, %s", Numbered(r.Repositories, "repository"), Numbered(r.Tags, "tag"), Numbered(r.Blobs.Total, "blob"))
	if d.Blobs {
		s += ", " + Bytes(r.Bytes.Hashed) + " hashed."
	} else {
		s += ". Their bytes were not read; --blobs does that."
	}
	wrap(b, 0, 0, s)
}
