package sweep_test

import (
	"bytes"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// check plans, executes, and compares all there is with what is expected.
func (s *scenario) check(t *testing.T, run when, opts sweep.Options, b backend) {
	w := watch(b.driver, nil)
	before := b.read()
	plan, err := sweep.New(t.Context(), w, opts)
	if err != nil {
		t.Fatalf("planning: %v", err)
	}
	blocked := expected(s.blockers, run)
	same(t, "blockers", blocked, plan.BlockedBy())
	same(t, "findings", expected(s.findings, run), kinds(plan.Findings()))
	checkOnce(t, plan.Findings())
	going := expected(s.going, run)
	same(t, "candidates", candidatesOf(going), candidateKeys(plan))
	s.checkCounts(t, run, plan.Counts(), going)

	err = plan.Execute(t.Context(), w)
	if len(blocked) > 0 {
		if !errors.Is(err, sweep.ErrBlocked) {
			t.Errorf("executing a blocked plan: got %v, want ErrBlocked", err)
		}
		s.compare(t, before, b.read(), nil)
		return
	}
	if err != nil {
		t.Errorf("executing: %v", err)
	}
	s.checkRemoved(t, run, plan.Counts())
	s.compare(t, before, b.read(), going)
	if len(plan.Failed()) > 0 {
		t.Errorf("failed: %v", plan.Failed())
	}
	checkHome(t, w)
	if len(w.faults) > 0 {
		t.Errorf("law 9: %q", w.faults)
	}

	again, err := sweep.New(t.Context(), w, opts)
	if err != nil {
		t.Fatalf("planning again: %v", err)
	}
	same(t, "candidates of a second run", nil, candidateKeys(again))
	if n := again.Counts().EmptyDirectories.Eligible; n > 0 {
		t.Errorf("a second run finds %d empty directories", n)
	}
}

// checkOnce expects no fault to be found twice. Of a symbolic link there may be
// said that it is one, and what lies behind it.
func checkOnce(t *testing.T, findings []mark.Finding) {
	t.Helper()
	for i, f := range findings {
		if slices.ContainsFunc(findings[:i], func(g mark.Finding) bool {
			return f.Kind == g.Kind && f.Key == g.Key && (f.Kind != mark.Symlink || f == g)
		}) {
			t.Errorf("found twice: %+v", f)
		}
	}
}

// checkHome holds what was removed against law 17.
func checkHome(t *testing.T, w *watched) {
	t.Helper()
	for _, key := range w.keys {
		if key, id, ok := cutIncomplete(key); ok {
			p, _ := layout.Parse(key)
			if id == "" || p.Kind != layout.UploadData && p.Kind != layout.BlobData {
				t.Errorf("law 17: aborted %q of %q", id, key)
			}
			continue
		}
		_, dir := layout.ParseDir(key)
		if _, ok := layout.Parse(key); !ok && !dir || !strings.HasPrefix(key, "docker/registry/v2/") {
			t.Errorf("law 17: deleted %q", key)
		}
	}
	for _, prefix := range w.dirs {
		if _, ok := layout.ParseDir(prefix); !ok || !strings.HasPrefix(prefix, "docker/registry/v2/") {
			t.Errorf("law 17: removed directory %q", prefix)
		}
	}
}

// checkCounts holds the figures of a plan against the tree.
func (s *scenario) checkCounts(t *testing.T, run when, got sweep.Counts, going []string) {
	t.Helper()
	total, eligible := tally(s.Files, slices.Collect(maps.Keys(s.Files))), tally(s.Files, going)
	recent := tally(s.Files, expected(s.recent, run))
	want := sweep.Counts{
		Repositories: s.repositories(), Tags: total.Tags,
		Manifests:       sweep.MarkedCounts{Total: total.Manifests.Total, Eligible: eligible.Manifests.Total, Recent: recent.Manifests.Total},
		Blobs:           sweep.MarkedCounts{Total: total.Blobs.Total, Eligible: eligible.Blobs.Total, Recent: recent.Blobs.Total},
		LayerLinks:      sweep.TotalCounts{Total: total.LayerLinks.Total, Eligible: eligible.LayerLinks.Total, Recent: recent.LayerLinks.Total},
		TagIndexEntries: sweep.SweptCounts{Eligible: eligible.TagIndexEntries.Eligible},
		Uploads:         sweep.TotalCounts{Total: total.Uploads.Total, Eligible: eligible.Uploads.Total, Recent: recent.Uploads.Total},
		MultipartUploads: sweep.TotalCounts{
			Total: total.MultipartUploads.Total, Eligible: eligible.MultipartUploads.Total, Recent: recent.MultipartUploads.Total,
		},
		Bytes: sweep.ByteCounts{Total: total.Bytes.Total, Reclaimable: eligible.Bytes.Total, Uploads: total.Bytes.Uploads},
	}
	for _, c := range []*sweep.MarkedCounts{&want.Manifests, &want.Blobs} {
		c.Marked = c.Total - c.Eligible - c.Recent
	}
	if run&onTree != 0 {
		want.Bytes.Total = got.Bytes.Total // as declared by manifests
	}
	if s.unread && run == inDefault|onTree {
		want.Tags = got.Tags
	}
	// Directories and strangers have tests of their own.
	want.EmptyDirectories, want.Strangers = got.EmptyDirectories, got.Strangers
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts of the plan (-want +got):\n%s", diff)
	}
}

