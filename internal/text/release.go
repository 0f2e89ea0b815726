package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/release"
)

// ReleaseDetails is what the text of a [release.Plan] says beyond the plan.
type ReleaseDetails struct {
	// DryRun says that nothing was to be deleted: what is told is the plan.
	DryRun bool
	// Findings are told when they block the plan.
	Findings []mark.Finding
	// Collects says that a collection follows.
	Collects bool
}

// Release writes what was let go of, a line for each tag and manifest as docker
// rmi does, what stays and why, and what is left to do.
func Release(w io.Writer, plan *release.Plan, d ReleaseDetails) error {
	var b strings.Builder
	if blocked := plan.BlockedBy(); len(blocked) > 0 {
		b.WriteString("Blocked: nothing was deleted.\n")
		findings(&b, d.Findings, 0)
		blockers(&b, blocked)
		wrap(&b, 4, 4, "To remove tags alone: --untag-only. A manifest whose bytes are damaged can be removed by "+
			"itself, by its digest.")
		_, err := io.WriteString(w, b.String())
		return err
	}
	steps, untagged, deleted := plan.Done(), "Untagged", "Deleted"
	if d.DryRun {
		steps, untagged, deleted = plan.Steps(), "Would untag", "Would delete"
	}
	reclaims := false
	rest := restOf{}
	for s := range steps {
		switch s.Kind {
		case release.Tag:
			b.WriteString(untagged + ": " + reference(s.Repository, s.Tag, "") + "\n")
		case release.Manifest:
			reclaims = true
			b.WriteString(deleted + ": " + reference(s.Repository, "", string(s.Digest)) + "\n")
		case release.LayerLink, release.Upload:
			reclaims = true
			rest.add(s.Repository, s.Kind, "", max(s.Count, 1))
		}
	}
	rest.write(&b, deleted)
	stays := restOf{}
	for k := range plan.Kept() {
		switch k.Kind {
		case release.LayerLink, release.Upload:
			stays.add(k.Repository, k.Kind, k.Reason, 1)
			continue
		}
		name := reference(k.Repository, k.Tag, string(k.Digest))
		if k.Tag != "" {
			name = reference(k.Repository, k.Tag, "")
		}
		verb := "Kept"
		if k.Cause == release.Sparse {
			verb = "Sparse"
		}
		b.WriteString(verb + ": " + name + ": " + clean(k.Reason) + "\n")
	}
	stays.write(&b, "Kept")
	failures(&b, plan.Failed())
	left(&b, plan)
	if reclaims && !d.Collects && !d.DryRun {
		b.WriteString("\nWhat only they needed takes space until a collection (blobsweep gc).\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// reference names a tag, a manifest, or a repository.
func reference(repository, tag, digest string) string {
	switch {
	case tag != "":
		return clean(repository + ":" + tag)
	case digest != "":
		return clean(repository + "@" + digest)
	}
	return clean(repository)
}

// restOf counts, by repository, what has no line of its own.
type restOf struct {
	rows   []restRow
	counts map[restRow]int
}

type restRow struct {
	repository string
	kind       release.Kind
	reason     string
}

func (r *restOf) add(repository string, kind release.Kind, reason string, n int) {
	if r.counts == nil {
		r.counts = map[restRow]int{}
	}
	row := restRow{repository, kind, reason}
	if r.counts[row] == 0 {
		r.rows = append(r.rows, row)
	}
	r.counts[row] += n
}

func (r *restOf) write(b *strings.Builder, verb string) {
	for _, row := range r.rows {
		noun := strings.ReplaceAll(string(row.kind), "-", " ")
		line := fmt.Sprintf("%s: %s of %s", verb, Numbered(r.counts[row], noun), clean(row.repository))
		if row.reason != "" {
			line += ": " + row.reason
		}
		b.WriteString(line + "\n")
	}
}

// left tells what an interrupted run did not come to, and how to finish.
func left(b *strings.Builder, plan *release.Plan) {
	var names []string
	for s := range plan.Left() {
		switch s.Kind {
		case release.Tag:
			names = append(names, reference(s.Repository, s.Tag, ""))
		case release.Manifest:
			names = append(names, reference(s.Repository, "", string(s.Digest)))
		}
	}
	if len(names) == 0 {
		return
	}
	b.WriteString("\nInterrupted. The registry is whole. To finish, remove by blobsweep rm, or by prune:\n")
	for _, name := range names {
		b.WriteString("  " + name + "\n")
	}
}
