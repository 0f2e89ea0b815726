package text

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/blobsweep/blobsweep/verify"
)

func sampleCheck() verify.Report {
	r := verify.Report{
		Registry: "/srv/registry", Repositories: 12, Tags: 340, Manifests: 400, LayerLinks: 1300, AbsentChildren: 1234,
		Blobs: verify.BlobCounts{Total: 2000, Hashed: 1999}, Bytes: verify.ByteCounts{Total: 41 << 30 / 10, Hashed: 41 << 30 / 10},
		Faults: 26, Notes: 1, BrokenTags: 7, BlockedBy: []sweep.Blocker{sweep.BlockedNoRepositories},
		Failed: []sweep.Failure{{Key: "docker/registry/v2/k", Error: "denied"}},
	}
	for i := range 25 {
		r.Findings = append(r.Findings, verify.Finding{
			Finding: mark.Finding{Kind: mark.MissingBlob, Key: fmt.Sprintf("%ssha256/00/%064d/data", layout.Blobs, i), Detail: strings.Repeat("not stored ", 20)},
			Fault:   true, Breaks: []string{"a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "b:1"}, WhyNot: strings.Repeat("the bytes are gone ", 10),
		})
	}
	r.Findings = append(r.Findings,
		verify.Finding{Finding: mark.Finding{Kind: mark.BrokenLink, Repository: "a", Key: layout.Repository("a") + "_layers/l"}, Fault: true, Repairable: true},
		verify.Finding{Finding: mark.Finding{Kind: mark.Stranger, Key: "docker/registry/v2/x", Detail: "left"}})
	for i := range 22 {
		r.Repairs = append(r.Repairs, verify.Step{Kind: verify.WriteLink, Repository: "a", Key: fmt.Sprintf("%s_layers/%d", layout.Repository("a"), i), Reason: "broken", Done: i > 0})
	}
	r.Repairs[0].WhyNot = "denied"
	return r
}

func renderCheck(t *testing.T, r verify.Report, d CheckDetails) string {
	t.Helper()
	var b strings.Builder
	if err := Check(&b, r, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCheckSaysAll(t *testing.T) {
	r := sampleCheck()
	plain := renderCheck(t, r, CheckDetails{})
	r.Repair = true
	repaired := renderCheck(t, r, CheckDetails{Blobs: true, Repair: true})
	for _, test := range []struct {
		in   string
		want []string
	}{
		{plain, []string{
			"checked, blobs are not read\n", "\n  missing-blob (25): ", "\n    and 5 more; -o json lists all\n",
			"\n      breaks 7 tags: a:1, a:2, a:3, a:4, a:5 and 2 more\n", "\nBlocked\n  no-repositories: ",
			"\nWorth knowing\n  stranger (1): ", "\nIndexes name 1,234 manifests ", "\nCan be mended without a loss: 22 links. ",
			"\nFailed\n", "\nBroken: 26 faults, breaking 7 of 340 tags.\n",
		}},
		{repaired, []string{
			"checked, every blob is read, repaired\n", "1,999 hashed, 4.1 GiB of 4.1 GiB", "\n      left: the bytes are gone", "\n      can be repaired\n",
			"\nMended\n  21 links written\n    a _layers/0: broken; not done: denied\n", "\n    and 2 more; -o json lists all\n",
		}},
	} {
		for _, want := range test.want {
			if !strings.Contains(test.in, want) {
				t.Errorf("%q is missing from:\n%s", want, test.in)
			}
		}
		for line := range strings.Lines(test.in) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > Width {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	}
	if strings.Contains(plain, "left:") || strings.Contains(plain, "accept-risk") {
		t.Error("what is not to be repaired needs no excuse")
	}
}

func TestCheckVerdicts(t *testing.T) {
	r := verify.Report{Repositories: 12, Tags: 340, Blobs: verify.BlobCounts{Total: 2000}, Bytes: verify.ByteCounts{Hashed: 4 << 30}}
	broken, blocked := r, r
	broken.Faults = 1
	blocked.BlockedBy = []sweep.Blocker{sweep.BlockedSymlinkedReferences}
	for want, got := range map[string]string{
		"\nWhole: 12 repositories, 340 tags, 2,000 blobs, 4.0 GiB hashed.\n":                               renderCheck(t, r, CheckDetails{Blobs: true}),
		"\nWhole: 12 repositories, 340 tags, 2,000 blobs. Their bytes were not read; --blobs does that.\n": renderCheck(t, r, CheckDetails{}),
		"\nBroken: 1 fault, none of which breaks a tag.\n":                                                 renderCheck(t, broken, CheckDetails{}),
		"\nBroken: links or damage hide what is needed, so that nothing may be removed.\n":                 renderCheck(t, blocked, CheckDetails{}),
		"\nWould be mended\n  nothing\n":                                                                   renderCheck(t, r, CheckDetails{Repair: true}),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from:\n%s", want, got)
		}
	}
}

func TestCheckDrivesNoTerminal(t *testing.T) {
	evil := "a\x1b[31m\xff"
	got := renderCheck(t, verify.Report{
		Registry: evil, BlockedBy: []sweep.Blocker{sweep.Blocker(evil)}, Failed: []sweep.Failure{{Key: evil, Error: evil}},
		Findings: []verify.Finding{{Finding: mark.Finding{Kind: mark.BrokenLink, Repository: evil, Key: evil, Detail: evil}, Fault: true, Breaks: []string{evil}, WhyNot: evil}},
		Repairs:  []verify.Step{{Kind: verify.WriteLink, Repository: evil, Key: evil, Reason: evil, WhyNot: evil}},
	}, CheckDetails{Repair: true})
	if strings.Contains(got, "\x1b") || !utf8.ValidString(got) {
		t.Errorf("control characters in %q", got)
	}
	if n := strings.Count(got, `a\x1b[31m\xff`); n < 13 {
		t.Errorf("quoted %d times, want each of 13:\n%s", n, got)
	}
	w := full(10)
	if err := Check(&w, verify.Report{}, CheckDetails{}); !errors.Is(err, errFull) {
		t.Error(err)
	}
}