// checkRemoved expects everything that was eligible to be removed.
func (s *scenario) checkRemoved(t *testing.T, run when, c sweep.Counts) {
	t.Helper()
	if s.hidden && run&onTree != 0 { // directories turn out not to be empty
		c.EmptyDirectories.Eligible = c.EmptyDirectories.Removed
	}
	eligible := []int64{c.Manifests.Eligible, c.Blobs.Eligible, c.LayerLinks.Eligible, c.TagIndexEntries.Eligible,
		c.Uploads.Eligible, c.MultipartUploads.Eligible, c.EmptyDirectories.Eligible, c.Bytes.Reclaimable}
	removed := []int64{c.Manifests.Removed, c.Blobs.Removed, c.LayerLinks.Removed, c.TagIndexEntries.Removed,
		c.Uploads.Removed, c.MultipartUploads.Removed, c.EmptyDirectories.Removed, c.Bytes.Reclaimed}
	if !slices.Equal(eligible, removed) {
		t.Errorf("eligible %d, removed %d (manifests, blobs, layer links, entries, uploads, multipart uploads, directories, bytes)", eligible, removed)
	}
}

// tally counts keys by kind, in the totals (for tag index entries: eligible).
func tally(files map[string]fixture.File, keys []string) sweep.Counts {
	var c sweep.Counts
	uploads := map[string]bool{}
	for _, key := range keys {
		if key, _, ok := cutIncomplete(key); ok {
			if p, _ := layout.Parse(key); p.Kind == layout.UploadData || p.Kind == layout.BlobData {
				c.MultipartUploads.Total++
			}
			continue
		}
		p, ok := layout.Parse(key)
		if m := repositoryPattern.FindStringSubmatchIndex(key); !ok && m != nil { // a repository of an odd name
			p, _ = layout.Parse(key[:m[2]] + "odd" + key[m[3]:])
		}
		switch p.Kind {
		case layout.RevisionLink:
			c.Manifests.Total++
		case layout.BlobData:
			c.Blobs.Total++
			c.Bytes.Total += int64(len(files[key].Content))
		case layout.LayerLink:
			c.LayerLinks.Total++
		case layout.TagLink:
			c.Tags++
		case layout.TagIndexLink:
			c.TagIndexEntries.Eligible++
		case layout.UploadData:
			c.Bytes.Uploads += int64(len(files[key].Content))
			uploads[p.Repository+" "+p.Upload] = true
		case layout.UploadStartedAt, layout.UploadHashState:
			uploads[p.Repository+" "+p.Upload] = true
		}
	}
	c.Uploads.Total = int64(len(uploads))
	return c
}

var repositoryPattern = regexp.MustCompile(`^docker/registry/v2/repositories/(.+?)/_(layers|manifests|uploads)/`)

func (s *scenario) repositories() int64 {
	names := map[string]bool{}
	keys := slices.Collect(maps.Keys(s.Files))
	keys = slices.DeleteFunc(keys, func(key string) bool { return strings.HasSuffix(key, "/") }) // a marker is no repository
	keys = slices.AppendSeq(slices.AppendSeq(keys, maps.Keys(s.Dirs)), maps.Keys(s.Symlinks))
	for _, key := range keys {
		if m := repositoryPattern.FindStringSubmatch(key); m != nil {
			names[m[1]] = true
		}
	}
	return int64(len(names))
}

// skeleton are directories that a repository which stays may keep empty.
var skeleton = regexp.MustCompile(`/_(layers|uploads|manifests(/revisions|/tags(/[^/]+/index)?)?)(/sha\d+)?/$`)

// compare holds what is there against what was, minus what goes. No empty
// directory may be left but where the registry has a use for it.
func (s *scenario) compare(t *testing.T, before, after *fixture.Tree, going []string) {
	t.Helper()
	want := maps.Clone(before.Files)
	for _, key := range going {
		if _, ok := want[key]; !ok {
			t.Errorf("the case expects %s to go, which never was", key)
		}
		delete(want, key)
	}
	equal := func(a, b fixture.File) bool { return bytes.Equal(a.Content, b.Content) && a.ModTime.Equal(b.ModTime) }
	if diff := cmp.Diff(want, after.Files, cmp.Comparer(equal), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before.Symlinks, after.Symlinks, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("symbolic links (-want +got):\n%s", diff)
	}
	if going == nil {
		if diff := cmp.Diff(before.Dirs, after.Dirs, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("empty directories (-want +got):\n%s", diff)
		}
		return
	}
	for _, prefix := range s.staying {
		if _, ok := after.Dirs[prefix]; !ok {
			t.Errorf("the empty directory %s is gone", prefix)
		}
	}
	left := slices.AppendSeq(slices.Collect(maps.Keys(after.Files)), maps.Keys(after.Symlinks))
	for prefix := range after.Dirs {
		name, _, _ := strings.Cut(prefix, "/_")
		used := slices.ContainsFunc(left, func(key string) bool { return strings.HasPrefix(key, name+"/_") })
		top := prefix == layout.Blobs || prefix == layout.Repositories
		if !top && !slices.Contains(s.staying, prefix) && !(used && skeleton.MatchString(prefix)) {
			t.Errorf("the empty directory %s is left", prefix)
		}
	}
}
