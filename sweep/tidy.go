package sweep

import (
	"context"
	"errors"
	"slices"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// Sight is told what [NewTidy] sees, concurrently. An error ends the plan.
type Sight struct {
	// Repository is told of every repository. The links of layers and of histories
	// are those that are there, with their sizes; that of a layer link that is no
	// plain object is negative, and such an entry is left out.
	// It may use the pool of the plan.
	Repository func(context.Context, *parallel.Pool, *inventory.Repository) error
	// Blobs is told of all blobs that are there, in portions, with their sizes; a
	// size is negative for what is no plain object..
	Blobs func([]inventory.Link)
}

// errNotTidy can only be a mistake of this package.
var errNotTidy = errors.New("sweep: a tidy plan holds something else than entries of histories and empty directories")

// NewTidy plans what goes without a loss, whatever the state of the registry:
// entries of tags' histories whose revision is not linked (law 8), and empty
// directories (law 11). It reads no manifest. On trees it asks for the size of
// every blob and link.
func NewTidy(ctx context.Context, r storage.Reader, opts Options, see Sight) (*Plan, error) {
	opts.DeleteUntagged = false
	opts, err := opts.resolve(r)
	if err != nil {
		return nil, err
	}
	p := newPlanner(r, opts)
	p.tidy, p.see = true, see
	plan, err := p.make(ctx)
	if err != nil {
		return nil, err
	}
	if len(plan.revisions)+len(plan.layers)+plan.blobs.len()+len(plan.uploads)+len(plan.multiparts) > 0 {
		return nil, errNotTidy
	}
	return plan, nil
}

// tidyRepository plans the entries of histories and the empty directories of a
// repository. All else stays.
func (p *planner) tidyRepository(ctx context.Context, r *inventory.Repository) error {
	if !r.Exists {
		return p.planDirectories(ctx, r, nil)
	}
	kept, err := p.marker.Links(ctx, r)
	if err != nil {
		return err
	}
	s := share{repository: r.Name, kept: kept}
	if r.Odd {
		p.odd(r)
		s.stays = true
	} else if err := p.tidyLinks(ctx, r, &s); err != nil {
		return err
	}
	if p.see.Repository != nil {
		if err := p.see.Repository(ctx, p.pool, r); err != nil {
			return err
		}
	}
	return p.finish(ctx, r, &s)
}

// tidyLinks looks at every link of a repository, and leaves those in it that are
// there.
func (p *planner) tidyLinks(ctx context.Context, r *inventory.Repository, s *share) error {
	layers, gone, err := p.describe(ctx, layout.Path{Kind: layout.LayerLink, Repository: r.Name}, r.Layers)
	if err != nil {
		return err
	}
	r.Layers = layers
	s.gone = append(s.gone, gone...)
	s.totalLayers, s.stays = int64(len(layers)), len(layers) > 0
	err = p.pool.ForEach(ctx, len(r.Tags), func(ctx context.Context, i int) error {
		tag := &r.Tags[i]
		if !layout.ValidTag(tag.Name) {
			return nil
		}
		there, gone, err := p.describe(ctx, layout.Path{Kind: layout.TagIndexLink, Repository: r.Name, Tag: tag.Name}, tag.Index)
		tag.Index = slices.DeleteFunc(there, func(l inventory.Link) bool { return l.Size < 0 })
		p.mu.Lock()
		defer p.mu.Unlock()
		s.gone = append(s.gone, gone...)
		s.stays = s.stays || len(tag.Index) < len(there)
		return err
	})
	if err != nil {
		return err
	}
	if err := p.tagIndexEntries(ctx, r, s.kept, s); err != nil {
		return err
	}
	if err := p.revisionLinks(ctx, r, s.kept, s); err != nil {
		return err
	}
	return p.abandonedUploads(ctx, r, s.kept, s)
}

// describe fills in sizes and times of links, and tells those that are there from
// those of which only a directory is left.
func (p *planner) describe(ctx context.Context, path layout.Path, links []inventory.Link) (there []inventory.Link, gone []layout.Path, err error) {
	for rest := links; len(rest) > 0; { // those of one algorithm at a time
		n := 1
		for n < len(rest) && rest[n].Algorithm == rest[0].Algorithm {
			n++
		}
		own := rest[:n]
		rest = rest[n:]
		path.Digest = own[0].Digest()
		home := parent(path.Homes()[0].Prefix())
		objects, ages, err := p.lookEach(ctx, home, own, "link")
		if err != nil {
			return nil, nil, err
		}
		for i, l := range own {
			path.Digest = l.Digest()
			p.remark(home+l.Hex+"/link", objects[i], ages[i])
			switch ages[i] {
			case inventory.Gone:
				gone = append(gone, path)
				continue
			case inventory.Irregular:
				l.Size = -1
			default:
				l.Size, l.ModTime = objects[i].Size, objects[i].ModTime
			}
			there = append(there, l)
		}
	}
	return there, gone, nil
}

// tidyBlobs looks at every blob of a directory or page. None goes; directories
// without one do.
func (p *planner) tidyBlobs(ctx context.Context, d inventory.BlobDir) error {
	objects, ages, err := p.lookEach(ctx, d.Prefix, d.Blobs, "data")
	if err != nil {
		return err
	}
	var empty []layout.Dir
	there := make([]inventory.Link, 0, len(d.Blobs))
	for i, l := range d.Blobs {
		switch ages[i] {
		case inventory.Gone:
			dirs, err := p.emptyTree(ctx, orphanPath(l.Digest()).Homes()[0].Prefix(), leaving{})
			if err != nil {
				return err
			}
			empty = append(empty, dirs...)
			continue
		case inventory.Irregular:
			l.Size = -1
			p.onStranger(inventory.Stranger{Key: layout.BlobKey(l.Digest()), Irregular: true})
		default:
			l.Size = objects[i].Size
		}
		there = append(there, l)
	}
	if p.markers.any() {
		staying := make([]string, len(there))
		for i, l := range there {
			staying[i] = layout.BlobKey(l.Digest())
		}
		p.markers.keep(staying...)
	}
	p.meter.done.Add(int64(len(there)))
	empty, all, err := p.withOwn(ctx, d, empty, len(empty))
	if err != nil {
		return err
	}
	if p.see.Blobs != nil {
		p.see.Blobs(there)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range there {
		p.counts.Bytes.Total += max(l.Size, 0)
	}
	p.counts.Blobs.Total += int64(len(there))
	p.directories = append(p.directories, empty...)
	if all {
		p.emptied[parent(d.Prefix)]++
	}
	return nil
}
