package sweep

import (
	"context"
	"errors"
	"strings"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// symlinkedReferences blocks the plan when a symbolic link stands for a place
// where references lie: a registry follows it, so what lies there is live.
func (p *planner) symlinkedReferences(ctx context.Context) error {
	prober, ok := p.reader.(storage.LinkProber)
	if !ok {
		return nil
	}
	blocked := false
	for _, key := range p.links {
		rest, below := strings.CutPrefix(key, layout.Repositories)
		_, area, inside := strings.Cut(rest, "/_")
		sought := "_manifests"
		switch {
		case !below:
			continue
		case !inside: // it stands for a repository, or leads to some
		case inventory.HoldsReferences(area):
			sought = ""
		default:
			continue // it hides nothing but what would go
		}
		out, err := prober.LeadsOut(ctx, key, layout.Repositories, sought)
		if errors.Is(err, errors.ErrUnsupported) {
			return nil // such a backend has no links
		}
		if err != nil {
			return err
		}
		if out {
			blocked = true
			p.amend(storage.DisplayKey(key), "a symbolic link in the place of something that tells what is needed; a registry follows it, a collection must not: mount the directory in its place")
		}
	}
	if blocked {
		p.block(BlockedSymlinkedReferences)
	}
	return nil
}
