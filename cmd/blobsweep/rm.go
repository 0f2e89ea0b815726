package main

import (
	"context"
	"errors"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/release"
	"github.com/spf13/cobra"
)

const removeLong = `rm removes tags and manifests from repositories. Blobs stay until a collection:
say --gc to collect at once, or run blobsweep gc.

  REPOSITORY:TAG     the tag; if it was the last one of its manifest, the manifest
                     too, with what only that led to: its untagged child manifests,
                     its untagged signatures and other referrers
  REPOSITORY@DIGEST  the manifest, and what only it led to. The first 4 or more
                     digits of the digest will do if no other has them
  REPOSITORY         with --all: everything in the repository, and its directory
  PATTERN            with --all-matching: what matches, in the repository's name or
                     in the tag. * stands for anything but a slash, ? for one
                     character, ** for any components of a name

A manifest stays as long as another tag names it, an index that stays needs it, or
it refers to a manifest that stays. Other tags of a manifest stay; rm says so. A
manifest that is named by digest, and that tags or indexes still name, is refused;
--force removes those tags, and leaves indexes without that child.

What was named goes at once. What only follows from it stays while it is younger
than the grace period, because it may be part of a push that is under way, and so
does the manifest of an older tag that was pushed again since. A tag that moves
while rm works stays.

Nothing is removed when something that was named is not there, but for
--ignore-missing: say it to run rm once more after it was interrupted.

Each tag and manifest has a line: Untagged, Deleted, or Kept with the reason.`

const removeStatuses = exitStatuses + `

Status 3 is also that of a manifest that is still named, where --force is missing.`

// remove is one run of rm.
type remove struct {
	*flags
	force       bool
	untagOnly   bool
	all         bool
	allMatching bool
	// ignoreMissing passes over names of what is not there.
	ignoreMissing bool
	collects      bool // --gc
	opts          blobsweep.Options
}

// newRemove makes the command rm.
func newRemove() *cobra.Command {
	r := &remove{flags: defaultFlags()}
	cmd := &cobra.Command{
		Use:   "rm [flags] REGISTRY REPOSITORY[:TAG|@DIGEST]...",
		Short: "Remove tags and manifests",
		Long:  removeLong + "\n\n" + registryHelp + "\n\n" + removeStatuses,
		Example: `  blobsweep rm config.yml team/app:1.0 team/app:1.1       two tags, and what only they led to
  blobsweep rm config.yml team/app@sha256:4404806ca2cb    an untagged manifest
  blobsweep rm -d --all-matching config.yml 'team/**:pr-*'  what would go
  blobsweep rm --gc --all config.yml team/old             a repository, and its space
  blobsweep rm --untag-only config.yml team/app:wrong     the name alone`,
		Args: registryAnd(1, -1, "a REGISTRY and one or more REPOSITORY[:TAG|@DIGEST]"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var err error
		if r.opts, err = r.lettingOptions(cmd, r.collects); err != nil {
			return err
		}
		named, err := r.parse(args[1:])
		if err != nil {
			return err
		}
		return withRegistry(cmd, args[0], access{r.quiet, r.maxRequests}, func(ctx context.Context, s *session) error {
			l := &letting{flags: r.flags, opts: r.opts, collects: r.collects}
			return l.start(ctx, s, func(ctx context.Context) error { return r.run(ctx, l, named) })
		})
	}
	set := cmd.Flags()
	set.SortFlags = false
	set.BoolVarP(&r.dryRun, "dry-run", "d", false, "say what would go; delete nothing")
	set.BoolVarP(&r.force, "force", "f", false, "manifests named by digest go although tags or indexes name them")
	set.BoolVar(&r.untagOnly, "untag-only", false, "remove tags alone; leave manifests")
	set.BoolVar(&r.all, "all", false, "REPOSITORY stands for everything in it")
	set.BoolVar(&r.allMatching, "all-matching", false, "accept patterns, and remove what matches")
	set.BoolVar(&r.ignoreMissing, "ignore-missing", false, "what is not there is no error: to run rm once more")
	set.BoolVar(&r.collects, "gc", false, "collect afterwards, as blobsweep gc does")
	r.registerOutput(set)
	r.registerSafety(set)
	r.registerEffort(set)
	r.cache.register(cmd)
	return cmd
}

// run reads what was named, removes it, and says so.
func (r *remove) run(ctx context.Context, l *letting, all []named) error {
	c, targets, err := r.targets(ctx, l, all)
	if err != nil {
		return r.explain(ctx, err)
	}
	opts := l.release()
	opts.Force, opts.UntagOnly = r.force, r.untagOnly
	plan, err := release.New(c, targets, opts)
	if err != nil {
		return r.explain(ctx, err)
	}
	return l.run(ctx, c, plan)
}

// explain gives an error from before the first deletion its exit status.
func (r *remove) explain(ctx context.Context, err error) error {
	f, told := failed(err), (*failure)(nil)
	var refused *release.RefusedError
	switch {
	case errors.As(err, &told):
		return err
	case ctx.Err() != nil:
		return failed(errInterrupted)
	case isUnknown(err):
		f.status = statusUsage
	case errors.As(err, &refused):
		f.status = statusBlocked
		f = f.hint("Name those tags instead, or say --force: they go too, and indexes that stay lack the manifest.")
	}
	return f
}

// isUnknown reports whether an error says that something that was named is not
// there, or could be several.
func isUnknown(err error) bool {
	return isMissing(err) || errors.Is(err, catalog.ErrAmbiguous)
}
