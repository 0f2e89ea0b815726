// Package cache makes the descriptor cache of a registry forget what a
// collection removed.
//
// A registry with such a cache answers from it whether it has a blob, and asks
// its storage only about what it does not remember. What it remembers of a blob
// that is gone is what makes a push skip the layer and the pull fail. A
// [Clearer] takes the removals of a collection, after they are done, and has a
// [Store] forget exactly those: package cache/redis is one for the cache that
// registries share. An embedder with another cache implements Store.
//
// Forgetting is always safe: a cache fills again from the storage.
package cache

import (
	"context"

	"github.com/opencontainers/go-digest"
)

// Entry is what a descriptor cache may remember of one digest.
type Entry struct {
	// Repository says that the digest is accessible there, as a manifest or as
	// a blob. It is empty for the blob's own descriptor, which all repositories
	// share.
	Repository string
	Digest     digest.Digest
}

// Count is how many entries a cache had, and has forgotten.
type Count struct {
	// Descriptors of blobs.
	Descriptors int64
	// Memberships of digests in repositories.
	Memberships int64
}

// Store is a descriptor cache.
type Store interface {
	// Forget removes these entries and no others. It returns how many of them
	// were there, and with an error those that may be there still. An entry that
	// is not there is no error. It is not called concurrently, and has to return
	// when ctx ends.
	Forget(ctx context.Context, entries []Entry) (gone Count, left []Entry, err error)
}
