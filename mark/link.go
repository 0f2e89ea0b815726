package mark

import (
	"context"
	"errors"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// linkLimit is more than any link holds.
const linkLimit = 1024

// LinkState is what became of reading a link.
type LinkState uint8

// The states of a link.
const (
	LinkHolds  LinkState = iota + 1 // a digest
	LinkAbsent                      // seen twice
	LinkBroken                      // empty, or no digest
	LinkHidden                      // behind a symbolic link
)

// ReadLink reads the digest in a link. One that a listing has shown is absent
// only when a listing shows it no more (law 5): what it holds may be live. Where
// directories are real, listings do not show the links themselves.
func ReadLink(ctx context.Context, r storage.Reader, key string, listed bool) (digest.Digest, LinkState, error) {
	content, err := inventory.Confirm(func() ([]byte, error) { return r.Get(ctx, key, linkLimit) })
	switch {
	case errors.Is(err, storage.ErrNotFound):
		if _, tree := storage.AsTree(r); !listed || tree {
			return "", LinkAbsent, nil
		}
		return "", LinkAbsent, notListed(ctx, r, key)
	case errors.Is(err, storage.ErrTooLarge):
		return "", LinkBroken, nil
	case errors.Is(err, storage.ErrIrregular):
		return "", LinkHidden, nil
	case err != nil:
		return "", 0, err
	}
	if d, ok := layout.ParseLink(content); ok {
		return d, LinkHolds, nil
	}
	return "", LinkBroken, nil
}

// notListed fails when a listing shows a key that reading says is absent.
func notListed(ctx context.Context, r storage.Reader, key string) error {
	for o, err := range r.List(ctx, key, storage.ListOptions{}) {
		switch {
		case err != nil:
			return err
		case o.Key == key:
			return &storage.Error{Op: "get", Key: key, Err: inventory.ErrReappeared}
		case o.Key > key:
			return nil
		}
	}
	return nil
}
