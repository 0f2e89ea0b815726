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

// readLink reads the digest in a link.
func (m *Marker) readLink(ctx context.Context, key string) (digest.Digest, linkState, error) {
	content, err := inventory.Confirm(func() ([]byte, error) { return m.reader.Get(ctx, key, linkLimit) })
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "", linkAbsent, nil
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
