package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/verify"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
)

const checkLong = `check tells whether a registry is whole, and names what is broken with the tags
that cannot be pulled for it. Run it after an incident, after a backup was put
back, and before the first collection. Without --repair it changes nothing.

It reads every manifest and tag, lists everything else, and finds: blobs that
manifests need and that are not stored, blobs that a repository does not link,
blobs of another size than manifests declare, links that are empty or hold
something else, tags and revisions that lead nowhere, damaged manifests. With
--blobs it reads every blob and link, and hashes the blobs.

Not broken, and said so: keys that no registry writes, symbolic links that hide
nothing, manifests of unknown types, repositories of odd names, buckets that keep
versions, and indexes of which children are absent.

--repair mends what loses nothing, and nothing else:

  - a link of a layer, a revision or a tag's history that holds no digest gets
    the one in its own path, if that blob is stored and, where it is a manifest,
    hashes to it;
  - a tag's history gets what the tag names and it lacks, and loses what is not
    linked any more;
  - empty directories go.

What is removed is past the grace period; what is written may be of any age. What
a tag named whose own link is broken is not known: such tags are left, as are
missing and corrupt blobs. -d shows what would be mended, and why the rest is
left.`

const checkExitStatuses = `Exit status:
  0  whole
  1  failed: something could not be listed or read but a blob's bytes
  2  usage or configuration
  3  something is broken
  4  partial: not everything could be mended, or it was interrupted while mending`

// checkFlags are those of check.
type checkFlags struct {
	*flags
	blobs        bool
	repair       bool
	maxBandwidth bandwidth
}

// newCheck makes the command check.
func newCheck() *cobra.Command {
	f := &checkFlags{flags: defaultFlags()}
	cmd := &cobra.Command{
		Use:   "check [flags] REGISTRY",
		Short: "Tell whether everything is there, and mend what loses nothing",
		Long:  checkLong + "\n\n" + registryHelp + "\n\n" + checkExitStatuses,
		Example: `  blobsweep check /var/lib/registry               is anything missing?
  blobsweep check --blobs config.yml              read and hash every blob as well
  blobsweep check --blobs --max-bandwidth 50MiB config.yml
  blobsweep check --repair -d config.yml          what can be mended, and what not
  blobsweep check --repair --offline config.yml   mend it; the registry is stopped
  blobsweep check -o json config.yml | jq -r '.findings[].breaks[]' | sort -u`,
		Args: registryAnd(0, 0, "one REGISTRY"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts, err := f.verifyOptions(cmd)
		if err != nil {
			return err
		}
		return withRegistry(cmd, args[0], access{f.quiet, f.maxRequests}, func(ctx context.Context, s *session) error {
			return f.run(ctx, s, opts)
		})
	}
	f.register(cmd)
	return cmd
}

func (f *checkFlags) register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.SortFlags = false
	set.BoolVar(&f.blobs, "blobs", false, "read and hash every blob, and read every link")
	set.Var(&f.maxBandwidth, "max-bandwidth", "bytes per second that --blobs reads (default: no limit)")
	set.BoolVar(&f.repair, "repair", false, "mend what loses nothing")
	set.BoolVarP(&f.dryRun, "dry-run", "d", false, "with --repair: change nothing, show what would be mended")
	set.BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar; the report and warnings only")
	set.VarP(&f.output, "output", "o", "how to print the report")
	set.BoolVar(&f.offline, "offline", false, "the registry is stopped or read-only: no grace period")
	set.Var(&f.grace, "grace", "remove nothing younger")
	set.Var(&f.maxManifestSize, "max-manifest-size", "largest manifest that is read")
	set.IntVar(&f.workers, "workers", 0, "requests in flight at once (default: what suits the storage)")
	set.IntVar(&f.maxRequests, "max-requests", 0, "requests per second, retries included (default: no limit)")
}

// verifyOptions checks the flags against each other and translates them.
func (f *checkFlags) verifyOptions(cmd *cobra.Command) (verify.Options, error) {
	opts, err := f.options(cmd)
	switch {
	case err != nil:
		return verify.Options{}, err
	case f.dryRun && !f.repair:
		return verify.Options{}, usagef("--dry-run shows what --repair would do, and there is no --repair").
			hint("Without --repair, check changes nothing. Give both, or neither.")
	case f.maxBandwidth > 0 && !f.blobs:
		return verify.Options{}, usagef("--max-bandwidth bounds what --blobs reads, and there is no --blobs").
			hint("Without --blobs, only manifests and links are read; --max-requests bounds that.")
	}
	return verify.Options{
		Blobs: f.blobs, MaxBandwidth: int64(f.maxBandwidth), Offline: opts.Offline, Grace: opts.Grace,
		MaxManifestSize: opts.MaxManifestSize, Workers: opts.Workers,
	}, nil
}

// run checks, repairs if that is wanted, and prints the report.
func (f *checkFlags) run(ctx context.Context, s *session, opts verify.Options) error {
	opts.Registry, opts.Logger = s.Name, s.logger
	if s.bar != nil {
		opts.Progress = s.bar.show
	}
	c, err := verify.New(ctx, s.Driver, opts)
	switch {
	case err != nil && ctx.Err() != nil:
		return failed(errors.New("interrupted while checking; nothing was changed"))
	case err != nil:
		return failed(fmt.Errorf("%w; nothing was changed", err))
	}
	if f.repair && !f.dryRun {
		err = c.Repair(ctx, s.Driver)
	}
	s.bar.done()
	report := c.Report()
	if printErr := f.print(s, report); printErr != nil {
		return failed(errors.Join(fmt.Errorf("the report could not be printed: %w", printErr), err))
	}
	return checkVerdict(ctx, report, err)
}

func (f *checkFlags) print(s *session, report verify.Report) error {
	if f.output == formatJSON {
		return s.printJSON(report)
	}
	return text.Check(s.stdout, report, text.CheckDetails{Blobs: f.blobs, Repair: f.repair})
}

// checkVerdict is the exit status of a check, after the error of a repair.
func checkVerdict(ctx context.Context, report verify.Report, err error) error {
	switch {
	case errors.Is(err, verify.ErrPartial) && ctx.Err() != nil:
		return &failure{status: statusPartial, err: errors.New("interrupted while mending; run it again to finish")}
	case errors.Is(err, verify.ErrPartial):
		return &failure{status: statusPartial, err: fmt.Errorf("%s could not be written or removed; the report names them", text.Numbered(len(report.Failed), "key"))}
	case err != nil && report.Repair:
		return &failure{status: statusPartial, err: fmt.Errorf("broken off while mending, and a rerun finishes it: %w", err)}
	case err != nil:
		return failed(err)
	case !report.Whole():
		return &failure{status: statusBlocked} // the report says it
	}
	return nil
}

// bandwidth is the value of a flag that is a number of bytes per second.
type bandwidth int64

// String implements pflag.Value.
func (b *bandwidth) String() string {
	if *b == 0 {
		return ""
	}
	return strings.ReplaceAll(text.Bytes(int64(*b)), " ", "")
}

// Type implements pflag.Value.
func (b *bandwidth) Type() string { return "size" }

// Set implements pflag.Value.
func (b *bandwidth) Set(s string) error {
	bytes, err := humanize.ParseBytes(strings.TrimSuffix(s, "/s"))
	switch {
	case err != nil:
		return errors.New("it is no size; write 50MiB or 52428800")
	case bytes == 0:
		return errors.New("it must be more than nothing; leave it out for no limit")
	case bytes > 1<<50:
		return errors.New("it is more than 1PiB per second; leave it out for no limit")
	}
	*b = bandwidth(bytes)
	return nil
}
