package mark

import (
	"context"
	"errors"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/opencontainers/go-digest"
)

// readAliases reads the links whose name does not tell what they hold: those
// of other algorithms than sha256 (law 14). It pins what stands in the place of
// a link, and returns further roots.
func (g *graph) readAliases(ctx context.Context) ([]visit, error) {
	r := g.repository
	var roots []visit
	read := func(area string, links []inventory.Link, then func(l inventory.Link, target digest.Digest)) error {
		for _, l := range links {
			if l.Algorithm == "sha256" {
				continue
			}
			key := r.Prefix + area + l.Algorithm + "/" + l.Hex + "/link"
			target, state, err := ReadLink(ctx, g.reader, key, l.Size != 0)
			switch {
			case err != nil:
				return err
			case state == LinkHidden: // a registry reads it
				g.blocked.Store(true)
				g.opts.OnFinding(Finding{Symlink, r.Name, storage.DisplayKey(key), "what this link holds cannot be known, because symbolic links are not followed; put the file in its place"})
			case state == LinkBroken:
				g.opts.OnFinding(Finding{BrokenLink, r.Name, storage.DisplayKey(key), "the link does not hold a digest: push the image again"})
			case state == LinkHolds:
				then(l, target)
			}
		}
		return nil
	}
	alias := func(l inventory.Link, target digest.Digest) {
		key := KeyOf(l.Algorithm, l.Hex)
		g.kept.aliases[key] = append(g.kept.aliases[key], target)
	}
	pin := func(_ inventory.Link, target digest.Digest) {
		g.need(DigestKey(target), untold)
	}
	for _, l := range r.IrregularLayers {
		pin(l, l.Digest())
	}
	for _, l := range r.IrregularRevisions { // for a registry, they are linked
		g.kept.add(l.Digest(), linked)
		roots = append(roots, visit{l.Digest(), asChild})
	}
	if _, tree := storage.AsTree(g.reader); !tree { // there, a directory stands in the place
		hidden := func(inventory.Link, digest.Digest) {}
		if err := errors.Join(read("_layers/", r.IrregularLayers, hidden), read("_manifests/revisions/", r.IrregularRevisions, hidden)); err != nil {
			return nil, err
		}
	}
	err := errors.Join(
		read("_layers/", r.Layers, alias),
		read("_layers/", r.UnverifiedLayers, pin),
		read("_manifests/revisions/", r.Revisions, alias),
		read("_manifests/revisions/", r.UnverifiedRevisions, func(_ inventory.Link, target digest.Digest) {
			roots = append(roots, visit{target, asChild})
		}),
	)
	for _, l := range r.UnverifiedRevisions {
		g.blocked.Store(true)
		g.opts.OnFinding(UnverifiedFinding(r, l))
	}
	return roots, err
}

// UnverifiedFinding is that of a revision under an algorithm that is not known
// here.
func UnverifiedFinding(r *inventory.Repository, l inventory.Link) Finding {
	return Finding{
		UnknownAlgorithm, r.Name, storage.DisplayKey(r.Prefix + "_manifests/revisions/" + l.Algorithm + "/" + l.Hex + "/link"),
		"a manifest under a digest algorithm that cannot be verified here, so what it references cannot be known: delete it, or use a version that knows the algorithm",
	}
}
