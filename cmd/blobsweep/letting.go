package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
	"github.com/spf13/cobra"
)

// letting is the work of a command that lets go of tags and manifests.
type letting struct {
	*session
	flags     *flags
	opts      blobsweep.Options // as the flags say
	collects  bool              // collect afterwards
	cache     *clearing
	startedAt time.Time
	// text, when set, prints the plan instead of text.Release, and document makes
	// what is printed as JSON of the report.
	text     func(text.ReleaseDetails) error
	document func(*lettingReport) any
}

// lettingReport is what such a command prints as JSON.
type lettingReport struct {
	Registry string     `json:"registry"`
	DryRun   bool       `json:"dryRun"`
	Untagged []untagged `json:"untagged"`
	Deleted  []deleted  `json:"deleted"`
	Kept     []kept     `json:"kept"`
	// LayerLinks and Uploads are numbers.
	LayerLinks int             `json:"layerLinks"`
	Uploads    int             `json:"uploads"`
	BlockedBy  []sweep.Blocker `json:"blockedBy"`
	// Failed names every key that could not be deleted.
	Failed    []sweep.Failure  `json:"failed"`
	Findings  []mark.Finding   `json:"findings"`
	Requests  storage.Requests `json:"requests"`
	StartedAt time.Time        `json:"startedAt"`
	Seconds   float64          `json:"seconds"`
	Cache     cacheReport      `json:"cache"`
	// GC is that of the collection, where there was one.
	GC *blobsweep.Report `json:"gc,omitempty"`
}

type untagged struct {
	Repository string        `json:"repository"`
	Tag        string        `json:"tag"`
	Digest     digest.Digest `json:"digest"` // empty where it named none
	Reason     string        `json:"reason"`
}

type deleted struct {
	Repository string        `json:"repository"`
	Digest     digest.Digest `json:"digest"`
	Reason     string        `json:"reason"`
}

type kept struct {
	Kind       release.Kind  `json:"kind"`
	Repository string        `json:"repository"`
	Tag        string        `json:"tag"`
	Digest     digest.Digest `json:"digest"`
	Upload     string        `json:"upload"`
	Cause      release.Cause `json:"cause"`
	By         string        `json:"by"`
	Reason     string        `json:"reason"`
}

// lettingOptions checks the flags of a command that lets go of tags, and collects
// afterwards or not.
func (f *flags) lettingOptions(cmd *cobra.Command, collects bool) (blobsweep.Options, error) {
	opts, err := f.options(cmd)
	if err != nil {
		return opts, err
	}
	if collects && f.dryRun {
		return opts, usagef("--gc with --dry-run: what a collection reclaims is known only once the tags are gone").
			hint("Leave out one of them. What goes as it is now is told by blobsweep plan.")
	}
	return opts, f.cache.check(cmd)
}

// catalog is how a catalog is read.
func (l *letting) catalog() catalog.Options {
	opts := catalog.Options{MaxManifestSize: l.opts.MaxManifestSize, Workers: l.opts.Workers, Logger: l.logger}
	if l.bar != nil {
		opts.Progress = func(manifests int64) {
			l.bar.show(blobsweep.Progress{Phase: "reading manifests", Done: manifests})
		}
	}
	return opts
}

// release is how tags and manifests are let go of.
func (l *letting) release() release.Options {
	opts := release.Options{
		Offline: l.opts.Offline, Grace: l.opts.Grace, AcceptRisk: l.opts.AcceptRisk,
		Workers: l.opts.Workers, Logger: l.logger, OnRemoved: l.cache.removed,
	}
	if l.bar != nil {
		opts.Progress = l.bar.show
	}
	return opts
}

// start begins the work of a command, and hands it on; what the registry's cache
// holds of what is removed is cleared in the end.
func (l *letting) start(ctx context.Context, s *session, work func(context.Context) error) (err error) {
	l.session, l.startedAt = s, time.Now()
	if l.cache, err = newClearing(ctx, s, l.flags.cache, l.flags.dryRun); err != nil {
		return err
	}
	defer func() {
		if closeErr := l.cache.close(); err == nil && closeErr != nil {
			err = failed(closeErr)
		}
	}()
	return work(ctx)
}

