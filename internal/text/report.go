// Package text renders reports and plans for people: plain text, aligned, at
// most [Width] columns wide but for keys and digests, which are never cut
// where someone may want to copy them. Nothing it prints can drive a terminal:
// what is not printable comes out quoted.
package text

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/sweep"
)

// Width is how wide a line gets.
const Width = 100

// Outcome is how a run ended.
type Outcome int

// The outcomes.
const (
	// Planned: a dry run; nothing was to be deleted.
	Planned Outcome = iota
	// Done: everything planned is gone.
	Done
	// Blocked: the plan must not be executed; nothing was deleted.
	Blocked
	// Partial: some deletes failed.
	Partial
	// Interrupted: the run was stopped between two batches.
	Interrupted
	// Failed: the run broke off with an error while deleting.
	Failed
)

// Details is what the text says beyond the report itself.
type Details struct {
	Outcome Outcome
	// Reasons tell why candidates go, from [Tally].
	Reasons Reasons
	// UploadsOlderThan is the age at which uploads count as abandoned.
	UploadsOlderThan time.Duration
	// Brief begins with what goes: it leaves out the heading, what was found,
	// what is recent and what the run took.
	Brief bool
	// Cache says what the registry's cache has forgotten; may be empty.
	Cache string
	// Examples bounds how many findings of a kind are shown; zero means all.
	Examples int
}

