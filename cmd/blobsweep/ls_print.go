package main

import (
	"fmt"
	"io"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/rowformat"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/listing"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
)

// listDocument is what ls prints as JSON. It has either repositories, images, or
// an image with its tree.
type listDocument struct {
	Registry     string                `json:"registry"`
	Repositories *[]listing.Repository `json:"repositories,omitempty"`
	Images       *[]listing.Image      `json:"images,omitempty"`
	Image        *listing.Image        `json:"image,omitempty"`
	Tree         *listing.Node         `json:"tree,omitempty"`
	Findings     []mark.Finding        `json:"findings"`
	Requests     storage.Requests      `json:"requests"`
	StartedAt    time.Time             `json:"startedAt"`
	Seconds      float64               `json:"seconds"`

	hidden int  // images that are not shown for having no tag
	guess  bool // unique sizes are shown that may be too high
}

// effort fills in what reading took.
func (d *listDocument) effort(s *session) {
	d.Seconds = time.Since(d.StartedAt).Seconds()
	if counter, ok := s.Driver.(storage.Requester); ok {
		d.Requests = counter.Requests()
	}
	if d.Findings == nil {
		d.Findings = []mark.Finding{}
	}
}

// findingsOf are those of some repositories.
func findingsOf(c *catalog.Catalog, wanted func(repository string) bool) []mark.Finding {
	var of []mark.Finding
	for _, f := range c.Findings {
		if wanted(f.Repository) {
			of = append(of, f)
		}
	}
	return of
}

// print prints in the form that was asked for.
func (l *list) print(s *session, d *listDocument) error {
	err := l.printRows(s, d)
	if err != nil {
		return fmt.Errorf("the listing could not be printed: %w", err)
	}
	return nil
}

func (l *list) printRows(s *session, d *listDocument) error {
	images := []listing.Image{}
	switch {
	case l.flags.output == formatJSON:
		return s.printJSON(d)
	case d.Images != nil:
		images = *d.Images
	case d.Image != nil:
		images = append(images, *d.Image)
	}
	view := text.List{Now: l.now, Repository: l.several, Unique: l.unique, Digests: l.flags.digests, Whole: l.flags.noTrunc}
	switch {
	case l.names != nil:
		return rowformat.Repositories(s.stdout, l.names, *d.Repositories, l.now)
	case l.images != nil:
		return rowformat.Images(s.stdout, l.images, images, l.now)
	case l.flags.quiet:
		return l.printNames(s.stdout, d, images)
	case d.Repositories != nil:
		return l.withFindings(s, d, text.Repositories(s.stdout, *d.Repositories, view))
	case d.Image != nil:
		return text.Image(s.stdout, *d.Image, d.Tree, d.Findings, view)
	}
	if err := text.Images(s.stdout, images, view); err != nil {
		return err
	}
	if len(images) == 0 && d.hidden > 0 {
		if _, err := fmt.Fprintf(s.stderr, "blobsweep: %s without a tag: --all shows what has none\n", text.Numbered(d.hidden, "image")); err != nil {
			return err
		}
	}
	return l.withFindings(s, d, nil)
}

// printNames prints what a row is called, each once: it is for other commands to
// read.
func (l *list) printNames(w io.Writer, d *listDocument, images []listing.Image) error {
	if d.Repositories != nil {
		for _, r := range *d.Repositories {
			if _, err := fmt.Fprintln(w, text.Clean(r.Name)); err != nil {
				return err
			}
		}
		return nil
	}
	printed := map[string]bool{}
	for _, i := range images {
		name := string(i.Digest)
		if name != "" && l.several {
			name = i.Repository + "@" + name
		}
		if name == "" || printed[name] {
			continue
		}
		printed[name] = true
		if _, err := fmt.Fprintln(w, text.Clean(name)); err != nil {
			return err
		}
	}
	return nil
}

// withFindings says below a table, but not in it, that something is wrong.
func (l *list) withFindings(s *session, d *listDocument, err error) error {
	if err == nil && d.guess {
		_, err = fmt.Fprintln(s.stderr, "blobsweep: what some manifests need cannot be known, so UNIQUE may be too high")
	}
	if err == nil && len(d.Findings) > 0 {
		_, err = fmt.Fprintf(s.stderr, "blobsweep: %s; -o json lists them, and blobsweep check says what to do\n",
			text.Numbered(len(d.Findings), "finding"))
	}
	return err
}
