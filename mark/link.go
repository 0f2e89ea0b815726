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

type linkState uint8

const (
	linkHolds linkState = iota + 1
	linkAbsent
	linkBroken
	linkHidden // behind a symbolic link
)

// readLink reads the digest in a link. One that a listing has shown is absent
// only when a listing shows it no more (law 5): what it holds may be live. Where
// directories are real, listings do not show the links themselves.
func (m *Marker) readLink(ctx context.Context, key string, listed bool) (digest.Digest, linkState, error) {
	content, err := inventory.Confirm(func() ([]byte, error) { return m.reader.Get(ctx, key, linkLimit) })
	switch {
	case errors.Is(err, storage.ErrNotFound):
		if !listed || m.tree {
			return "", linkAbsent, nil
		}
		return "", linkAbsent, m.notListed(ctx, key)
	case errors.Is(err, storage.ErrTooLarge):
		return "", linkBroken, nil
	case errors.Is(err, storage.ErrIrregular):
		return "", linkHidden, nil
	case err != nil:
		return "", 0, err
	}
	if d, ok := layout.ParseLink(content); ok {
		return d, linkHolds, nil
	}
	return "", linkBroken, nil
}

// notListed fails when a listing shows a key that reading says is absent.
func (m *Marker) notListed(ctx context.Context, key string) error {
	for o, err := range m.reader.List(ctx, key, storage.ListOptions{}) {
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
