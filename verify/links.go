package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// brokenLink is a link that does not hold what its name says.
type brokenLink struct {
	path layout.Path
	// holds is the digest in it, if there is one.
	holds digest.Digest
	empty bool
}

// unlinked is a blob that a manifest of a repository needs, and that the
// repository does not link.
type unlinked struct {
	repository string
	digest     digest.Digest
	by         digest.Digest
}

// linkSize is how many bytes a link under sha256 has.
const linkSize = int64(len("sha256:") + 64)

// links looks at the links of a repository.
func (c *Check) links(ctx context.Context, pool *parallel.Pool, r *inventory.Repository) error {
	own := c.byName[r.Name]
	if r.Odd || own == nil { // one that came to be since
		return nil
	}
	if err := c.contents(ctx, pool, r); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.LayerLinks += int64(len(r.Layers))
	c.unlinked = append(c.unlinked, missingLinks(r, own)...)
	for _, tag := range r.Tags {
		c.unrecorded(r.Name, tag, own)
	}
	return nil
}

// contents reads the links whose size is not that of the digest in their name;
// where blobs are read, all.
func (c *Check) contents(ctx context.Context, pool *parallel.Pool, r *inventory.Repository) error {
	type doubtful struct {
		layout.Path
		size int64
	}
	var read []doubtful
	look := func(path layout.Path, links []inventory.Link) {
		for _, l := range links {
			// What others hold, their name does not tell.
			if l.Algorithm != "sha256" || l.Size < 0 || l.Size == linkSize && !c.opts.Blobs {
				continue
			}
			path.Digest = l.Digest()
			read = append(read, doubtful{path, l.Size})
		}
	}
	look(layout.Path{Kind: layout.LayerLink, Repository: r.Name}, r.Layers)
	look(layout.Path{Kind: layout.RevisionLink, Repository: r.Name}, r.Revisions)
	for _, tag := range r.Tags {
		if layout.ValidTag(tag.Name) {
			look(layout.Path{Kind: layout.TagIndexLink, Repository: r.Name, Tag: tag.Name}, tag.Index)
		}
	}
	return pool.ForEach(ctx, len(read), func(ctx context.Context, i int) error {
		b := brokenLink{path: read[i].Path, empty: read[i].size == 0}
		key, err := b.path.Key()
		if err != nil {
			return err
		}
		holds, state, err := mark.ReadLink(ctx, c.reader, key, true)
		switch {
		case err != nil:
			return err
		case state == mark.LinkHolds && holds == b.path.Digest, state == mark.LinkAbsent, state == mark.LinkHidden:
			return nil
		}
		b.holds = holds
		c.mu.Lock()
		defer c.mu.Unlock()
		c.broken = append(c.broken, b)
		return nil
	})
}

// missingLinks returns what manifests of a repository need that it does not link.
// Children that are no revisions are not among it.
func missingLinks(r *inventory.Repository, own *catalog.Repository) []unlinked {
	linked := make(map[digest.Digest]bool, len(r.Layers))
	for _, links := range [][]inventory.Link{r.Layers, r.IrregularLayers} {
		for _, l := range links {
			linked[l.Digest()] = true
		}
	}
	var missing []unlinked
	for m := range served(own) {
		for _, d := range blobsOf(m) {
			if _, revision := own.Revision(d); !linked[d] && !revision {
				linked[d] = true // told once
				missing = append(missing, unlinked{r.Name, d, m.Digest})
			}
		}
	}
	return missing
}

// unrecorded notes a tag of which the history lacks what it names now.
func (c *Check) unrecorded(repository string, tag inventory.Tag, own *catalog.Repository) {
	t, err := own.Tag(tag.Name)
	if err != nil || !ofSHA256(t.Digest) || !layout.ValidTag(tag.Name) {
		return
	}
	has := func(l inventory.Link) bool { return l.Digest() == t.Digest }
	if _, linked := own.Revision(t.Digest); linked && !slices.ContainsFunc(tag.Index, has) {
		c.absent = append(c.absent, layout.Path{Kind: layout.TagIndexLink, Repository: repository, Tag: tag.Name, Digest: t.Digest})
	}
}

func ofSHA256(d digest.Digest) bool { return strings.HasPrefix(string(d), "sha256:") }

// detail says what is wrong with a link.
func (b brokenLink) detail() string {
	switch {
	case b.holds != "":
		return fmt.Sprintf("the link holds %s, and its name says otherwise", b.holds)
	case b.empty:
		return "the link is empty; its name tells what it linked"
	}
	return "the link holds no digest; its name tells what it linked"
}
