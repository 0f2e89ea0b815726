package main

import (
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flags are those of gc and plan.
type flags struct {
	dryRun           bool
	deleteUntagged   bool
	quiet            bool
	output           format
	offline          bool
	grace            age
	uploadsOlderThan age
	maxManifestSize  size
	workers          int
	maxRequests      int
	acceptRisk       risks
	cache            cacheFlags // gc
}

func defaultFlags() *flags {
	return &flags{
		output:           formatText,
		grace:            age(blobsweep.DefaultGrace),
		uploadsOlderThan: age(blobsweep.DefaultUploadsOlderThan),
		maxManifestSize:  blobsweep.DefaultMaxManifestSize,
	}
}

// register declares the flags. Those of registry garbage-collect have the same
// names here.
func (f *flags) register(cmd *cobra.Command, planOnly bool) {
	set := cmd.Flags()
	set.SortFlags = false
	if !planOnly {
		set.BoolVarP(&f.dryRun, "dry-run", "d", false, "plan only; delete nothing")
	}
	set.BoolVarP(&f.deleteUntagged, "delete-untagged", "m", false, "remove manifests that no tag leads to")
	f.registerOutput(set)
	f.registerSafety(set)
	set.Var(&f.uploadsOlderThan, "uploads-older-than", "age at which an unfinished upload counts as abandoned")
	f.registerEffort(set)
	if !planOnly {
		f.cache.register(cmd)
	}
}

// registerOutput declares the flags that say what is printed.
func (f *flags) registerOutput(set *pflag.FlagSet) {
	set.BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar; the report and warnings only")
	set.VarP(&f.output, "output", "o", "how to print the report")
}

// registerSafety declares those that say what is recent.
func (f *flags) registerSafety(set *pflag.FlagSet) {
	set.BoolVar(&f.offline, "offline", false, "the registry is stopped or read-only: no grace period")
	set.Var(&f.grace, "grace", "keep what is younger")
}

// registerEffort declares those that bound the work, and what stops it.
func (f *flags) registerEffort(set *pflag.FlagSet) {
	set.Var(&f.maxManifestSize, "max-manifest-size", "largest manifest that is read")
	set.IntVar(&f.workers, "workers", 0, "requests in flight at once (default: what suits the storage)")
	set.IntVar(&f.maxRequests, "max-requests", 0, "requests per second, retries included (default: no limit)")
	set.Var(&f.acceptRisk, "accept-risk", "go on in spite of a blocker: "+names(sweep.Blockers())+"; may be repeated")
}

// options checks the flags against each other and translates them.
func (f *flags) options(cmd *cobra.Command) (blobsweep.Options, error) {
	graceGiven := cmd.Flags().Changed("grace")
	switch {
	case f.grace == 0 && !f.offline:
		return blobsweep.Options{}, usagef("--grace 0 would delete what is being pushed right now").
			hint("If the registry is stopped or read-only, say --offline instead.")
	case f.offline && graceGiven && f.grace != 0:
		return blobsweep.Options{}, usagef("--offline and --grace %s contradict each other: offline, there is no grace period", &f.grace).
			hint("Leave out one of them.")
	case f.workers < 0:
		return blobsweep.Options{}, usagef("--workers %d is negative; leave it out for a number that suits the storage", f.workers)
	case f.maxRequests < 0:
		return blobsweep.Options{}, usagef("--max-requests %d is negative; leave it out for no limit", f.maxRequests)
	}
	opts := blobsweep.Options{
		DeleteUntagged:   f.deleteUntagged,
		Offline:          f.offline,
		Grace:            time.Duration(f.grace),
		UploadsOlderThan: time.Duration(f.uploadsOlderThan),
		AcceptRisk:       f.acceptRisk,
		MaxManifestSize:  int64(f.maxManifestSize),
		Workers:          f.workers,
	}
	if opts.UploadsOlderThan == 0 {
		opts.UploadsOlderThan = -1 // any age past the grace period
	}
	return opts, nil
}
