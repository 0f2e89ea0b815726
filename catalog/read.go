package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/opencontainers/go-digest"
)

// ErrUnknownRepository says that the registry has no repository of that name.
var ErrUnknownRepository = errors.New("no such repository")

// Options of [Read]. The zero value reads everything but configurations.
type Options struct {
	// Repositories are the names of those to read; nil means all of them. One
	// that does not exist is [ErrUnknownRepository].
	Repositories []string
	// Match, when set, tells by name which of them to read.
	Match func(name string) bool
	// Images asks for what configurations say: one more read for each image.
	Images bool
	// ImagesOf, when set, tells by name of which repositories; nil means of all.
	ImagesOf func(repository string) bool
	// MaxManifestSize is the largest manifest that is read, in bytes; zero means
	// mark.DefaultMaxManifestSize.
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
// once, and each tag. The catalog takes some 2 KiB of memory a manifest.
//
// Directories without a repository in them, and those of repositories that hold
// nothing, are no error; neither is a registry that is empty.
func Read(ctx context.Context, r storage.Reader, opts Options) (*Catalog, error) {
	rd := newReading(r, opts)
	if err := rd.repositories(ctx); err != nil {
		return nil, err
	}
	if opts.Images {
		if err := rd.images(ctx); err != nil {
			return nil, err
		}
	}
	c := &rd.catalog
	slices.SortFunc(c.Repositories, func(a, b *Repository) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Findings, func(a, b mark.Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Detail, b.Detail))
	})
	c.Findings = slices.Compact(c.Findings)
	rd.opts.Logger.Debug("read", "repositories", len(c.Repositories), "manifests", rd.read.Load())
	return c, nil
}

// Names lists the repositories of a registry, sorted, without reading what is
// in them: at a request for each directory that is or leads to one.
func Names(ctx context.Context, r storage.Reader, opts Options) ([]string, error) {
	return newReading(r, opts).names(ctx)
}

// reading is a catalog that is being read.
type reading struct {
	storage.Reader
	opts   Options
	tree   bool // directories are real
	pool   *parallel.Pool
	walker *inventory.Walker

	mu        sync.Mutex // guards what follows
	catalog   Catalog
	manifests map[digest.Digest]*load

	read    atomic.Int64 // manifests
	telling sync.Mutex
	told    time.Time
}

// load is a manifest that is read once.
type load struct {
	once sync.Once
	err  error
	Manifest
	doc mark.Document // without its content
}

func newReading(r storage.Reader, opts Options) *reading {
	opts.MaxManifestSize = cmp.Or(opts.MaxManifestSize, mark.DefaultMaxManifestSize)
	opts.Workers = parallel.Workers(opts.Workers, r)
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	_, tree := storage.AsTree(r)
	rd := &reading{Reader: r, opts: opts, tree: tree, pool: parallel.New(opts.Workers), manifests: map[digest.Digest]*load{}}
	rd.walker = &inventory.Walker{
		Reader: r, Pool: rd.pool, TagsAreRead: true, Reads: rd.read.Load,
		OnStranger: rd.stranger, OnMarker: func(storage.Object) {},
	}
	return rd
}

// repositories reads those that are wanted: all in one walk, or each by itself.
func (rd *reading) repositories(ctx context.Context) error {
	if rd.opts.Repositories == nil && rd.opts.Match == nil {
		_, err := rd.walker.Repositories(ctx, rd.repository)
		return err
	}
	names, err := rd.names(ctx)
	if err != nil {
		return err
	}
	return rd.pool.ForEach(ctx, len(names), func(ctx context.Context, i int) error {
		r, err := rd.walker.Repository(ctx, names[i])
		if err == nil && !r.Exists {
			err = fmt.Errorf("%q: %w", names[i], ErrUnknownRepository)
		}
		if err != nil {
			return err
		}
		return rd.repository(ctx, r)
	})
}

func (rd *reading) names(ctx context.Context) ([]string, error) {
	names := slices.Clone(rd.opts.Repositories)
	if names == nil {
		var err error
		if names, err = rd.walker.Names(ctx); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if rd.opts.Match != nil {
		names = slices.DeleteFunc(names, func(name string) bool { return !rd.opts.Match(name) })
	}
	return names, nil
}

func (rd *reading) found(f mark.Finding) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.catalog.Findings = append(rd.catalog.Findings, f)
}

// stranger reports one that hides something. Others are a collection's business;
// here nothing is done to them.
func (rd *reading) stranger(s inventory.Stranger) {
	if s.Hides() {
		rd.found(mark.Finding{
			Kind: mark.Symlink, Repository: s.Repository, Key: storage.DisplayKey(s.Key),
			Detail: "a symbolic link in the place of something that tells what is needed; a registry follows it, this does not: put what it leads to in its place",
		})
	}
}

func (rd *reading) unreadable() {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.catalog.Unreadable = true
}

// tellEvery is how often progress is told at most.
const tellEvery = 200 * time.Millisecond

func (rd *reading) countManifest() {
	n := rd.read.Add(1)
	if rd.opts.Progress == nil || !rd.telling.TryLock() {
		return
	}
	defer rd.telling.Unlock()
	if now := time.Now(); now.Sub(rd.told) >= tellEvery {
		rd.told = now
		rd.opts.Progress(n)
	}
}
