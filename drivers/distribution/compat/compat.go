// Package compat has the shape of the collector that CNCF Distribution carries
// in registry/storage, so that a program that calls that one switches by
// changing an import:
//
//   - import "github.com/distribution/distribution/v3/registry/storage"
//
//   - import storage "github.com/blobsweep/blobsweep/drivers/distribution/compat"
//
//     err := storage.MarkAndSweep(ctx, driver, registry, storage.GCOpts{RemoveUntagged: true})
//
// It promises what blobsweep.Collect promises, and like the original it
// demands that the registry is stopped or read-only while it runs.
package compat

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/blobsweep/blobsweep"
	bridge "github.com/blobsweep/blobsweep/drivers/distribution"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/registry/storage/driver"
)

// GCOpts are the options of the original and, below them, what a library needs
// that does not print by itself.
type GCOpts struct {
	// DryRun plans and removes nothing.
	DryRun bool
	// RemoveUntagged removes manifests that no tag needs.
	RemoveUntagged bool
	// Quiet leaves Output unused.
	Quiet bool

	// Output receives what is eligible, line by line, as the original prints
	// it to the standard output; nil discards it.
	Output io.Writer
	// Logger receives what happens along the way; nil discards it.
	Logger *slog.Logger
}

// MarkAndSweep removes what nothing in the registry needs. Nothing may write
// to the storage while it runs: there is no grace period, and directories are
// deleted by calls that do not spare what is written into them meanwhile.
//
// The storage is read directly; registry is not used and may be nil.
//
// When the plan is blocked it removes nothing and fails with
// blobsweep.ErrBlocked, in a dry run too. When some deletes failed, the rest
// is done and it fails with blobsweep.ErrPartial.
func MarkAndSweep(ctx context.Context, storageDriver driver.StorageDriver, registry distribution.Namespace, opts GCOpts) error {
	d := bridge.New(storageDriver, bridge.Options{PruneDirectories: true})
	run, err := blobsweep.Plan(ctx, d, blobsweep.Options{
		DeleteUntagged: opts.RemoveUntagged,
		Offline:        true,
		Registry:       d.Name(),
		Logger:         opts.Logger,
	})
	if err != nil {
		return err
	}
	if opts.Output != nil && !opts.Quiet {
		if err := printPlan(opts.Output, run); err != nil {
			return fmt.Errorf("print the plan: %w", err)
		}
	}
	if !opts.DryRun {
		_, err := run.Execute(ctx, d)
		return err
	}
	return blocked(run.Report())
}

// blocked is what Execute would answer to a blocked plan.
func blocked(report blobsweep.Report) error {
	if len(report.BlockedBy) == 0 {
		return nil
	}
	names := make([]string, len(report.BlockedBy))
	for i, blocker := range report.BlockedBy {
		names[i] = string(blocker)
	}
	return fmt.Errorf("%w (%s)", blobsweep.ErrBlocked, strings.Join(names, ", "))
}

// printPlan prints what was found and what would go.
func printPlan(w io.Writer, run *blobsweep.Run) error {
	report := run.Report()
	p := printer{w: w}
	for _, finding := range report.Findings {
		p.line("%s: %s: %s", finding.Kind, finding.Key, finding.Detail)
	}
	for _, blocker := range report.BlockedBy {
		p.line("blocked by %s", blocker)
	}
	p.line("%d blobs marked, %d blobs and %d manifests eligible for deletion",
		report.Blobs.Marked, report.Blobs.Eligible, report.Manifests.Eligible)
	for c := range run.Candidates() {
		p.line("%s", describe(c))
	}
	return p.err
}

// describe says what a candidate is and why it goes.
func describe(c sweep.Candidate) string {
	var name []string
	for _, part := range []string{c.Repository, c.Tag, c.Upload, string(c.Digest), c.Key} {
		if part != "" {
			name = append(name, part)
		}
	}
	kind := strings.ReplaceAll(string(c.Kind), "-", " ")
	return fmt.Sprintf("%s eligible for deletion: %s (%s)", kind, strings.Join(name, " "), c.Reason)
}

// printer prints lines until one fails.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
