// Package demo shows a collection from end to end on a sample registry in a
// temporary directory: what a month of pushes leaves behind, what the plan
// says about it, what goes, and that every remaining image is whole. The last
// is checked from the bytes on the disk, by code that shares nothing with the
// collector.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/internal/text"
)

// Options of a demonstration.
type Options struct {
	// Keep leaves the sample registry on the disk.
	Keep bool
}

// Run builds the sample, collects it in both modes, verifies what is left,
// and tells about it on w. It fails when anything that should be there is not
// whole.
func Run(ctx context.Context, w io.Writer, opts Options) (err error) {
	dir, err := os.MkdirTemp("", "blobsweep-demo-")
	if err != nil {
		return err
	}
	if !opts.Keep {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	s := &show{ctx: ctx, dir: dir}
	s.run(opts.Keep)
	_, writeErr := io.WriteString(w, s.out.String())
	return errors.Join(s.err, writeErr)
}

// show is a demonstration under way. The first error ends it.
type show struct {
	ctx context.Context
	dir string
	out strings.Builder
	err error
}

func (s *show) run(keep bool) {
	s.say("A sample registry in %s", s.dir)
	if s.err = sample(time.Now()).WriteDir(s.dir); s.err != nil {
		return
	}
	before, tags := s.usage(), s.verified().tags
	s.step("A month in the life of a registry")
	s.say("%s", story)
	s.say("On disk: %s.", strings.TrimSpace(before.String()))

	s.step("What would go, with every linked manifest kept: blobsweep plan")
	s.collect(blobsweep.Options{}, true)

	s.step("The collection: blobsweep gc")
	s.collect(blobsweep.Options{}, false)
	between := s.usage()

	s.step("Untagged manifests too: blobsweep gc --delete-untagged")
	s.collect(blobsweep.Options{DeleteUntagged: true}, false)
	after := s.usage()

	s.step("Is every remaining image whole? Each byte is read again and hashed")
	s.verify(tags)
	if s.err != nil {
		return
	}
	s.say("\nOn disk  %-6s  %s\n         %-6s  %s\n         %-6s  %s", "before", before, "gc", between, "gc -m", after)
	if keep {
		s.say("\nThe sample stays. Look at it: blobsweep plan %s", s.dir)
		return
	}
	s.say("\nNext, on a registry of yours, deleting nothing: blobsweep plan /var/lib/registry")
}

func (s *show) say(format string, args ...any) {
	if s.err == nil {
		fmt.Fprintf(&s.out, format+"\n", args...)
	}
}

func (s *show) step(title string) { s.say("\n== %s", title) }

// collect plans, and executes unless it is a dry run, and prints the report.
func (s *show) collect(opts blobsweep.Options, dryRun bool) {
	if s.err != nil {
		return
	}
	registry, err := drivers.Open(s.ctx, s.dir, drivers.Options{})
	if err != nil {
		s.err = err
		return
	}
	defer func() { s.err = errors.Join(s.err, registry.Close()) }()
	opts.Registry = registry.Name
	run, err := blobsweep.Plan(s.ctx, registry.Driver, opts)
	if err != nil {
		s.err = err
		return
	}
	details := text.Details{
		Reasons:          text.Tally(run.Candidates()),
		UploadsOlderThan: blobsweep.DefaultUploadsOlderThan,
		Brief:            !dryRun,
	}
	report := run.Report()
	if !dryRun {
		details.Outcome = text.Done
		if report, s.err = run.Execute(s.ctx, registry.Driver); s.err != nil {
			return
		}
	}
	s.err = text.Report(&s.out, report, details)
}

// usage measures the directory.
func (s *show) usage() usage {
	if s.err != nil {
		return usage{}
	}
	u, err := measure(s.dir)
	s.err = err
	return u
}

// verified reads every image and hashes every byte.
func (s *show) verified() *verifier {
	v := newVerifier(s.dir)
	if s.err == nil {
		s.err = v.registry()
	}
	return v
}

// verify says which images are whole. The tags must be those of before.
func (s *show) verify(tags []string) {
	v := s.verified()
	if s.err == nil && !slices.Equal(v.tags, tags) {
		s.err = fmt.Errorf("the tags were %q and are %q", tags, v.tags)
	}
	s.say("  %s", strings.Join(v.tags, "  "))
	s.say("%s, %s and their %s, %s: all whole.",
		text.Numbered(len(v.tags), "tag"), text.Numbered(v.manifests, "manifest"),
		text.Numbered(v.blobs, "blob"), text.Bytes(v.bytes))
}
