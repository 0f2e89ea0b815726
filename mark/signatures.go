package mark

import (
	"context"
	"slices"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// keepSignatures marks the signatures of revisions that stay: old registries
// stored those of schema 1 as blobs, linked below the revision.
func (g *graph) keepSignatures(ctx context.Context) error {
	for _, s := range g.repository.Signatures {
		if !g.kept.node(s.Revision).is(removed) {
			g.marks.add(KeyOf(s.Algorithm, s.Hex), untold)
		}
	}
	if _, ok := storage.AsTree(g.reader); !ok {
		return nil // the listing had them all
	}
	for _, l := range slices.Concat(g.repository.Revisions, g.repository.Unlinked) {
		if n := g.kept.node(l); n.is(removed) || n.is(linked) && n.is(plain) {
			continue
		}
		prefix := g.repository.Prefix + "_manifests/revisions/" + l.Algorithm + "/" + l.Hex + "/signatures/"
		for o, err := range g.reader.List(ctx, prefix, storage.ListOptions{}) {
			if err != nil {
				return err
			}
			if p, ok := layout.Parse(o.Key); ok && p.Kind == layout.SignatureLink {
				g.Pin(p.Signature)
			}
		}
	}
	return nil
}
