package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/blobsweep/blobsweep/listing"
	"github.com/spf13/cobra"
)

const listLong = `ls lists what a registry holds; it changes nothing.

  ls REGISTRY                 its repositories
  ls REGISTRY REPOSITORY      the images of a repository, by tag
  ls REGISTRY 'team/**'       the images of all repositories of a pattern
  ls REGISTRY REPOSITORY:TAG  what an image is made of, and what refers to it

An image can be named by REPOSITORY@DIGEST as well; the first 4 or more digits of
the digest will do if no other has them. In a pattern * stands for anything but a
slash, ** for any components of a name. With --all or --filter, ls REGISTRY lists
the images of all repositories.

SIZE is what an image needs, each blob once, with what refers to it. UNIQUE is
how much of that no other image of any repository needs: what is freed when the
image goes (of a repository, when the repository goes). To know it, every manifest
of the registry is read; --unique=false reads only what is named. A tree, and a
template without it, do so anyway.

Images of a repository are sorted by when they were pushed, the last one first;
%s.
PUSHED is when the tag was last pushed. CREATED is what the image's configuration
says; some builds say a constant. DIGEST is short, which is enough to name an
image by; -q and templates have whole digests, -q each once, and before them the
repository where there are several (REPOSITORY@DIGEST).

Filters, as docker's. All keys have to agree; of several values of one key all
must hold for before, since, until and label, any one for the others:
  dangling=true|false        without a tag, or with one
  before=IMAGE, since=IMAGE  created before or after IMAGE (REPOSITORY:TAG,
                             REPOSITORY@DIGEST, or the TAG alone), by when it was
                             pushed where no configuration tells
  until=TIME                 created before: 2026-11-20, 2026-11-20T12:00:00Z, seconds
                             since 1970, or an age such as 12h or 7d
  label=KEY[=VALUE]          with the label; label!=KEY[=VALUE] without it
  reference=PATTERN          REPOSITORY or REPOSITORY:TAG, both may be patterns
  type=TYPE                  what it is: %s
  platform=OS/ARCHITECTURE   that has it, also with a variant: linux/arm/v7

Templates are Go's, with docker's functions json, split, join, lower, upper, pad
and truncate. "table TEMPLATE" prints columns with headers, json one line of JSON
for each row. \t and \n are a tab and a line feed. Fields of an image:
  .Repository .Tag .Digest .Type .Platforms
  .Size .Bytes .UniqueSize .UniqueBytes      for people, and as a number
  .PushedAt .PushedSince .CreatedAt .CreatedSince
  .Labels, .Label "KEY"
Fields of a repository:
  .Name .Tags .Images .Size .Bytes .UniqueSize .UniqueBytes .PushedAt .PushedSince`

// newList makes the command ls.
func newList() *cobra.Command {
	f := &listFlags{}
	cmd := &cobra.Command{
		Use:   "ls [flags] REGISTRY [REPOSITORY[:TAG|@DIGEST]]",
		Short: "List repositories, images, and what an image is made of",
		Long:  fmt.Sprintf(listLong, orders(), types()) + "\n\n" + registryHelp + "\n\n" + exitStatuses,
		Example: `  blobsweep ls /var/lib/registry                           repositories and their sizes
  blobsweep ls config.yml team/app                         images of a repository
  blobsweep ls config.yml team/app:v1.2                    the tree of an image
  blobsweep ls -a -f dangling=true config.yml              untagged images of all repositories
  blobsweep ls -f until=90d --sort size config.yml 'ci/**' old images, the largest first
  blobsweep ls --format '{{.Tag}}\t{{.Bytes}}' config.yml team/app
  blobsweep ls -o json config.yml team/app | jq '.images[].tag'`,
		Args: registryAnd(0, 1, "a REGISTRY and at most one REPOSITORY[:TAG|@DIGEST]"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		l, err := newListing(cmd, f, args)
		if err != nil {
			return err
		}
		return withRegistry(cmd, args[0], access{f.quiet, f.maxRequests}, l.run)
	}
	f.register(cmd)
	return cmd
}

// orders are those of --sort.
func orders() string {
	return "--sort takes " + strings.Join(listing.ImageOrders(), ", ") + ", and for repositories\n" + strings.Join(listing.RepositoryOrders(), ", ")
}

// types are listed in lines that fit.
func types() string {
	all := listing.Types()
	const first, second = 4, 10
	indent := ",\n" + strings.Repeat(" ", 29)
	return strings.Join(all[:first], ", ") + indent + strings.Join(all[first:second], ", ") + indent + strings.Join(all[second:], ", ")
}

// run reads, and prints.
func (l *list) run(ctx context.Context, s *session) error {
	err := l.show(ctx, s)
	var f *failure
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case ctx.Err() != nil:
		return failed(errors.New("interrupted"))
	case isUsage(err):
		return usagef("%w", err)
	}
	return failed(err)
}

func (l *list) show(ctx context.Context, s *session) error {
	d := &listDocument{Registry: s.Name, StartedAt: l.now.UTC()}
	if l.namesAlone() {
		return l.showNames(ctx, s)
	}
	c, err := l.read(ctx, s)
	if err != nil {
		return err
	}
	w := c.Weigh()
	d.guess = l.unique && c.Unreadable
	switch l.what {
	case listRepositories:
		repositories := listing.Repositories(c, w, l.unique)
		if err := listing.SortRepositories(repositories, l.flags.sort); err != nil {
			return err
		}
		d.Repositories, d.Findings = &repositories, c.Findings
	case listImages:
		images, hidden, err := l.rows(c, w)
		if err != nil {
			return err
		}
		d.Images, d.hidden = &images, hidden
		d.Findings = findingsOf(c, l.wanted())
	case listImage:
		if err := l.one(c, w, d); err != nil {
			return err
		}
	}
	d.effort(s)
	s.bar.done()
	return l.print(s, d)
}
