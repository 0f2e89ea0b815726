package sweep

import (
	"context"
	"strings"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// blobDir judges the blobs of a directory or page: what is not marked and old
// enough goes.
func (p *planner) blobDir(ctx context.Context, d inventory.BlobDir) error {
	var c MarkedCounts
	var total int64
	var orphans []blob
	var empty []layout.Dir
	for _, l := range d.Blobs {
		c.Total++
		total += max(l.Size, 0)
		if p.marker.Marked(l.Algorithm, l.Hex) {
			c.Marked++
			continue
		}
		b := blob{digest: digest.Digest(strings.Clone(string(l.Digest())))}
		key, err := b.path().Key()
		if err != nil {
			return err
		}
		o, age, err := p.look(ctx, key, l)
		if err != nil {
			return err
		}
		if l.Size < 0 {
			total += max(o.Size, 0)
		}
		switch age {
		case inventory.Old:
			b.size = o.Size
			orphans = append(orphans, b)
		case inventory.Recent:
			c.Recent++
		case inventory.Gone:
			c.Total--
			dirs, err := p.emptyTree(ctx, b.path().Homes()[0].Prefix(), leaving{})
			if err != nil {
				return err
			}
			empty = append(empty, dirs...)
		case inventory.Foreign:
			c.Total--
			p.onStranger(inventory.Stranger{Key: key, Irregular: true})
		}
	}
	p.meter.done.Add(c.Total)

	all := d.Prefix != "" && d.Strangers == 0 && len(orphans)+len(empty) == len(d.Blobs)
	if all {
		dir, removable, err := p.removable(ctx, d.Prefix)
		if err != nil {
			return err
		}
		all = removable
		if removable {
			empty = append(empty, dir)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Blobs.Total += c.Total
	p.counts.Blobs.Marked += c.Marked
	p.counts.Blobs.Recent += c.Recent
	p.counts.Bytes.Total += total
	p.blobs = append(p.blobs, orphans...)
	p.directories = append(p.directories, empty...)
	if all {
		p.emptied[parent(d.Prefix)]++
	}
	return nil
}

func parent(prefix string) string {
	return prefix[:strings.LastIndexByte(strings.TrimSuffix(prefix, "/"), '/')+1]
}
