package sweep

import (
	"context"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// blobDir judges the blobs of a directory or page: what is not marked and old
// enough goes.
func (p *planner) blobDir(ctx context.Context, d inventory.BlobDir) error {
	var c MarkedCounts
	var total int64
	var unmarked []inventory.Link
	var unsized []inventory.Link // marked, and no manifest tells the size
	var orphans orphans
	var empty []layout.Dir
	var missed []inventory.Link // taken for absent while marking
	var staying []string        // keys, where directories have markers
	keepsMarkers := p.markers.any()
	stays := func(l inventory.Link) {
		if keepsMarkers {
			staying = append(staying, layout.BlobKey(l.Digest()))
		}
	}
	for _, l := range d.Blobs {
		if p.marker.Missed(l) {
			missed = append(missed, l)
		}
		c.Total++
		total += max(l.Size, 0)
		marked, declared := p.marker.Marked(l.Algorithm, l.Hex)
		switch {
		case !marked:
			unmarked = append(unmarked, l)
			continue
		case l.Size < 0 && declared < 0:
			unsized = append(unsized, l)
		case l.Size < 0:
			total += declared
		}
		c.Marked++
		stays(l)
	}
	if err := p.notMissed(ctx, d.Prefix, missed); err != nil {
		return err
	}
	sizes, _, err := p.lookEach(ctx, d.Prefix, unsized, "data")
	if err != nil {
		return err
	}
	for _, o := range sizes {
		total += max(o.Size, 0)
	}
	objects, ages, err := p.lookEach(ctx, d.Prefix, unmarked, "data")
	if err != nil {
		return err
	}
	for i, l := range unmarked {
		if l.Size < 0 && (ages[i] == inventory.Old || ages[i] == inventory.Recent) {
			total += objects[i].Size
		}
		switch ages[i] {
		case inventory.Old:
			orphans.add(l, objects[i].Size)
		case inventory.Recent:
			c.Recent++
			stays(l)
		case inventory.Gone:
			c.Total--
			dirs, err := p.emptyTree(ctx, orphanPath(l.Digest()).Homes()[0].Prefix(), leaving{})
			if err != nil {
				return err
			}
			empty = append(empty, dirs...)
		case inventory.Irregular:
			c.Total--
			p.onStranger(inventory.Stranger{Key: layout.BlobKey(l.Digest()), Irregular: true})
		}
	}
	p.meter.done.Add(c.Total)
	p.markers.keep(staying...)
	orphans.sort()

	empty, all, err := p.withOwn(ctx, d, empty, orphans.len()+len(empty))
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Blobs.Total += c.Total
	p.counts.Blobs.Marked += c.Marked
	p.counts.Blobs.Recent += c.Recent
	p.counts.Bytes.Total += total
	if orphans.len() > 0 {
		p.orphans = append(p.orphans, orphans)
	}
	p.directories = append(p.directories, empty...)
	if all {
		p.emptied[parent(d.Prefix)]++
	}
	return nil
}

// withOwn adds the directory itself to the empty ones in it, if all that is in it
// goes, and reports whether it did.
func (p *planner) withOwn(ctx context.Context, d inventory.BlobDir, empty []layout.Dir, going int) ([]layout.Dir, bool, error) {
	if d.Prefix == "" || d.Strangers > 0 || going != len(d.Blobs) {
		return empty, false, nil
	}
	dir, removable, err := p.removable(ctx, d.Prefix)
	if err == nil && removable {
		empty = append(empty, dir)
	}
	return empty, removable, err
}

// notMissed fails when a manifest that was taken for absent lies there: then
// what it references was not marked (law 5).
func (p *planner) notMissed(ctx context.Context, prefix string, missed []inventory.Link) error {
	_, ages, err := p.lookEach(ctx, prefix, missed, "data")
	if err != nil {
		return err
	}
	for i, l := range missed {
		if ages[i] != inventory.Gone {
			return &storage.Error{Op: "get", Key: layout.BlobKey(l.Digest()), Err: inventory.ErrReappeared}
		}
	}
	return nil
}
