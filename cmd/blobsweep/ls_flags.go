package main

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/rowformat"
	"github.com/blobsweep/blobsweep/listing"
	"github.com/spf13/cobra"
)

// listFlags are those of ls.
type listFlags struct {
	all             bool
	quiet           bool
	output          format
	format          string
	filters         []string
	sort            string
	digests         bool
	noTrunc         bool
	unique          bool
	maxManifestSize size
	workers         int
	maxRequests     int
}

func (f *listFlags) register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.SortFlags = false
	f.output, f.maxManifestSize = formatText, blobsweep.DefaultMaxManifestSize
	set.BoolVarP(&f.all, "all", "a", false, "images without a tag too, as <none>")
	set.BoolVarP(&f.quiet, "quiet", "q", false, "names of repositories, or digests of images, alone")
	set.StringArrayVarP(&f.filters, "filter", "f", nil, "only images that match; may be repeated")
	set.StringVar(&f.format, "format", "", "rows by a Go template; \"table TEMPLATE\" for columns, or json")
	set.StringVar(&f.sort, "sort", "", "order of the rows")
	set.BoolVar(&f.digests, "digests", false, "show whole digests")
	set.BoolVar(&f.noTrunc, "no-trunc", false, "cut nothing short: whole digests, all platforms, times as RFC 3339")
	set.BoolVar(&f.unique, "unique", true, "what no other image needs, for which everything is read")
	set.VarP(&f.output, "output", "o", "how to print; json is one document")
	set.Var(&f.maxManifestSize, "max-manifest-size", "largest manifest or configuration that is read")
	set.IntVar(&f.workers, "workers", 0, "requests in flight at once (default: what suits the storage)")
	set.IntVar(&f.maxRequests, "max-requests", 0, "requests per second, retries included (default: no limit)")
}

// listWhat is what ls shows.
type listWhat int

const (
	listRepositories listWhat = iota
	listImages                // of a repository, or of several
	listImage                 // one, as a tree
)

// list is one run of ls, checked before the registry is read.
type list struct {
	flags     *listFlags
	what      listWhat
	reference catalog.Reference // zero for the whole registry
	several   bool              // images of several repositories
	filters   listing.Filters
	unique    bool // unique sizes are wanted, so that everything is read
	images    *rowformat.Template[rowformat.Image]
	names     *rowformat.Template[rowformat.Repository]
	now       time.Time
}

// newListing checks the command line as a whole.
func newListing(cmd *cobra.Command, f *listFlags, args []string) (*list, error) {
	l := &list{flags: f, now: time.Now()}
	switch {
	case f.workers < 0:
		return nil, usagef("--workers %d is negative; leave it out for a number that suits the storage", f.workers)
	case f.maxRequests < 0:
		return nil, usagef("--max-requests %d is negative; leave it out for no limit", f.maxRequests)
	case f.output == formatJSON && (f.quiet || f.format != ""):
		return nil, usagef("-o json prints everything as one document: leave out -q and --format").
			hint("For a line of JSON for each row, say --format json.")
	case f.quiet && f.format != "":
		return nil, usagef("-q and --format contradict each other: leave out one of them")
	}
	filters := f.filters
	if len(args) > 1 {
		var err error
		if filters, err = l.refer(args[1], filters); err != nil {
			return nil, err
		}
	} else if f.all || len(filters) > 0 {
		l.what, l.several = listImages, true
	}
	var err error
	if l.filters, err = listing.ParseFilters(filters, l.now); err != nil {
		return nil, usagef("%w", err).hint("See blobsweep ls --help.")
	}
	if l.what == listImage && !l.filters.IsZero() {
		return nil, usagef("--filter selects among images, and %s is one", args[1])
	}
	if l.several {
		for _, ref := range l.filters.Bounds() {
			if ref.Repository == "" {
				return nil, usagef("filter: %q is in which of the repositories? Write REPOSITORY%s", strings.TrimLeft(ref.String(), ":@"), ref)
			}
		}
	}
	if err := l.parseFormat(); err != nil {
		return nil, err
	}
	if err := l.checkSort(); err != nil {
		return nil, usagef("--sort: %w", err)
	}
	if f.sort == "unique" && !f.unique {
		return nil, usagef("--sort unique and --unique=false contradict each other: leave out one of them")
	}
	l.unique = f.unique && l.wantsUnique(cmd.Flags().Changed("unique"))
	return l, nil
}

// refer takes the argument that names what to list. A pattern is a filter.
func (l *list) refer(name string, filters []string) ([]string, error) {
	ref := catalog.SplitReference(name)
	if name == "" {
		return nil, usagef("the name of a repository is empty; leave it out to list all")
	}
	l.what = listImages
	if catalog.IsPattern(name) {
		l.several = catalog.IsPattern(ref.Repository)
		if !l.several {
			l.reference = catalog.Reference{Repository: ref.Repository}
		}
		return append([]string{"reference=" + name}, filters...), nil
	}
	ref, err := catalog.ParseReference(name)
	if err != nil {
		return nil, usagef("%w", err)
	}
	l.reference = ref
	if ref.Tag != "" || ref.Digest != "" {
		l.what = listImage
	}
	return filters, nil
}

// parseFormat reads --format; "table" alone is what is printed anyway.
func (l *list) parseFormat() (err error) {
	if l.flags.format == "" || strings.TrimSpace(l.flags.format) == "table" {
		l.flags.format = ""
		return nil
	}
	if l.what != listRepositories {
		if l.images, err = rowformat.ParseImages(l.flags.format); err != nil {
			return usagef("%w", err)
		}
		return nil
	}
	if l.names, err = rowformat.ParseRepositories(l.flags.format); err != nil {
		return usagef("%w", err).hint("That is for repositories. To list the images of all of them: blobsweep ls REGISTRY '**'")
	}
	return nil
}

func (l *list) checkSort() error {
	if l.what == listRepositories {
		return listing.SortRepositories(nil, l.flags.sort)
	}
	return listing.SortImages(nil, l.flags.sort)
}

// namesAlone reports whether the names of repositories are all that is wanted.
func (l *list) namesAlone() bool {
	f := l.flags
	return l.what == listRepositories && cmp.Or(f.sort, "name") == "name" && (f.quiet || l.names != nil && l.names.Only("Name"))
}

// wantsUnique reports whether something shows unique sizes. The tree of a single
// image is not worth reading a whole registry, unless that is asked for.
func (l *list) wantsUnique(given bool) bool {
	switch {
	case l.flags.sort == "unique":
		return true
	case l.images != nil:
		return l.images.Uses("UniqueSize", "UniqueBytes")
	case l.names != nil:
		return l.names.Uses("UniqueSize", "UniqueBytes")
	case l.flags.quiet:
		return false
	}
	return given || l.what != listImage
}

// wantsImages reports whether something shows what configurations say.
func (l *list) wantsImages() bool {
	switch {
	case l.what == listRepositories:
		return false
	case l.filters.Images() || l.flags.sort == "created":
		return true
	case l.images != nil:
		return l.images.Uses("Platforms", "CreatedAt", "CreatedSince", "Labels", "Label")
	}
	return !l.flags.quiet
}

// isUsage tells errors of what was named on the command line.
func isUsage(err error) bool {
	for _, target := range []error{catalog.ErrUnknownRepository, catalog.ErrUnknownTag, catalog.ErrUnknownDigest,
		catalog.ErrAmbiguous, catalog.ErrBrokenTag, listing.ErrUndated} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}
