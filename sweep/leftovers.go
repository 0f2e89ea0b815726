package sweep

import (
	"context"
	"errors"
	"fmt"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// What a link needs that could not be removed must stay as well (law 9). Each
// phase notes the links that it left; after it, everything that they need is
// pinned, and later phases leave alone what is pinned.

var errNeeded = errors.New("left in place, because this could not be removed")

// leftLink is a link that stays, with the digests that it stands for and the
// key that could not be removed: its own, or that of a link that needs it.
type leftLink struct {
	key     string
	digests []digest.Digest
}

// pin keeps a digest that a link still names, and what it needs if the link is
// a manifest's.
func (x *execution) pin(ctx context.Context, phase Phase, d digest.Digest, cause string) error {
	if d == "" {
		return nil
	}
	needed := map[mark.Key]bool{mark.DigestKey(d): true}
	if phase != PhaseLayerLinks {
		if err := x.marker.Closure(ctx, d, x.revisionsOf, x.blobs.has, needed); err != nil {
			return err
		}
	}
	for key := range needed {
		x.pinned[key] = cause
	}
	return nil
}

// revisionsOf returns the revisions of the plan with a key.
func (x *execution) revisionsOf(key mark.Key) []digest.Digest {
	if x.linked == nil {
		x.linked = map[mark.Key][]digest.Digest{}
		for _, it := range x.revisions {
			k := mark.DigestKey(it.digest)
			x.linked[k] = append(x.linked[k], it.digest)
		}
	}
	return x.linked[key]
}

// cause returns the key that could not be removed and that still needs one of
// the digests, or nothing.
func (x *execution) cause(digests []digest.Digest) string {
	if len(x.pinned) == 0 {
		return ""
	}
	for _, d := range digests {
		if d != "" {
			if key, ok := x.pinned[mark.DigestKey(d)]; ok {
				return key
			}
		}
	}
	return ""
}

// leave notes a candidate that is left in place; what it needs stays too.
func (x *execution) leave(paths []layout.Path, digests []digest.Digest, cause string) {
	x.mu.Lock()
	x.left = append(x.left, leftLink{cause, digests})
	x.mu.Unlock()
	for _, path := range paths {
		if key, err := path.Key(); err == nil {
			x.fail(key, fmt.Errorf("%w: %s", errNeeded, cause))
		}
	}
}
