package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/release"
)

// named is an argument of rm.
type named struct {
	catalog.Reference
	text string
}

// pattern reports whether it may stand for several things.
func (n named) pattern() bool { return catalog.IsPattern(n.Repository) || catalog.IsPattern(n.Tag) }

// matches reports whether a repository is one of those that it names.
func (n named) matches(repository string) bool {
	return n.Repository == repository || catalog.IsPattern(n.Repository) && catalog.Match(n.Repository, repository)
}

// parse checks the arguments as far as that is possible without the registry.
func (r *remove) parse(args []string) ([]named, error) {
	var all []named
	for _, arg := range args {
		n := named{catalog.SplitReference(arg), arg}
		var err error
		switch {
		case n.pattern() && n.Digest != "":
			err = fmt.Errorf("%q is a pattern with a digest: a digest says what it names", arg)
		case n.pattern():
			err = errors.Join(catalog.CheckPattern(n.Repository), catalog.CheckPattern(n.Tag))
		default:
			n.Reference, err = catalog.ParseReference(arg)
		}
		if err != nil {
			return nil, usagef("%w", err)
		}
		if n.Tag == "" && n.Digest == "" && !r.all {
			return nil, usagef("%s names a whole repository", arg).
				hint("Say --all to remove everything in it, or name a tag or manifest: "+n.Repository+":TAG, "+n.Repository+"@DIGEST.",
					"blobsweep ls REGISTRY "+n.Repository+" lists them.")
		}
		if n.Digest != "" && r.untagOnly {
			return nil, usagef("%s is no tag, and --untag-only leaves manifests", arg).hint("Leave out one of them.")
		}
		all = append(all, n)
	}
	return all, nil
}

// targets reads the repositories that are named, and finds in them what is.
func (r *remove) targets(ctx context.Context, l *letting, all []named) (*catalog.Catalog, []release.Target, error) {
	c, err := r.read(ctx, l, all)
	if err != nil {
		return nil, nil, err
	}
	var targets []release.Target
	var errs []error
	for _, n := range all {
		found, err := r.find(c, n)
		switch {
		case err != nil && r.ignoreMissing && isMissing(err):
			l.session.logger.Warn("not there", "named", n.text)
		case err != nil:
			errs = append(errs, err)
		default:
			targets = append(targets, found...)
		}
	}
	return c, targets, errors.Join(errs...)
}

// isMissing reports whether an error says that something that was named is not
// there.
func isMissing(err error) bool {
	return errors.Is(err, catalog.ErrUnknownRepository) || errors.Is(err, catalog.ErrUnknownTag) ||
		errors.Is(err, catalog.ErrUnknownDigest)
}

// read reads the repositories that are named.
func (r *remove) read(ctx context.Context, l *letting, all []named) (*catalog.Catalog, error) {
	names := []string{}
	look := r.ignoreMissing // which repositories there are
	for _, n := range all {
		names = append(names, n.Repository)
		look = look || catalog.IsPattern(n.Repository)
	}
	if look {
		there, err := catalog.Names(ctx, l.Driver, l.catalog())
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(names, func(name string) bool { return r.ignoreMissing || catalog.IsPattern(name) })
		for _, name := range there {
			if slices.ContainsFunc(all, func(n named) bool { return n.matches(name) }) {
				names = append(names, name)
			}
		}
		if len(names) == 0 && !r.ignoreMissing {
			return nil, fmt.Errorf("%w of %s", catalog.ErrUnknownRepository, all[0].text)
		}
	}
	opts := l.catalog()
	opts.Repositories = names
	c, err := catalog.Read(ctx, l.Driver, opts)
	if errors.Is(err, catalog.ErrUnknownRepository) {
		return nil, l.unknown(ctx, names, err)
	}
	return c, err
}

// unknown says which repositories there are instead of those that there are not.
func (l *letting) unknown(ctx context.Context, names []string, err error) error {
	there, listErr := catalog.Names(ctx, l.Driver, l.catalog())
	if listErr != nil {
		return errors.Join(err, listErr)
	}
	var c catalog.Catalog
	for _, name := range there {
		c.Repositories = append(c.Repositories, &catalog.Repository{Name: name})
	}
	var errs []error
	for _, name := range names {
		if _, err := c.Repository(name); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 { // it has come meanwhile
		return err
	}
	return errors.Join(errs...)
}

// find finds what an argument names.
func (r *remove) find(c *catalog.Catalog, n named) (targets []release.Target, err error) {
	if !n.pattern() {
		repository, err := c.Repository(n.Repository)
		if err != nil {
			return nil, err
		}
		t := release.Target{Repository: n.Repository}
		switch {
		case n.Digest != "":
			d, err := repository.Resolve(n.Reference)
			if err != nil {
				return nil, err
			}
			t.Revisions = []release.Choice{{Name: string(d)}}
		case n.Tag != "":
			if _, err := repository.Tag(n.Tag); err != nil {
				return nil, err
			}
			t.Tags = []release.Choice{{Name: n.Tag}}
		default:
			t.All = true
		}
		return []release.Target{t}, nil
	}
	var matched []string
	for _, repository := range c.Repositories {
		t := release.Target{Repository: repository.Name}
		switch {
		case !n.matches(repository.Name):
			continue
		case n.Tag == "":
			t.All = true
			matched = append(matched, repository.Name)
		}
		for _, tag := range repository.Tags {
			if n.Tag != "" && catalog.Match(n.Tag, tag.Name) {
				t.Tags = append(t.Tags, release.Choice{Name: tag.Name, Reason: "it matches " + n.text})
				matched = append(matched, repository.Name+":"+tag.Name)
			}
		}
		targets = append(targets, t)
	}
	what := "tag"
	if n.Tag == "" {
		what = "repository"
	}
	switch {
	case len(matched) == 0:
		return nil, fmt.Errorf("%w: %q matches no %s", catalog.ErrUnknownTag, n.text, what)
	case !r.allMatching:
		return nil, usagef("%q is a pattern, and matches %s: %s", n.text, text.Numbered(len(matched), what), listed(matched)).
			hint("Say --all-matching to remove all that match; with --dry-run it lists what would go.")
	}
	return targets, nil
}

// listed joins names, and counts those that are too many.
func listed(names []string) string {
	const most = 5
	s := strings.Join(names[:min(len(names), most)], ", ")
	if more := len(names) - most; more > 0 {
		s += " and " + text.Count(int64(more)) + " more"
	}
	return s
}
