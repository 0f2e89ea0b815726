package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/bench/compare"
	"github.com/blobsweep/blobsweep/bench/report"
	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/spf13/cobra"
)

// scalePart is the part of the plans of registries that exist nowhere.
const scalePart = "scale"

// documentation is one run of docs.
type documentation struct {
	only   []string
	out    string
	memory string
	quiet  bool
	compare.Options
}

func newDocs() *cobra.Command {
	var d documentation
	cmd := &cobra.Command{
		Use:   "docs [flags]",
		Short: "Measure everything and write docs/benchmarks.md",
		Long: `docs measures what docs/benchmarks.md shows, and writes that page with its plots.
All of it takes some hours, most of which upstream takes. Each result is saved in
docs/benchmarks.json at once, so an interrupted run keeps what it has; --only
measures some parts again and keeps the others. --only none writes the page anew.

Parts:
` + partsHelp() + "\n\n" + exitStatuses,
		Example: `  blobsweep-bench docs
  blobsweep-bench docs --only fs-typical,scale`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.Log = logTo(cmd.ErrOrStderr(), d.quiet)
			return d.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&d.only, "only", nil, "parts to measure, or none (default: all)")
	flags.StringVar(&d.out, "out", "docs", "directory of the page")
	flags.StringVar(&d.Dir, "dir", "", "where to make temporary directories (default: $TMPDIR)")
	flags.StringVar(&d.memory, "memory-dir", "/dev/shm", "the same, for registries that are kept in memory: up to 20 GB and 5 million inodes (mount -o remount,nr_inodes=8000000 /dev/shm); empty is --dir")
	flags.BoolVarP(&d.quiet, "quiet", "q", false, "no progress")
	return cmd
}

func partsHelp() string {
	var b strings.Builder
	for _, p := range compare.Parts() {
		fmt.Fprintf(&b, "\n  %-12s %s", p.Name, p.About)
	}
	fmt.Fprintf(&b, "\n  %-12s %s", scalePart, "1,000,000 to 100,000,000 blobs that exist nowhere")
	return b.String()
}

func (d *documentation) run(ctx context.Context) error {
	if err := d.check(); err != nil {
		return err
	}
	file := filepath.Join(d.out, "benchmarks.json")
	document, err := result.Load(file)
	if err != nil {
		return failed(err)
	}
	if document.Machine == (result.Machine{}) || len(d.only) == 0 || d.only[0] != "none" {
		document.Machine = compare.Machine()
	}
	save := func(c result.Comparison) error {
		document.Put(c)
		return document.Save(file)
	}
	for _, p := range compare.Parts() {
		if !d.selected(p.Name) {
			continue
		}
		d.Log(p.Name + ": " + p.About)
		if err := p.Run(ctx, d.Options, d.memory, save); err != nil {
			return failed(fmt.Errorf("%s: %w; what was measured before is in %s", p.Name, err, file))
		}
		if err := report.WritePage(d.out, document); err != nil {
			return failed(err)
		}
	}
	if d.selected(scalePart) {
		for _, blobs := range scaleSizes {
			s, err := planApart(ctx, blobs, d.Log)
			if err != nil {
				return failed(err)
			}
			document.PutScale(s)
			if err := document.Save(file); err != nil {
				return failed(err)
			}
		}
	}
	return failed(report.WritePage(d.out, document))
}

func (d *documentation) selected(part string) bool {
	return len(d.only) == 0 || slices.Contains(d.only, part)
}

func (d *documentation) check() error {
	known := []string{scalePart, "none"}
	for _, p := range compare.Parts() {
		known = append(known, p.Name)
	}
	for _, name := range d.only {
		if !slices.Contains(known, name) {
			return usagef("there is no part %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	if info, err := os.Stat(d.out); err != nil || !info.IsDir() {
		return usagef("there is no directory %s here; run this at the top of a checkout, or name one with --out", d.out)
	}
	if info, err := os.Stat(d.memory); err != nil || !info.IsDir() {
		d.memory = "" // there is none on some systems
	}
	return nil
}
