package blobsweep

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"

	"github.com/blobsweep/blobsweep/internal/effort"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/sweep"
)

// Errors of a collection, for errors.Is.
var (
	// ErrBlocked says that the plan must not be executed; nothing was deleted.
	ErrBlocked = sweep.ErrBlocked
	// ErrPartial says that not everything planned was deleted: the report
	// names the keys that failed, or the run was interrupted.
	ErrPartial = sweep.ErrPartial
	// ErrExecuted says that a plan was executed before: a plan runs once.
	ErrExecuted = sweep.ErrExecuted
)

// Run is one collection: a sweep.Plan with its report, executed at most once. Its methods must
// not be called concurrently with Execute.
type Run struct {
	plan   *sweep.Plan
	opts   Options
	dryRun bool
	effort effort.Effort
}

// Plan reads a registry and says what would be removed and why. It takes a
// Reader: planning cannot delete.
//
// It reads every directory or page and every manifest once; past some 400,000
// images, a manifest that several repositories link may be read once for each of
// them. Any error other than the proven absence of a key ends it; there is no
// partial plan. Memory is 10 to 16 bytes a marked digest, 40 an orphan, some 200
// any other candidate, and up to 128 MiB for what manifests reference.
func Plan(ctx context.Context, r storage.Reader, opts Options) (*Run, error) {
	run := &Run{opts: opts, dryRun: true}
	done := run.effort.Measure(r)
	plan, err := sweep.New(ctx, r, opts.sweep())
	done()
	if err != nil {
		return nil, err
	}
	run.plan = plan
	return run, nil
}

// Candidates yields everything that the plan removes, with the reason, in the
// order of removal.
func (r *Run) Candidates() iter.Seq[Candidate] { return r.plan.Candidates() }

// Report says what was found and, once executed, what was done.
func (r *Run) Report() Report {
	return Report{
		Registry:       r.opts.Registry,
		DryRun:         r.dryRun,
		DeleteUntagged: r.opts.DeleteUntagged,
		Grace:          r.plan.Grace().String(),
		Counts:         r.plan.Counts(),
		Requests:       r.effort.Requests,
		Findings:       list(r.plan.Findings()),
		BlockedBy:      list(r.plan.BlockedBy()),
		Failed:         list(r.plan.Failed()),
		StartedAt:      r.plan.StartedAt().UTC(),
		Seconds:        r.effort.Took.Seconds(),
	}
}

// list makes an empty list of none, which JSON tells apart.
func list[T any](l []T) []T { return append([]T{}, l...) }

// MarshalJSON gives the report with the list of candidates.
func (r *Run) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Report
		Candidates []Candidate `json:"candidates"`
	}{r.Report(), list(slices.Collect(r.Candidates()))})
}

// Execute removes what was planned from the driver that was planned on. The
// report is valid whatever the error:
//
//   - [ErrBlocked]: the plan must not be executed, and nothing was deleted;
//   - [ErrPartial]: something planned is still there, because deleting failed
//     or ctx ended (then the error wraps its cause as well); a directory that
//     turned out not to be empty, or that the driver cannot remove, is none;
//   - [ErrExecuted]: the plan was executed before.
//
// Execute does not look again: what was planned goes, also when a registry in
// use has come to need it since (docs/semantics.md, law 6). Execute a plan at
// once, and unless the registry is stopped or read-only, in a quiet hour.
func (r *Run) Execute(ctx context.Context, d storage.Driver) (Report, error) {
	done := r.effort.Measure(d)
	err := r.plan.Execute(ctx, d)
	done()
	if !errors.Is(err, ErrBlocked) {
		r.dryRun = false
	}
	return r.Report(), err
}

// Collect plans and executes. The report is empty when planning fails; see
// [Run.Execute] for the other errors.
func Collect(ctx context.Context, d storage.Driver, opts Options) (Report, error) {
	run, err := Plan(ctx, d, opts)
	if err != nil {
		return Report{}, err
	}
	return run.Execute(ctx, d)
}
