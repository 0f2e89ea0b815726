package sweep

import (
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// Removal is something that is gone, for who keeps a memory of it, as the
// descriptor cache of a registry does.
type Removal struct {
	// Kind is Manifest for the link of a revision, LayerLink, or Blob.
	Kind CandidateKind
	// Repository is where a link was; empty for a blob.
	Repository string
	// Digest is that of the link or blob. A link under another algorithm than
	// sha256 is told once more with the digest that it held (law 14).
	Digest digest.Digest
	// Uncertain says that the backend did not confirm it. A delete whose answer
	// was lost is one that no later run will tell of, so forget this too.
	Uncertain bool
}

// tell hands a candidate to Options.OnRemoved, once for each digest that stands
// for it. It is called under a lock.
func (x *execution) tell(of func(i int) ([]layout.Path, []digest.Digest), i int, uncertain bool) {
	if x.opts.OnRemoved == nil {
		return
	}
	paths, digests := of(i)
	r := Removal{Uncertain: uncertain}
	switch path := paths[len(paths)-1]; path.Kind {
	case layout.RevisionLink:
		r.Kind, r.Repository = Manifest, path.Repository
	case layout.LayerLink:
		r.Kind, r.Repository = LayerLink, path.Repository
	case layout.BlobData:
		r.Kind = Blob
	default:
		return
	}
	for _, d := range digests {
		r.Digest = d
		x.opts.OnRemoved(r)
	}
}
