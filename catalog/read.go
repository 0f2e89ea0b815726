package catalog

import (
	"context"
	"errors"
	"log/slog"

	"github.com/blobsweep/blobsweep/storage"
)

// ErrUnknownRepository says that the registry has no repository of that name.
var ErrUnknownRepository = errors.New("no such repository")

// Options of [Read]. The zero value reads everything but configurations.
type Options struct {
	// Repositories are the names of those to read; nil means all of them. One
	// that does not exist is [ErrUnknownRepository].
	Repositories []string
	// Match, when set, tells by name which repositories to read.
	Match func(name string) bool
	// Images asks for what configurations say: one more read for each image.
	Images bool
	// MaxManifestSize is the largest manifest that is read, in bytes; zero means
	// sweep.DefaultMaxManifestSize.
	MaxManifestSize int64
	// Workers bounds the requests in flight; zero means what the driver
	// suggests, or else a number that suits the machine.
	Workers int
	// Logger receives what happens along the way; nil discards it.
	Logger *slog.Logger
	// Progress, when set, is told now and then how many manifests were read,
	// never concurrently. It must return quickly.
	Progress func(manifests int64)
}

// Read reads a registry, or some repositories of it. Each manifest is read
// once. The catalog takes some 2 KiB of memory a manifest.
func Read(ctx context.Context, r storage.Reader, opts Options) (*Catalog, error) {
	return nil, errors.New("not there yet")
}

// Names lists the repositories of a registry, sorted, at a request for each
// directory.
func Names(ctx context.Context, r storage.Reader, opts Options) ([]string, error) {
	return nil, errors.New("not there yet")
}
