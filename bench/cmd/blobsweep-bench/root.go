package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/bench/compare"
	"github.com/blobsweep/blobsweep/bench/workload"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
)

const rootLong = `blobsweep-bench makes up container registries and measures collectors on them:
blobsweep, upstream (MarkAndSweep of CNCF Distribution, as a library), and a bare
walk, which reads the same directories and manifests and does nothing else.

A registry has a shape, a number of blobs and a seed; the same three give the
same registry on every machine. What a collector removes is compared with what it
must remove, to the digest: a result that differs is an error, not a figure.`

const exitStatuses = `Exit status:
  0  done
  1  failed, a result differs from the truth, or a bar was missed
  2  usage`

func newRoot(stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "blobsweep-bench",
		Short: "Make up registries and measure collectors on them",
		Long:  rootLong + "\n\n" + shapesHelp() + "\n\n" + exitStatuses,
		Example: `  blobsweep-bench compare --blobs 10000                 all three, on a temporary directory
  blobsweep-bench compare --storage s3 --delay 5ms --shape small
  blobsweep-bench compare --suite ci                    what the gate runs, with its bars
  blobsweep-bench generate --blobs 5000 /tmp/registry   a registry to try things on
  blobsweep-bench docs                                  docs/benchmarks.md, in some hours`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(newGenerate(), newCompare(), newScale(), newDocs(), newRun(), newRunScale())
	return root
}

// newRun makes the command by which comparisons run themselves again.
func newRun() *cobra.Command {
	return &cobra.Command{
		Use: compare.Subcommand, Short: "One run of a comparison", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return failed(compare.Serve(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout()))
		},
	}
}

// shapesHelp lists the shapes with their own sizes.
func shapesHelp() string {
	var b strings.Builder
	b.WriteString("Shapes, and how many blobs they have unless told otherwise:\n")
	for _, s := range workload.Shapes() {
		fmt.Fprintf(&b, "\n  %-18s %7s  %s", s.Name, humanize.Comma(int64(s.Blobs)), s.Description)
	}
	return b.String()
}

// registryFlags name a registry.
type registryFlags struct{ spec workload.Spec }

func (f *registryFlags) register(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&f.spec.Shape, "shape", "typical", "kind of registry, see below")
	cmd.Flags().IntVar(&f.spec.Blobs, "blobs", 0, "about how many (default: the shape's own number)")
	cmd.Flags().Uint64Var(&f.spec.Seed, "seed", 1, "which of the registries of this shape and size")
}

// workload plans the registry, which tells whether there is such a one.
func (f *registryFlags) workload() (*workload.Workload, error) {
	w, err := workload.New(f.spec)
	if err != nil {
		return nil, &failure{statusUsage, err}
	}
	return w, nil
}

// logTo writes lines with the time since the start.
func logTo(w io.Writer, quiet bool) func(line string) {
	start := time.Now()
	return func(line string) {
		if quiet {
			return
		}
		// Where these cannot be read, the results still can.
		if _, err := fmt.Fprintf(w, "%6.1f  %s\n", time.Since(start).Seconds(), line); err != nil {
			quiet = true
		}
	}
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes flags only, and %q is none; see blobsweep-bench %s --help", cmd.Name(), args[0], cmd.Name())
	}
	return nil
}