// Report writes what was found, what goes and why, what stays as recent, what
// is wrong with the tree and what to do about it, and how the run ended.
func Report(w io.Writer, r blobsweep.Report, d Details) error {
	var b strings.Builder
	if !d.Brief {
		b.WriteString(clean(r.Registry) + ": " + mode(r, d) + "\n\n")
		found(&b, r)
		b.WriteString("\n")
	}
	goes(&b, r, d)
	if !d.Brief {
		recent(&b, r, d)
	}
	findings(&b, r.Findings, d.Examples)
	blockers(&b, r.BlockedBy)
	failures(&b, r.Failed)
	b.WriteString("\n")
	conclusion(&b, r, d.Outcome)
	if d.Cache != "" {
		wrap(&b, 0, 0, d.Cache)
	}
	if !d.Brief {
		effort(&b, r)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mode(r blobsweep.Report, d Details) string {
	words := []string{"every linked manifest is kept"}
	if r.DeleteUntagged {
		words[0] = "untagged manifests go"
	}
	if d.Outcome == Planned {
		words = append([]string{"dry run"}, words...)
	}
	if grace := graceOf(r); grace > 0 {
		return strings.Join(append(words, "grace period "+Span(grace)), ", ")
	}
	return strings.Join(append(words, "offline"), ", ")
}

// graceOf is the grace period in force. A report that does not tell one has
// none to show.
func graceOf(r blobsweep.Report) time.Duration {
	grace, err := time.ParseDuration(r.Grace)
	if err != nil {
		return 0
	}
	return grace
}

func found(b *strings.Builder, r blobsweep.Report) {
	t := table{{"repositories", Count(r.Repositories)}, {"tags", Count(r.Tags)}}
	t.row("manifests", Count(r.Manifests.Total), inUse(r.Manifests))
	t.row("layer links", Count(r.LayerLinks.Total))
	t.row("blobs", Count(r.Blobs.Total), inUse(r.Blobs)+", "+Bytes(r.Bytes.Total)+" in all")
	t.row("uploads", Count(r.Uploads.Total))
	if r.MultipartUploads.Total > 0 {
		t.row("multipart uploads", Count(r.MultipartUploads.Total))
	}
	if r.Strangers > 0 {
		t.row("strangers", Count(r.Strangers), "keys that no registry writes; never touched")
	}
	b.WriteString("Found\n")
	t.write(b)
}

func inUse(c sweep.MarkedCounts) string { return Count(c.Marked) + " in use" }

// goes tells what is removed, or would be, in the order of removal.
func goes(b *strings.Builder, r blobsweep.Report, d Details) {
	executed := d.Outcome == Done || d.Outcome == Partial || d.Outcome == Interrupted || d.Outcome == Failed
	var t table
	add := func(kind sweep.CandidateKind, eligible, removed int64) {
		why := d.Reasons.explain(kind)
		if kind == sweep.EmptyDirectory {
			why = "" // the name says it
		}
		switch {
		case eligible == 0 && removed == 0:
			return
		case !executed:
			removed = eligible
		case removed != eligible:
			why = strings.TrimSuffix("of "+Count(eligible)+": "+why, ": ")
		}
		t.row(plural(kind), Count(removed), why)
	}
	add(sweep.TagIndexEntry, r.TagIndexEntries.Eligible, r.TagIndexEntries.Removed)
	add(sweep.Manifest, r.Manifests.Eligible, r.Manifests.Removed)
	add(sweep.LayerLink, r.LayerLinks.Eligible, r.LayerLinks.Removed)
	add(sweep.Blob, r.Blobs.Eligible, r.Blobs.Removed)
	add(sweep.Upload, r.Uploads.Eligible, r.Uploads.Removed)
	add(sweep.MultipartUpload, r.MultipartUploads.Eligible, r.MultipartUploads.Removed)
	add(sweep.EmptyDirectory, r.EmptyDirectories.Eligible, r.EmptyDirectories.Removed)

	heading := "Would be removed"
	if executed {
		heading = "Removed"
	}
	if len(t) == 0 {
		b.WriteString(heading + "\n  nothing: everything is in use or recent\n")
		return
	}
	b.WriteString(heading + "\n")
	t.write(b)
}

// recent tells what only its age keeps, and until when.
func recent(b *strings.Builder, r blobsweep.Report, d Details) {
	kept := recentOf(r.Counts)
	uploads := r.Uploads.Recent + r.MultipartUploads.Recent
	if len(kept) == 0 && uploads == 0 {
		return
	}
	b.WriteString("\nKept as recent\n")
	if len(kept) > 0 {
		what := strings.Join(kept, ", ")
		if grace := graceOf(r); grace > 0 {
			wrap(b, 2, 2, fmt.Sprintf("%s: not needed, but younger than the grace period of %s. A run after %s "+
				"removes what is still not needed by then. --grace sets another age; --offline takes all of it now, "+
				"if the registry is stopped or read-only.",
				what, Span(grace), r.StartedAt.Add(grace).UTC().Format("2006-01-02 15:04:05 UTC")))
		} else {
			wrap(b, 2, 2, what+": not needed, but no older than this run. Is the registry really stopped?")
		}
	}
	if uploads > 0 {
		wrap(b, 2, 2, fmt.Sprintf("%s: younger than %s (--uploads-older-than), so a client may still finish.",
			Numbered(uploads, "upload"), Span(max(d.UploadsOlderThan, graceOf(r)))))
	}
}

// recentOf counts what only its age keeps, by kind, uploads aside.
func recentOf(c sweep.Counts) []string {
	var kept []string
	for _, k := range []struct {
		n    int64
		name string
	}{{c.Manifests.Recent, "manifest"}, {c.LayerLinks.Recent, "layer link"}, {c.Blobs.Recent, "blob"},
		{c.EmptyDirectories.Recent, "empty directory"}} {
		if k.n > 0 {
			kept = append(kept, Numbered(k.n, k.name))
		}
	}
	return kept
}

// conclusion is what someone reads who reads one line only.
func conclusion(b *strings.Builder, r blobsweep.Report, outcome Outcome) {
	would, did, bytes, stays := "reclaim", "Reclaimed", r.Bytes.Reclaimed, ""
	if slices.ContainsFunc(r.Findings, func(f mark.Finding) bool { return f.Kind == mark.VersionedBucket }) {
		would, did, bytes = "delete", "Deleted", r.Bytes.Noncurrent
		if bytes > 0 || outcome == Planned {
			stays = ", which stay as noncurrent versions until a lifecycle rule of the bucket removes them"
		}
	}
	all := Bytes(r.Bytes.Total) + stays + "."
	done := did + " " + Bytes(bytes) + stays + "."
	var s string
	switch outcome {
	case Planned:
		s = "Dry run: nothing was deleted. There are no blob bytes to reclaim."
		if r.Bytes.Reclaimable > 0 {
			s = fmt.Sprintf("Dry run: nothing was deleted. A collection would %s %s of %s", would, Bytes(r.Bytes.Reclaimable), all)
		}
	case Done:
		s = fmt.Sprintf("%s %s of %s", did, Bytes(bytes), all)
	case Blocked:
		s = "Blocked: nothing was deleted."
	case Partial:
		s = fmt.Sprintf("%s Not everything could be removed: %s failed. A rerun tries them again.",
			done, Numbered(len(r.Failed), "key"))
	case Interrupted:
		s = "Interrupted. " + done + " The registry is whole; a rerun finishes the work."
	case Failed:
		s = "Broken off. " + done + " The registry is whole; a rerun finishes the work."
	}
	wrap(b, 0, 0, s)
}

// effort tells what the run took.
func effort(b *strings.Builder, r blobsweep.Report) {
	q := r.Requests
	written := ""
	if q.Write > 0 {
		written = ", " + Count(q.Write) + " write"
	}
	fmt.Fprintf(b, "Took %s and %s: %s list, %s get, %s stat, %s delete%s.\n",
		Span(time.Duration(r.Seconds*float64(time.Second))), Numbered(q.Total(), "request"),
		Count(q.List), Count(q.Get), Count(q.Stat), Count(q.Delete), written)
}
