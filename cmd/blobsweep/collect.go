package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/spf13/cobra"
)

// findingExamples is how many findings of a kind gc prints; plan prints all.
const findingExamples = 5

// collection is one run of gc or plan.
type collection struct {
	flags    *flags
	opts     blobsweep.Options
	planOnly bool // plan: list every candidate
	stdout   io.Writer
	stderr   io.Writer // a progress bar where one is drawn
	bar      *progress // nil where none is
	cache    *clearing
}

// newCollect makes the command gc, or plan.
func newCollect(planOnly bool) *cobra.Command {
	f := defaultFlags()
	cmd := &cobra.Command{
		Use:   "gc [flags] REGISTRY",
		Short: "Remove what nothing needs",
		Long: "gc plans what can be removed from a registry, removes it, and reports.\n\n" +
			registryHelp + "\n\n" + exitStatuses,
		Example: `  blobsweep gc -d config.yml                   plan and summary, nothing is deleted
  blobsweep gc config.yml                      collect
  blobsweep gc -m --offline /var/lib/registry  untagged manifests too; the registry is stopped
  blobsweep gc -o json config.yml | jq .bytes`,
	}
	if planOnly {
		cmd.Use, cmd.Short = "plan [flags] REGISTRY", "List what gc would remove, and why"
		cmd.Long = "plan lists everything that gc would remove, each with its reason. It deletes nothing.\n\n" +
			registryHelp + "\n\n" + exitStatuses
		cmd.Example = `  blobsweep plan /var/lib/registry
  blobsweep plan -m -o json config.yml | jq '.candidates[] | select(.kind == "manifest")'`
	}
	cmd.Args = registryAnd(0, 0, "one REGISTRY")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts, err := f.options(cmd)
		if err != nil {
			return err
		}
		if !planOnly {
			if err := f.cache.check(cmd); err != nil {
				return err
			}
		}
		c := &collection{flags: f, opts: opts, planOnly: planOnly}
		return withRegistry(cmd, args[0], access{f.quiet, f.maxRequests}, c.run)
	}
	f.register(cmd, planOnly)
	return cmd
}

// run plans and collects, and prints the report.
func (c *collection) run(ctx context.Context, s *session) (err error) {
	c.stdout, c.stderr, c.bar = s.stdout, s.stderr, s.bar
	if s.bar != nil {
		c.opts.Progress = s.bar.show
	}
	c.opts.Logger, c.opts.Registry = s.logger, s.Name
	c.cache = &clearing{}
	if !c.planOnly {
		if c.cache, err = newClearing(ctx, s, c.flags.cache, c.flags.dryRun); err != nil {
			return err
		}
	}
	defer func() {
		if closeErr := c.cache.close(); err == nil && closeErr != nil {
			err = failed(closeErr)
		}
	}()
	return c.collect(ctx, s.Driver)
}

// collected is how a collection ended.
type collected struct {
	run     *blobsweep.Run
	report  blobsweep.Report
	details text.Details
	err     error // of the execution
}

// collect plans, executes unless it is a dry run, and prints the report.
func (c *collection) collect(ctx context.Context, driver storage.Driver) error {
	done, err := c.execute(ctx, driver)
	switch {
	case err != nil && ctx.Err() != nil:
		return failed(errInterrupted)
	case err != nil:
		return failed(fmt.Errorf("%w; nothing was deleted", err))
	}
	if !c.planOnly && !c.flags.dryRun {
		c.cache.finish(ctx)
		done.details.Cache = c.cache.line()
	}
	c.bar.done()
	if printErr := c.print(done); printErr != nil {
		return failed(errors.Join(fmt.Errorf("the report could not be printed: %w", printErr), done.err))
	}
	return c.cache.verdict(c.verdict(done))
}

// execute plans, and executes unless it is a dry run. It fails when there is no
// plan.
func (c *collection) execute(ctx context.Context, driver storage.Driver) (collected, error) {
	c.opts.OnRemoved = c.cache.removed
	run, err := blobsweep.Plan(ctx, driver, c.opts)
	if err != nil {
		return collected{}, err
	}
	done := collected{run: run, report: run.Report()}
	done.details.UploadsOlderThan = time.Duration(c.flags.uploadsOlderThan)
	switch {
	case !c.planOnly && !c.flags.dryRun:
		done.report, done.err = run.Execute(ctx, driver)
		done.details.Outcome = outcome(ctx, done.report, done.err)
	case len(done.report.BlockedBy) > 0:
		done.details.Outcome = text.Blocked
	}
	return done, nil
}

// outcome classifies the end of an execution.
func outcome(ctx context.Context, report blobsweep.Report, err error) text.Outcome {
	switch {
	case err == nil:
		return text.Done
	case errors.Is(err, blobsweep.ErrBlocked):
		return text.Blocked
	case ctx.Err() != nil:
		return text.Interrupted
	case errors.Is(err, blobsweep.ErrPartial) && len(report.Failed) > 0:
		return text.Partial
	}
	return text.Failed
}

// print writes the report, and for plan the candidates, to standard output.
func (c *collection) print(done collected) error {
	run, report, details := done.run, done.report, done.details
	if c.flags.output == formatJSON {
		encoder := json.NewEncoder(c.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if c.planOnly {
			return encoder.Encode(run)
		}
		return encoder.Encode(struct {
			blobsweep.Report
			Cache cacheReport `json:"cache"`
		}{report, c.cache.report()})
	}
	details.Reasons = text.Tally(run.Candidates())
	if !c.planOnly {
		details.Examples = findingExamples
		return text.Report(c.stdout, report, details)
	}
	if err := text.Candidates(c.stdout, run.Candidates()); err != nil {
		return err
	}
	return text.Report(c.stdout, report, details)
}

// verdict is the exit status of an outcome, with a line where the report alone
// would leave something unsaid.
func (c *collection) verdict(done collected) error {
	report, err := done.report, done.err
	switch done.details.Outcome {
	case text.Blocked:
		return &failure{status: statusBlocked, err: fmt.Errorf("blocked by %s; nothing was deleted", names(report.BlockedBy))}
	case text.Interrupted:
		return &failure{status: statusPartial, err: errors.New("interrupted while deleting; run it again to finish")}
	case text.Partial:
		return &failure{status: statusPartial, err: fmt.Errorf("%s could not be removed; the report names them", text.Numbered(len(report.Failed), "key"))}
	case text.Failed:
		if errors.Is(err, blobsweep.ErrPartial) {
			return &failure{status: statusPartial, err: err}
		}
		return failed(err)
	}
	return nil
}
