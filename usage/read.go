package usage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/internal/memo"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/sweep"
)

// Options of [Read].
type Options struct {
	// Plan are the options of both plans, and of the catalog as far as they fit.
	// DeleteUntagged and OnRemoved are not used.
	Plan blobsweep.Options
	// Detail asks for what repositories and images take.
	Detail bool
}

// Read reads a registry two or three times, but each manifest once as long as
// they take no more than 256 MiB together. With Detail it needs memory for the
// catalog: some 2 KiB a manifest.
//
// Any error other than the proven absence of a key ends it.
func Read(ctx context.Context, r storage.Reader, opts Options) (*Usage, error) {
	r = memo.Wrap(r, memo.DefaultLimit)
	start, before := time.Now(), requests(r)
	gc, err := plan(ctx, r, opts.Plan, false)
	if err != nil {
		return nil, err
	}
	untagged, err := plan(ctx, r, opts.Plan, true)
	if err != nil {
		return nil, err
	}
	u := summarize(gc, untagged)
	if opts.Detail {
		if u.Detail, err = detail(ctx, r, opts.Plan, untagged); err != nil {
			return nil, err
		}
	}
	u.Requests, u.Seconds = requests(r).Sub(before), time.Since(start).Seconds()
	return u, nil
}

func requests(r storage.Reader) storage.Requests {
	if counter, ok := r.(storage.Requester); ok {
		return counter.Requests()
	}
	return storage.Requests{}
}

// plan plans in one of the two modes.
func plan(ctx context.Context, r storage.Reader, opts blobsweep.Options, untagged bool) (*blobsweep.Run, error) {
	opts.DeleteUntagged = untagged
	run, err := blobsweep.Plan(ctx, r, opts)
	if err != nil && untagged {
		return nil, fmt.Errorf("with untagged manifests: %w", err)
	}
	return run, err
}

// summarize takes the figures from the plans.
func summarize(gc, untagged *blobsweep.Run) *Usage {
	first, second := gc.Report(), untagged.Report()
	u := &Usage{
		Registry:     first.Registry,
		Grace:        first.Grace,
		Repositories: first.Repositories,
		Tags:         second.Tags, // all of them are read there
		GC:           Mode{DeleteUntagged: false, Counts: first.Counts, BlockedBy: first.BlockedBy},
		GCUntagged:   Mode{DeleteUntagged: true, Counts: second.Counts, BlockedBy: second.BlockedBy},
		Findings:     union(first.Findings, second.Findings),
		StartedAt:    first.StartedAt,
	}
	pendingGC, pendingUntagged := pending(gc), pending(untagged)
	a, b := first.Counts, second.Counts
	known := func(n int64) *int64 { return &n }
	u.Types = []Type{
		{
			Name: Manifests, Total: a.Manifests.Total, Active: b.Manifests.Marked,
			GC: Share{Count: a.Manifests.Eligible}, GCUntagged: Share{Count: b.Manifests.Eligible},
		},
		{
			Name: Blobs, Total: a.Blobs.Total, Active: b.Blobs.Marked, Bytes: known(a.Bytes.Total),
			GC:         Share{a.Blobs.Eligible, a.Bytes.Reclaimable},
			GCUntagged: Share{b.Blobs.Eligible, b.Bytes.Reclaimable},
		},
		{
			Name: LayerLinks, Total: a.LayerLinks.Total, Active: b.LayerLinks.Total - b.LayerLinks.Eligible - b.LayerLinks.Recent,
			GC: Share{Count: a.LayerLinks.Eligible}, GCUntagged: Share{Count: b.LayerLinks.Eligible},
		},
		{
			Name: Uploads, Total: a.Uploads.Total, Active: a.Uploads.Recent, Bytes: known(a.Bytes.Uploads),
			GC:         Share{a.Uploads.Eligible, pendingGC[sweep.Upload]},
			GCUntagged: Share{b.Uploads.Eligible, pendingUntagged[sweep.Upload]},
		},
	}
	if a.MultipartUploads.Total+b.MultipartUploads.Total > 0 {
		t := Type{
			Name: MultipartUploads, Total: a.MultipartUploads.Total, Active: a.MultipartUploads.Recent,
			GC:         Share{a.MultipartUploads.Eligible, pendingGC[sweep.MultipartUpload]},
			GCUntagged: Share{b.MultipartUploads.Eligible, pendingUntagged[sweep.MultipartUpload]},
		}
		if t.Active == 0 { // of those under way, nobody asks for the parts
			t.Bytes = known(t.GC.Bytes)
		}
		u.Types = append(u.Types, t)
	}
	return u
}

// pending adds up the bytes of uploads that a plan removes, by kind.
func pending(run *blobsweep.Run) map[sweep.CandidateKind]int64 {
	bytes := map[sweep.CandidateKind]int64{}
	for c := range run.Candidates() {
		if c.Kind == sweep.Upload || c.Kind == sweep.MultipartUpload {
			bytes[c.Kind] += max(c.Bytes, 0)
		}
	}
	return bytes
}

// union joins findings, each once.
func union(a, b []mark.Finding) []mark.Finding {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b mark.Finding) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Detail, b.Detail))
	})
	return append([]mark.Finding{}, slices.Compact(all)...)
}
