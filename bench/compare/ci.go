package compare

import (
	"context"
	"errors"
	"slices"

	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/bench/workload"
)

// trial is a registry with the cases that are compared on it.
type trial struct {
	storage string
	spec    workload.Spec
	cases   []barred
}

// barred is a case with its bars.
type barred struct {
	Case
	bars []Bar
}

// ci is what a change is held to, on registries so small that it takes a minute
// or two. Counts are the same each time, so that their bars are just above what
// they are: one more request or call for each blob, manifest or tag passes them
// by far. A bar on times leaves room for a machine that does other things
// besides; that on processor time less, as others do not add to it. Where several
// workers wait side by side a wait hides: with one worker it does not.
var ci = []trial{
	{Filesystem, workload.Spec{Shape: "typical", Blobs: 12_000, Seed: 1}, []barred{
		{Case{Rounds: 5, UpstreamRounds: 2, SystemCalls: true}, []Bar{
			{fasterThanUpstream, 8, "the second promise, on a filesystem"},
			{cheaperThanUpstream, 7, "the same, whatever else the machine does"},
			{wallOfWalk, 4, "work that is not reading, or not done side by side"},
			{cpuOfWalk, 2.2, "work that is not reading"},
			{requestsOfWalk, 2.05, "a stat or read for each blob, link or tag"},
			{callsOfWalk, 0.7, "the same, past what the driver counts"},
		}},
		{Case{Rounds: 5, UpstreamRounds: never, Workers: 1}, []Bar{
			{wallOfWalk, 4, "a wait for each manifest or blob"},
			{wallOfCPU, 2, "the same"},
		}},
		{Case{Rounds: 3, UpstreamRounds: 2, ColdUpstream: true, DeleteUntagged: true}, []Bar{
			{fasterThanUpstream, 6, "tags as roots"},
			{cheaperThanUpstream, 7, "the same, whatever else the machine does"},
			{requestsOfWalk, 5, "a stat or read for each blob, link or tag"},
		}},
		{Case{Rounds: 2, UpstreamRounds: once, ColdUpstream: true, Execute: true}, []Bar{
			{fasterThanUpstream, 3, "deletions, and what is read for them"},
		}},
	}},
	{S3, workload.Spec{Shape: "typical", Blobs: 500, Seed: 1}, []barred{
		{Case{Rounds: 2, UpstreamRounds: once, ColdUpstream: true, Delay: near}, []Bar{
			{fasterThanUpstream, 15, "requests one after the other"},
			{requestsOfFloor, 1.25, "requests that need not be; dividing listings may cost 16, of which most here"},
		}},
	}},
	{S3, workload.Spec{Shape: "typical", Blobs: 4_000, Seed: 1}, []barred{
		{Case{Rounds: 2, UpstreamRounds: never, Delay: near}, []Bar{
			{requestsOfFloor, 1.08, "requests that need not be, for each manifest or page"},
		}},
		{Case{Rounds: 2, UpstreamRounds: never, DeleteUntagged: true, Execute: true, Delay: near}, []Bar{
			{requestsOfFloor, 1.08, "the same for each tag, and deletions that are not sent together"},
		}},
	}},
}

// patience is how often a bar on times is measured again before it is missed.
const patience = 2

// ErrMissed says that a bar was missed.
var ErrMissed = errors.New("bars were missed")

// CI does the small comparison that holds changes to their bars. It returns all
// results, and fails with [ErrMissed] when there are bars that do not hold. A
// bar on times that does not hold is measured again, twice: then it counts.
func CI(ctx context.Context, opts Options) ([]result.Comparison, []Verdict, error) {
	var comparisons []result.Comparison
	var verdicts []Verdict
	for _, t := range ci {
		c, v, err := t.run(ctx, opts)
		comparisons, verdicts = append(comparisons, c...), append(verdicts, v...)
		if err != nil {
			return comparisons, verdicts, err
		}
	}
	if slices.ContainsFunc(verdicts, func(v Verdict) bool { return !v.Holds() }) {
		return comparisons, verdicts, ErrMissed
	}
	return comparisons, verdicts, nil
}

func (t trial) run(ctx context.Context, opts Options) (comparisons []result.Comparison, verdicts []Verdict, err error) {
	r, err := Lay(ctx, t.storage, t.spec, opts)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, c := range t.cases {
		comparison, err := r.Compare(ctx, c.Case)
		if err != nil {
			return comparisons, verdicts, err
		}
		for range patience {
			if !worthAnother(judge(comparison, c.bars)) {
				break
			}
			opts.logf("  a bar on times does not hold: measured again")
			if err := r.Again(ctx, c.Case, &comparison); err != nil {
				return comparisons, verdicts, err
			}
		}
		comparisons = append(comparisons, comparison)
		verdicts = append(verdicts, judge(comparison, c.bars)...)
	}
	return comparisons, verdicts, nil
}

// worthAnother reports whether measuring again can make a difference: bars do not
// hold, and all of these are on times.
func worthAnother(verdicts []Verdict) bool {
	missed := 0
	for _, v := range verdicts {
		switch {
		case v.Holds():
		case !v.Figure.Timed:
			return false
		default:
			missed++
		}
	}
	return missed > 0
}