// run executes a plan unless it is a dry run, says what was done, and collects
// if that was asked for and all went well.
func (l *letting) run(ctx context.Context, c *catalog.Catalog, plan *release.Plan) error {
	var err error
	switch {
	case !l.flags.dryRun:
		err = plan.Execute(ctx, l.Driver)
	case len(plan.BlockedBy()) > 0:
		err = sweep.ErrBlocked
	}
	verdict := l.verdict(ctx, plan, err)
	collects := l.collects && verdict == nil
	asText := l.flags.output == formatText
	var printing error
	if asText {
		l.bar.done()
		printing = l.say(plan, text.ReleaseDetails{DryRun: l.flags.dryRun, Findings: c.Findings, Collects: collects})
	}
	gc := &collection{flags: l.flags, opts: l.opts, stdout: l.stdout, stderr: l.stderr, bar: l.bar, cache: l.cache}
	var done collected
	if collects && printing == nil {
		done, verdict = l.collect(ctx, gc)
	}
	if !l.flags.dryRun {
		l.cache.finish(ctx)
	}
	l.bar.done()
	switch {
	case printing != nil:
	case !asText:
		printing = l.printJSON(l.encode(l.report(c, plan, done)))
	case done.run != nil:
		done.details.Cache = l.cache.line()
		if _, printing = fmt.Fprintln(l.stdout); printing == nil {
			printing = gc.print(done)
		}
	case l.cache.line() != "":
		_, printing = fmt.Fprintln(l.stdout, l.cache.line())
	}
	if printing != nil {
		return failed(errors.Join(fmt.Errorf("the report could not be printed: %w", printing), verdict))
	}
	return l.cache.verdict(verdict)
}

// say prints a plan, or what became of it.
func (l *letting) say(plan *release.Plan, details text.ReleaseDetails) error {
	if l.text != nil {
		return l.text(details)
	}
	return text.Release(l.stdout, plan, details)
}

// encode makes the document of a report.
func (l *letting) encode(r *lettingReport) any {
	if l.document != nil {
		return l.document(r)
	}
	return r
}

// collect collects what the removed manifests alone needed, and whatever else
// nothing needs.
func (l *letting) collect(ctx context.Context, gc *collection) (collected, error) {
	gc.opts.Logger, gc.opts.Registry = l.logger, l.Name
	if l.bar != nil {
		gc.opts.Progress = l.bar.show
	}
	done, err := gc.execute(ctx, l.Driver)
	switch {
	case err != nil && ctx.Err() != nil:
		return done, &failure{status: statusPartial, err: errors.New("interrupted before the collection deleted anything; blobsweep gc finishes the work")}
	case err != nil:
		return done, failed(fmt.Errorf("the collection failed and deleted nothing: %w", err))
	}
	if len(done.report.BlockedBy) > 0 {
		return done, &failure{status: statusBlocked, err: fmt.Errorf("the collection is blocked by %s, and deleted nothing", names(done.report.BlockedBy))}
	}
	return done, gc.verdict(done)
}

// report is what was done, or what would be.
func (l *letting) report(c *catalog.Catalog, plan *release.Plan, done collected) *lettingReport {
	dry := l.flags.dryRun
	r := &lettingReport{
		Registry: l.Name, DryRun: dry, Untagged: []untagged{}, Deleted: []deleted{}, Kept: []kept{},
		BlockedBy: append([]sweep.Blocker{}, plan.BlockedBy()...), Failed: append([]sweep.Failure{}, plan.Failed()...),
		Findings: append([]mark.Finding{}, c.Findings...), StartedAt: l.startedAt.UTC(),
	}
	steps := plan.Done()
	if dry {
		steps = plan.Steps()
	}
	for s := range steps {
		switch s.Kind {
		case release.Tag:
			r.Untagged = append(r.Untagged, untagged{s.Repository, s.Tag, s.Digest, s.Reason})
		case release.Manifest:
			r.Deleted = append(r.Deleted, deleted{s.Repository, s.Digest, s.Reason})
		case release.LayerLink:
			r.LayerLinks++
		case release.Upload:
			r.Uploads += max(s.Count, 1)
		}
	}
	for k := range plan.Kept() {
		r.Kept = append(r.Kept, kept{k.Kind, k.Repository, k.Tag, k.Digest, k.Upload, k.Cause, k.By, k.Reason})
	}
	if done.run != nil {
		r.GC = &done.report
	}
	r.Cache = l.cache.report()
	r.Seconds = time.Since(l.startedAt).Seconds()
	if counter, ok := l.Driver.(storage.Requester); ok {
		r.Requests = counter.Requests()
	}
	return r
}

// verdict is the exit status of an execution.
func (l *letting) verdict(ctx context.Context, plan *release.Plan, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sweep.ErrBlocked):
		return &failure{status: statusBlocked, err: fmt.Errorf("blocked by %s; nothing was deleted", names(plan.BlockedBy()))}
	case ctx.Err() != nil:
		return &failure{status: statusPartial, err: errors.New("interrupted while deleting; the report says what is left, and how to finish")}
	case errors.Is(err, sweep.ErrPartial) && len(plan.Failed()) > 0:
		return &failure{status: statusPartial, err: fmt.Errorf("%s could not be removed; the report names them", text.Numbered(len(plan.Failed()), "key"))}
	case errors.Is(err, sweep.ErrPartial):
		return &failure{status: statusPartial, err: err}
	}
	return failed(err)
}
