package text

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
)

// sample is a report in which every part has something to say.
func sample() (blobsweep.Report, Details) {
	hex := strings.Repeat("0123456789abcdef", 4)
	r := blobsweep.Report{
		Registry: "/srv/registry",
		DryRun:   true,
		Grace:    "1h0m0s",
		Counts: sweep.Counts{
			Repositories:     50,
			Tags:             1000,
			Manifests:        sweep.MarkedCounts{Total: 3040, Marked: 3035, Eligible: 5, Recent: 1},
			Blobs:            sweep.MarkedCounts{Total: 13641, Marked: 12627, Eligible: 1014, Recent: 3},
			LayerLinks:       sweep.TotalCounts{Total: 12235, Eligible: 7},
			TagIndexEntries:  sweep.SweptCounts{Eligible: 2},
			Uploads:          sweep.TotalCounts{Total: 12, Eligible: 10, Recent: 2},
			EmptyDirectories: sweep.DirectoryCounts{Eligible: 9},
			Strangers:        1,
			Bytes:            sweep.ByteCounts{Total: 5 << 20, Reclaimable: 507466},
		},
		Requests: storage.Requests{List: 30, Get: 3040},
		Findings: []mark.Finding{
			{Kind: mark.DanglingTag, Repository: "library/app",
				Key:    "docker/registry/v2/repositories/library/app/_manifests/tags/v1/current/link",
				Detail: "names sha256:" + hex + ", which is not linked"},
			{Kind: mark.Stranger, Key: "docker/registry/v2/blobs/sha256/01/" + hex + "/notes", Detail: "left as it is"},
			{Kind: mark.DanglingTag, Repository: "library/app",
				Key:    "docker/registry/v2/repositories/library/app/_manifests/tags/v2/current/link",
				Detail: "names nothing"},
		},
		StartedAt: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		Seconds:   0.9,
	}
	candidates := func(yield func(sweep.Candidate) bool) {
		for i := range 1014 {
			if !yield(sweep.Candidate{Kind: sweep.Blob, Bytes: 500, Reason: []string{"unreferenced", "damaged"}[i/1000]}) {
				return
			}
		}
	}
	return r, Details{Reasons: Tally(candidates), UploadsOlderThan: 168 * time.Hour, Examples: 1}
}

