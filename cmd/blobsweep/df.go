package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/internal/page"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/usage"
	"github.com/spf13/cobra"
)

const usageLong = `df tells what the bytes of a registry are used for, and what gc and gc -m would
free of them. It deletes nothing.

  TOTAL        what there is
  ACTIVE       what a tag leads to, by way of an index or by what refers to an
               image (signatures), and what a link or manifest needs that is
               younger than the grace period; of uploads, what may be under way
  SIZE         bytes; manifests and layer links have none but those of blobs
  RECLAIMABLE  what gc, and gc -m (untagged manifests too), would remove with the
               same --grace or --offline: the figures of gc -d and gc -d -m

With -v, what each repository takes:

  SIZE         what its images need, each blob counted once
  SHARED       the part of it that other repositories need as well
  UNIQUE       the part of it that no other repository needs
  RECLAIMABLE  what gc -m would free of the blobs that only untagged images of
               this repository need. What gc frees without -m belongs to no
               repository, as nothing needs it

and the images of which the removal would free most: what no other image needs.

--html writes a page that shows the same and a map of it: one file, which needs
nothing from outside.`

// diskUsage is one run of df.
type diskUsage struct {
	flags   *flags
	verbose bool
	sort    order
	reverse bool
	top     int
	html    string
}

// newUsage makes the command df.
func newUsage() *cobra.Command {
	d := &diskUsage{flags: defaultFlags(), sort: order(usage.BySize)}
	cmd := &cobra.Command{
		Use:   "df [flags] REGISTRY",
		Short: "Tell what the bytes of a registry are used for",
		Long:  usageLong + "\n\n" + registryHelp + "\n\n" + exitStatuses,
		Example: `  blobsweep df /var/lib/registry                  what there is, and what gc would free
  blobsweep df -v --sort unique config.yml        by repository, with the largest images
  blobsweep df --html usage.html config.yml       the same as a page, with a map
  blobsweep df -v -o json config.yml | jq '.byRepository[] | [.name, .uniqueBytes]'`,
		Args: registryAnd(0, 0, "one REGISTRY"),
	}
	f, set := d.flags, cmd.Flags()
	set.SortFlags = false
	set.BoolVarP(&d.verbose, "verbose", "v", false, "by repository too, with the largest images")
	set.Var(&d.sort, "sort", "what repositories are sorted by, largest first: "+orderNames())
	set.BoolVar(&d.reverse, "reverse", false, "sort the other way round")
	set.IntVar(&d.top, "top", 10, "how many images to list; 0 for all of them")
	set.StringVar(&d.html, "html", "", "write a page to this file; - for standard output, with nothing else on it")
	set.BoolVarP(&f.quiet, "quiet", "q", false, "no progress bar; the report and warnings only")
	set.VarP(&f.output, "output", "o", "how to print the report")
	set.BoolVar(&f.offline, "offline", false, "the registry is stopped or read-only: no grace period")
	set.Var(&f.grace, "grace", "do not count as reclaimable what is younger")
	set.Var(&f.uploadsOlderThan, "uploads-older-than", "age at which an unfinished upload counts as abandoned")
	set.Var(&f.maxManifestSize, "max-manifest-size", "largest manifest that is read")
	set.IntVar(&f.workers, "workers", 0, "requests in flight at once (default: what suits the storage)")
	set.IntVar(&f.maxRequests, "max-requests", 0, "requests per second, retries included (default: no limit)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts, err := d.options(cmd)
		if err != nil {
			return err
		}
		return withRegistry(cmd, args[0], access{f.quiet, f.maxRequests}, func(ctx context.Context, s *session) error {
			return d.run(ctx, s, opts)
		})
	}
	return cmd
}

// toStdout is the name of a file that stands for standard output.
const toStdout = "-"

// options checks the flags against each other and translates them.
func (d *diskUsage) options(cmd *cobra.Command) (blobsweep.Options, error) {
	set := cmd.Flags()
	detailed := d.verbose || d.html != ""
	switch {
	case d.top < 0:
		return blobsweep.Options{}, usagef("--top %d is negative; 0 lists all images", d.top)
	case set.Changed("html") && d.html == "":
		return blobsweep.Options{}, usagef("--html takes the name of a file, or - for standard output")
	case d.html == toStdout && d.flags.output == formatJSON:
		return blobsweep.Options{}, usagef("--html - and -o json both want standard output").
			hint("Name a file for the page: --html usage.html")
	case !detailed && (set.Changed("sort") || set.Changed("reverse") || set.Changed("top")):
		return blobsweep.Options{}, usagef("--sort, --reverse and --top are about repositories and images, which -v shows").
			hint("Add -v.")
	}
	return d.flags.options(cmd)
}

func (d *diskUsage) run(ctx context.Context, s *session, opts blobsweep.Options) error {
	opts.Logger, opts.Registry = s.logger, s.Name
	if s.bar != nil {
		opts.Progress = s.bar.show
	}
	u, err := usage.Read(ctx, s.Driver, usage.Options{Plan: opts, Detail: d.verbose || d.html != ""})
	switch {
	case err != nil && ctx.Err() != nil:
		return failed(errInterrupted)
	case err != nil:
		return failed(err)
	}
	s.bar.done()
	if u.Detail != nil {
		u.Sort(usage.Order(d.sort), d.reverse)
	}
	if d.html != "" {
		if err := d.writePage(s, u); err != nil || d.html == toStdout {
			return err
		}
	}
	if !d.verbose {
		u.Detail = nil // it was read for the page
	}
	if err := d.print(s, u); err != nil {
		return failed(fmt.Errorf("the report could not be printed: %w", err))
	}
	return nil
}

// writePage makes the page whole before anything of it is written.
func (d *diskUsage) writePage(s *session, u *usage.Usage) error {
	var b bytes.Buffer
	err := page.Write(&b, u)
	switch {
	case err != nil:
	case d.html == toStdout:
		_, err = s.stdout.Write(b.Bytes())
	default:
		err = os.WriteFile(d.html, b.Bytes(), 0o644)
	}
	if err != nil {
		return failed(fmt.Errorf("the page could not be written: %w", err))
	}
	return nil
}

func (d *diskUsage) print(s *session, u *usage.Usage) error {
	if d.flags.output != formatJSON {
		return text.Usage(s.stdout, u, d.top)
	}
	if u.Detail != nil && d.top > 0 {
		u.Largest = u.Largest[:min(d.top, len(u.Largest))]
	}
	return s.printJSON(u)
}

// order is the value of --sort.
type order usage.Order

// String implements pflag.Value.
func (o *order) String() string { return string(*o) }

// Type implements pflag.Value.
func (o *order) Type() string { return "name" }

// Set implements pflag.Value.
func (o *order) Set(s string) error {
	if !slices.Contains(usage.Orders(), usage.Order(s)) {
		return errors.New("it must be one of " + orderNames())
	}
	*o = order(s)
	return nil
}

func orderNames() string {
	var all []string
	for _, o := range usage.Orders() {
		all = append(all, string(o))
	}
	return strings.Join(all, ", ")
}
