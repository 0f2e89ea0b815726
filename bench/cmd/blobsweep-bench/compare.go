package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/bench/compare"
	"github.com/blobsweep/blobsweep/bench/report"
	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/spf13/cobra"
)

// comparison is one run of compare.
type comparison struct {
	registryFlags
	storage    string
	delays     []time.Duration
	noUpstream bool
	output     string
	suite      string
	quiet      bool
	compare.Case
	compare.Options
}

// outputs are how results can be printed.
var outputs = []string{"table", "json", "benchfmt"}

func newCompare() *cobra.Command {
	var c comparison
	cmd := &cobra.Command{
		Use:   "compare [flags]",
		Short: "Measure blobsweep, upstream and a bare walk in turn",
		Long: `compare lays out a registry in a temporary directory, or in a bucket of an S3
server that it starts, and lets the collectors work on it in turn: after one round
to warm up, in which their results are compared with the truth, as many rounds as
are asked for. Each run is a process of its own. Reported are the medians of wall
time, processor time, peak memory and requests, and system calls where strace is.

With --execute what is garbage is really deleted, and put back before the next
run, outside of the time that counts. With --delay each request to the S3 server,
or each operation on a file or directory, takes that much longer. Upstream may take
minutes: see --upstream-rounds.

--suite ci does a fixed set of small comparisons instead, and fails when a ratio
misses its bar. It takes about two minutes, and S3 for the first time some more,
until the server is built.

Results go to standard output: as a table, as JSON, or in Go's benchmark format,
which benchstat reads.

` + shapesHelp() + "\n\n" + exitStatuses,
		Example: `  blobsweep-bench compare --blobs 20000 --rounds 5
  blobsweep-bench compare --blobs 20000 -m --execute --upstream-rounds 1
  blobsweep-bench compare --shape links --no-upstream -o benchfmt > new.txt
  blobsweep-bench compare --storage s3 --shape small --delay 0s,5ms,20ms --upstream-rounds 1
  blobsweep-bench compare --suite ci`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Log = logTo(cmd.ErrOrStderr(), c.quiet)
			if err := c.check(); err != nil {
				return err
			}
			if c.suite != "" {
				return c.ci(cmd)
			}
			return c.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	c.register(cmd)
	return cmd
}

func (c *comparison) register(cmd *cobra.Command) {
	c.registryFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&c.storage, "storage", compare.Filesystem, "where the registry is: filesystem, or s3")
	flags.DurationSliceVar(&c.delays, "delay", []time.Duration{0}, "what is added to each request; several are compared one after the other")
	flags.BoolVarP(&c.DeleteUntagged, "delete-untagged", "m", false, "remove manifests that no tag leads to")
	flags.BoolVar(&c.Execute, "execute", false, "really delete, instead of a dry run")
	flags.IntVar(&c.Rounds, "rounds", compare.DefaultRounds, "rounds that count")
	flags.IntVar(&c.UpstreamRounds, "upstream-rounds", 0, "those of upstream (default: as many)")
	flags.BoolVar(&c.noUpstream, "no-upstream", false, "leave upstream out")
	flags.BoolVar(&c.ColdUpstream, "cold-upstream", false, "no round of upstream to warm up")
	flags.IntVar(&c.Workers, "workers", 0, "requests of blobsweep in flight, and readers of the walk (default: their own)")
	flags.BoolVar(&c.SystemCalls, "system-calls", true, "count them in a run of their own, where strace is")
	flags.StringVar(&c.Dir, "dir", "", "where to make the temporary directory (default: $TMPDIR)")
	flags.StringVarP(&c.output, "output", "o", outputs[0], "how to print the results: "+strings.Join(outputs, ", "))
	flags.StringVar(&c.suite, "suite", "", "ci: the comparisons of the gate, with their bars")
	flags.BoolVarP(&c.quiet, "quiet", "q", false, "the results only")
}

func (c *comparison) check() error {
	switch {
	case !slices.Contains(outputs, c.output):
		return usagef("--output %q is none of %s", c.output, strings.Join(outputs, ", "))
	case c.suite != "" && c.suite != "ci":
		return usagef("there is no suite %q; there is ci", c.suite)
	case c.storage != compare.Filesystem && c.storage != compare.S3:
		return usagef("there is no storage %q; there are %s and %s", c.storage, compare.Filesystem, compare.S3)
	case c.Rounds < 1:
		return usagef("--rounds %d: at least one has to count", c.Rounds)
	case c.UpstreamRounds < 0:
		return usagef("--upstream-rounds %d is negative; say --no-upstream to leave it out", c.UpstreamRounds)
	case c.noUpstream && c.UpstreamRounds > 0:
		return usagef("--no-upstream and --upstream-rounds contradict each other; leave out one of them")
	case c.Workers < 0:
		return usagef("--workers %d is negative; leave it out for the default", c.Workers)
	case slices.ContainsFunc(c.delays, func(d time.Duration) bool { return d < 0 }):
		return usagef("--delay must not be negative")
	}
	if c.noUpstream {
		c.UpstreamRounds = -1
	}
	return nil
}

// run does the comparisons, and prints those that are done also when one fails.
func (c *comparison) run(ctx context.Context, stdout io.Writer) (err error) {
	if _, err := c.workload(); err != nil {
		return err
	}
	registry, err := compare.Lay(ctx, c.storage, c.spec, c.Options)
	if err != nil {
		return failed(err)
	}
	defer func() { err = failed(errors.Join(err, registry.Close())) }()
	document := result.Document{Machine: compare.Machine()}
	for _, delay := range c.delays {
		c.Delay = delay
		done, err := registry.Compare(ctx, c.Case)
		if err != nil {
			return errors.Join(err, c.print(stdout, document))
		}
		document.Put(done)
	}
	return c.print(stdout, document)
}

// ci does the suite, and prints its results and bars whatever comes of them.
func (c *comparison) ci(cmd *cobra.Command) error {
	comparisons, verdicts, err := compare.CI(cmd.Context(), c.Options)
	stdout := cmd.OutOrStdout()
	printErr := c.print(stdout, result.Document{Machine: compare.Machine(), Comparisons: comparisons})
	if c.output == outputs[0] {
		_, lineErr := fmt.Fprintln(stdout)
		printErr = errors.Join(printErr, lineErr, compare.WriteVerdicts(stdout, verdicts))
	}
	if errors.Is(err, compare.ErrMissed) {
		for _, v := range verdicts {
			if !v.Holds() {
				err = fmt.Errorf("%w\n  %s", err, v)
			}
		}
	}
	return failed(errors.Join(err, printErr))
}

func (c *comparison) print(w io.Writer, d result.Document) error {
	switch c.output {
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(d)
	case "benchfmt":
		return report.Benchfmt(w, d)
	}
	return report.Table(w, d.Comparisons)
}