func render(t *testing.T, r blobsweep.Report, d Details) string {
	t.Helper()
	var b strings.Builder
	if err := Report(&b, r, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What was written is told where something was.
func TestReportOfWrites(t *testing.T) {
	r, d := sample()
	r.Requests.Write = 4321
	want := "Took 900ms and 7,391 requests: 30 list, 3,040 get, 0 stat, 0 delete, 4,321 write.\n"
	if got := render(t, r, d); !strings.HasSuffix(got, "\n"+want) {
		t.Errorf("it ends without %q: %s", want, got)
	}
}

func TestReport(t *testing.T) {
	r, d := sample()
	want := `/srv/registry: dry run, every linked manifest is kept, grace period 1h

Found
  repositories      50
  tags           1,000
  manifests      3,040  3,035 in use
  layer links   12,235
  blobs         13,641  12,627 in use, 5.0 MiB in all
  uploads           12
  strangers          1  keys that no registry writes; never touched

Would be removed
  tag index entries      2
  manifests              5
  layer links            7
  blobs              1,014  1,000 unreferenced (488 KiB); 14 damaged (6.8 KiB)
  uploads               10
  empty directories      9

Kept as recent
  1 manifest, 3 blobs: not needed, but younger than the grace period of 1h. A run after 2026-11-20
  13:00:00 UTC removes what is still not needed by then. --grace sets another age; --offline takes
  all of it now, if the registry is stopped or read-only.
  2 uploads: younger than 7d (--uploads-older-than), so a client may still finish.

Findings
  dangling-tag (2): These tags name no manifest, so nobody can pull them. Push them again, or remove
    them with rm.
    library/app _manifests/tags/v1/current/link: names
      sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef, which is not linked
    and 1 more; plan, or -o json, lists all
  stranger (1): Keys that no registry writes. They are never touched, and keep the directories
    around them.
    blobs/sha256/01/0123456789ab…/notes: left as it is

Dry run: nothing was deleted. A collection would reclaim 496 KiB of 5.0 MiB.
Took 900ms and 3,070 requests: 30 list, 3,040 get, 0 stat, 0 delete.
`
	if diff := cmp.Diff(want, render(t, r, d)); diff != "" {
		t.Error(diff)
	}
}

func TestReportOfExecution(t *testing.T) {
	r, d := sample()
	r.Manifests.Removed, r.Blobs.Removed, r.Bytes.Reclaimed = 5, 1000, 500_000
	for i := range 25 {
		key := fmt.Sprintf("docker/registry/v2/blobs/sha256/%02d/data", i)
		r.Failed = append(r.Failed, sweep.Failure{Key: key, Error: "delete " + key + ": permission denied"})
	}
	d.Outcome = Partial
	got := render(t, r, d)
	for _, want := range []string{
		"\nRemoved\n",
		"manifests              5\n",
		"blobs              1,000  of 1,014: 1,000 unreferenced (488 KiB); 14 damaged (6.8 KiB)\n",
		"layer links            0  of 7\n",
		"\nFailed\n  docker/registry/v2/blobs/sha256/00/data\n    permission denied\n",
		"  and 5 more; -o json lists all\n",
		"Reclaimed 488 KiB. Not everything could be removed: 25 keys failed. A rerun tries them again.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
	if strings.Contains(got, "/20/data") {
		t.Error("more than twenty failures are listed")
	}
}

func TestConclusions(t *testing.T) {
	for outcome, want := range map[Outcome]string{
		Planned:     "Dry run: nothing was deleted. A collection would reclaim 496 KiB of 5.0 MiB.",
		Done:        "Reclaimed 0 B of 5.0 MiB.",
		Blocked:     "Blocked: nothing was deleted.",
		Interrupted: "Interrupted. Reclaimed 0 B. The registry is whole; a rerun finishes the work.",
		Failed:      "Broken off. Reclaimed 0 B. The registry is whole; a rerun finishes the work.",
	} {
		r, d := sample()
		d.Outcome = outcome
		if got := render(t, r, d); !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("%d: %q is missing from:\n%s", outcome, want, got)
		}
	}
}

// TestVersionedBucket: bytes that stay as noncurrent versions are not said to
// be reclaimed.
func TestVersionedBucket(t *testing.T) {
	for outcome, want := range map[Outcome]string{
		Planned: "Dry run: nothing was deleted. A collection would delete 496 KiB of 5.0 MiB, which stay as",
		Done:    "Deleted 488 KiB of 5.0 MiB, which stay as noncurrent versions until a lifecycle rule",
		Partial: "Deleted 488 KiB, which stay as noncurrent versions until a lifecycle rule of the bucket removes\nthem. Not everything",
		Failed:  "Broken off. Deleted 488 KiB, which stay as noncurrent versions until",
	} {
		r, d := sample()
		r.Findings = append(r.Findings, mark.Finding{Kind: mark.VersionedBucket, Key: "docker/registry/v2/", Detail: "versions"})
		d.Outcome = outcome
		if outcome != Planned {
			r.Bytes.Noncurrent = 500_000
		}
		got := render(t, r, d)
		if !strings.Contains(got, "\n"+want) || strings.Contains(got, "Reclaimed") {
			t.Errorf("%d: %q is missing from:\n%s", outcome, want, got)
		}
		if !strings.Contains(got, "\n    docker/registry/v2: versions\n") {
			t.Errorf("the finding has no place:\n%s", got)
		}
		r.Bytes.Noncurrent = 0
		if got := render(t, r, d); outcome == Done && !strings.Contains(got, "\nDeleted 0 B of 5.0 MiB.\n") {
			t.Errorf("nothing was deleted:\n%s", got)
		}
	}
}

func TestMultipartUploads(t *testing.T) {
	r, d := sample()
	r.MultipartUploads = sweep.TotalCounts{Total: 5, Eligible: 2, Recent: 3}
	d.Reasons = Tally(func(yield func(sweep.Candidate) bool) {
		_ = yield(sweep.Candidate{Kind: sweep.MultipartUpload, Bytes: 5 << 20, Reason: "begun 2026-10-20"}) &&
			yield(sweep.Candidate{Kind: sweep.MultipartUpload, Bytes: 1 << 20, Reason: "begun 2026-10-20"})
	})
	got := render(t, r, d)
	for _, want := range []string{
		"  multipart uploads       5\n",
		"  multipart uploads      2  begun 2026-10-20 (6.0 MiB)\n",
		"  5 uploads: younger than 7d",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
}

func TestNothingToRemove(t *testing.T) {
	got := render(t, blobsweep.Report{Registry: "/r", Grace: "0s", DeleteUntagged: true}, Details{Brief: true})
	want := `Would be removed
  nothing: everything is in use or recent

Dry run: nothing was deleted. There are no blob bytes to reclaim.
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRecentOffline(t *testing.T) {
	r := blobsweep.Report{Registry: "/r", Grace: "0s", Counts: sweep.Counts{Blobs: sweep.MarkedCounts{Recent: 2}}}
	if got := render(t, r, Details{}); !strings.Contains(got, "2 blobs: not needed, but no older than this run.") {
		t.Error(got)
	}
}

func TestBlockers(t *testing.T) {
	for _, blocker := range sweep.Blockers() {
		r := blobsweep.Report{Registry: "/r", BlockedBy: []sweep.Blocker{blocker}}
		blocked := render(t, r, Details{Outcome: Blocked})
		if !strings.Contains(blocked, "--accept-risk "+string(blocker)+"\n") || Explain(blocker) == Explain("another") {
			t.Errorf("%s is not explained:\n%s", blocker, blocked)
		}
	}
}

func TestWidth(t *testing.T) {
	r, d := sample()
	r.Findings = append(r.Findings, mark.Finding{Kind: mark.UnknownManifest, Key: "k", Detail: strings.Repeat("word ", 60)})
	r.BlockedBy = sweep.Blockers()
	for line := range strings.Lines(render(t, r, d)) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > Width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestNothingDrivesTheTerminal(t *testing.T) {
	evil := "a\x1b[31m\xff"
	r := blobsweep.Report{
		Registry:  evil,
		Findings:  []mark.Finding{{Kind: mark.Stranger, Repository: evil, Key: evil, Detail: evil}},
		BlockedBy: []sweep.Blocker{sweep.Blocker(evil)},
		Failed:    []sweep.Failure{{Key: evil, Error: evil}},
	}
	candidates := func(yield func(sweep.Candidate) bool) {
		yield(sweep.Candidate{Kind: sweep.EmptyDirectory, Repository: evil, Tag: evil, Upload: evil, Key: evil, Reason: evil})
	}
	got := render(t, r, Details{Reasons: Tally(candidates)})
	var b strings.Builder
	if err := Candidates(&b, candidates); err != nil {
		t.Fatal(err)
	}
	got += b.String()
	if strings.Contains(got, "\x1b") || !utf8.ValidString(got) {
		t.Errorf("control characters in %q", got)
	}
	if n := strings.Count(got, `a\x1b[31m\xff`); n < 9 {
		t.Errorf("quoted %d times, want each of 9 or more:\n%s", n, got)
	}
}

// full is a writer that fails after some bytes, as a full disk does.
type full int

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > int(*f) {
		return 0, errFull
	}
	*f -= full(len(p))
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	one := func(yield func(sweep.Candidate) bool) {
		yield(sweep.Candidate{Kind: sweep.LayerLink, Repository: "library/app", Digest: "sha256:0", Reason: "unneeded"})
	}
	var all strings.Builder
	if err := Candidates(&all, one); err != nil {
		t.Fatal(err)
	}
	for room := range all.Len() {
		w := full(room)
		if err := Candidates(&w, one); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d of %d bytes: %v", room, all.Len(), err)
		}
	}
	w := full(0)
	if err := Report(&w, blobsweep.Report{}, Details{}); !errors.Is(err, errFull) {
		t.Error(err)
	}
}
