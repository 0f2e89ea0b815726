package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/blobsweep/blobsweep/bench/compare"
	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/bench/scale"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
)

// runScale is the argument with which scale runs this program again.
const runScale = "run-scale"

// scaleSizes are those of a plan unless told otherwise.
var scaleSizes = []int64{1_000_000, 10_000_000, 100_000_000}

func newScale() *cobra.Command {
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:   "scale [BLOBS...]",
		Short: "Plan registries that exist nowhere, of up to a hundred million blobs",
		Long: `scale plans the collection of registries whose listings and manifests are made up
on the fly, so that no disk is needed: as of an object store that answers at once.
Reported are the time, the peak of memory, and the bytes that the mark set takes
for each digest that is marked. Each plan is a process of its own.

Without BLOBS it plans 1,000,000, 10,000,000 and 100,000,000 of them. The last
takes several minutes and some 2 GiB of memory.

` + exitStatuses,
		Example: `  blobsweep-bench scale 1000000`,
		RunE: func(cmd *cobra.Command, args []string) error {
			sizes := scaleSizes
			if len(args) > 0 {
				var err error
				if sizes, err = parseSizes(args); err != nil {
					return err
				}
			}
			var plans []result.Scale
			for _, blobs := range sizes {
				s, err := planApart(cmd.Context(), blobs, logTo(cmd.ErrOrStderr(), quiet))
				if err != nil {
					return failed(err)
				}
				plans = append(plans, s)
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return failed(encoder.Encode(result.Document{Machine: compare.Machine(), Scale: plans}))
			}
			return failed(writeScale(cmd.OutOrStdout(), plans))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "the results only")
	return cmd
}

func parseSizes(args []string) ([]int64, error) {
	var sizes []int64
	for _, arg := range args {
		n, err := strconv.ParseInt(strings.NewReplacer(",", "", "_", "").Replace(arg), 10, 64)
		if err != nil || n < 1 {
			return nil, usagef("%q is no number of blobs; write 1000000", arg)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

// newRunScale makes the command that plans in this process.
func newRunScale() *cobra.Command {
	return &cobra.Command{
		Use: runScale, Short: "One plan", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sizes, err := parseSizes(args)
			if err != nil {
				return err
			}
			debug.SetGCPercent(compare.GCPercent)
			s, err := scale.Plan(cmd.Context(), sizes[0], scale.Options{})
			if err != nil {
				return failed(err)
			}
			return failed(json.NewEncoder(cmd.OutOrStdout()).Encode(s))
		},
	}
}

// planApart plans in a process that does nothing else.
func planApart(ctx context.Context, blobs int64, logLine func(string)) (s result.Scale, err error) {
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	command := exec.CommandContext(ctx, self, runScale, strconv.FormatInt(blobs, 10))
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	logLine("planning " + humanize.Comma(blobs) + " blobs")
	if err := command.Run(); err != nil {
		return s, errors.Join(fmt.Errorf("plan %d blobs: %w: %s", blobs, err, strings.TrimSpace(stderr.String())), ctx.Err())
	}
	err = json.Unmarshal(stdout.Bytes(), &s)
	s.Commit = compare.Commit(ctx)
	return s, err
}

func writeScale(w io.Writer, plans []result.Scale) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	rows := []string{"blobs\tmanifests\tmarked\teligible\twall\tCPU\tpeak\tbytes a digest\t"}
	for _, s := range plans {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%.1f s\t%.1f s\t%s\t%.1f\t", humanize.Comma(s.Blobs), humanize.Comma(s.Manifests),
			humanize.Comma(s.Marked), humanize.Comma(s.Eligible), s.Wall, s.CPU, humanize.IBytes(uint64(s.Peak)), s.BytesPerDigest))
	}
	if _, err := fmt.Fprintln(table, strings.Join(rows, "\n")); err != nil {
		return err
	}
	return table.Flush()
}
