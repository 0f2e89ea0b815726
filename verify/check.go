package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/effort"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// Check is a registry that was checked, and can be repaired once. It is not safe
// for concurrent use.
type Check struct {
	opts    Options
	reader  storage.Reader
	pool    *parallel.Pool
	catalog *catalog.Catalog
	byName  map[string]*catalog.Repository
	plan    *sweep.Plan
	stored  stored

	mu       sync.Mutex // guards what follows
	report   Report
	findings []Finding
	broken   []brokenLink
	unlinked []unlinked
	absent   []layout.Path // entries of histories
	missing  map[digest.Digest]bool
	writes   []write

	hashed, bytes atomic.Int64 // blobs and their bytes
	effort        effort.Effort
}

// New checks a registry. It reads every manifest and tag once and lists
// everything else, with Options.Blobs it reads everything; on a filesystem it
// asks for the size of every blob and link. Any error that is no proven absence
// ends it, but for that of a blob that cannot be read.
//
// It takes some 2 KiB of memory a manifest and 16 bytes a blob, whatever the size
// of the blobs.
func New(ctx context.Context, r storage.Reader, opts Options) (*Check, error) {
	opts, err := opts.resolve(r)
	if err != nil {
		return nil, err
	}
	c := &Check{
		opts: opts, reader: r, pool: parallel.New(opts.Workers),
		byName: map[string]*catalog.Repository{}, missing: map[digest.Digest]bool{},
	}
	c.report.StartedAt = cmp.Or(opts.Now, time.Now())
	defer c.effort.Measure(r)()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"reading manifests", c.readCatalog},
		{"looking at links and blobs", c.look},
		{"looking for what manifests need", c.needs},
		{"looking for layer links", c.confirmLinks},
		{"hashing blobs", c.hashBlobs},
	} {
		if err := step.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	c.conclude()
	return c, nil
}

// readCatalog reads every manifest and tag.
func (c *Check) readCatalog(ctx context.Context) (err error) {
	reader := &tolerant{Reader: c.reader, errs: map[string]error{}}
	c.catalog, err = catalog.Read(ctx, reader, catalog.Options{
		MaxManifestSize: c.opts.MaxManifestSize, Workers: c.opts.Workers, Logger: c.opts.Logger,
		Progress: func(n int64) { c.opts.Progress(sweep.Progress{Phase: PhaseManifests, Done: n}) },
	})
	if err != nil {
		return err
	}
	for i := range c.catalog.Findings {
		f := &c.catalog.Findings[i]
		if cause := reader.errs[f.Key]; cause != nil && f.Kind == mark.CorruptManifest {
			f.Detail = "it cannot be read, so what it references is not known: " + causeOf(cause)
		}
	}
	for _, r := range c.catalog.Repositories {
		c.byName[r.Name] = r
		c.report.Repositories++
		c.report.Manifests += int64(len(r.Revisions))
		for _, t := range r.Tags {
			if t.Digest != "" || t.Broken {
				c.report.Tags++
			}
		}
	}
	return nil
}

// look lists everything, and plans what can go without a loss.
func (c *Check) look(ctx context.Context) (err error) {
	progress := func(p sweep.Progress) {
		if p.Phase == sweep.PhaseBlobs { // before it, no manifest is read
			c.opts.Progress(p)
		}
	}
	c.plan, err = sweep.NewTidy(ctx, c.reader, c.opts.sweep(progress), sweep.Sight{Repository: c.links, Blobs: c.stored.add})
	c.stored.sort()
	c.report.Blobs.Total = int64(len(c.stored.blobs))
	c.report.Bytes.Total = c.stored.bytes
	return err
}

// conclude puts together what was found.
func (c *Check) conclude() {
	for _, b := range c.broken {
		key, err := b.path.Key()
		if err != nil {
			continue // it was read under one
		}
		c.found(Finding{Digest: b.path.Digest, Finding: mark.Finding{
			Kind: mark.BrokenLink, Repository: b.path.Repository, Key: key, Detail: b.detail(),
		}})
	}
	c.foundElsewhere(c.catalog.Findings)
	c.foundElsewhere(c.plan.Findings())
	c.findings = distinct(c.findings)
	c.writes = c.plannedWrites()
	c.report.Repairs = c.steps(c.plan)
	c.judge()
	c.breaks()
	slices.SortFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Detail, b.Detail))
	})
	c.report.BlockedBy = c.plan.BlockedBy()
}

// distinct leaves out what another finding says better: that of a size where the
// bytes are known to be wrong, and that of a blob where it is a manifest's.
func distinct(all []Finding) []Finding {
	corrupt, manifests := map[digest.Digest]bool{}, map[digest.Digest]bool{}
	for _, f := range all {
		corrupt[f.Digest] = corrupt[f.Digest] || f.Kind == mark.CorruptBlob || f.Kind == mark.CorruptManifest
		manifests[f.Digest] = manifests[f.Digest] || f.Kind == mark.CorruptManifest
	}
	return slices.DeleteFunc(all, func(f Finding) bool {
		return f.Kind == mark.SizeMismatch && corrupt[f.Digest] || f.Kind == mark.CorruptBlob && manifests[f.Digest]
	})
}

// Report says what was found and what was mended.
func (c *Check) Report() Report {
	r := c.report
	r.Registry = c.opts.Registry
	r.Blobs.Hashed, r.Bytes.Hashed = c.hashed.Load(), c.bytes.Load()
	tags := map[string]bool{}
	for _, f := range c.findings {
		switch {
		case f.Repaired:
		case f.Fault:
			r.Faults++
			for _, tag := range f.Breaks {
				tags[tag] = true
			}
		default:
			r.Notes++
		}
	}
	r.BrokenTags = int64(len(tags))
	r.Findings = append([]Finding{}, c.findings...)
	r.Repairs = append([]Step{}, r.Repairs...)
	r.BlockedBy = append([]sweep.Blocker{}, r.BlockedBy...)
	r.Failed = append([]sweep.Failure{}, r.Failed...)
	r.Requests, r.Seconds = c.effort.Requests, c.effort.Took.Seconds()
	r.StartedAt = r.StartedAt.UTC()
	return r
}

// tolerant reads on when a manifest cannot be read: it then looks corrupt, and the
// error says why. Nothing is ever removed for what a catalog says that was read
// this way.
type tolerant struct {
	storage.Reader
	mu   sync.Mutex
	errs map[string]error // by key
}

func (t *tolerant) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	content, err := t.Reader.Get(ctx, key, limit)
	if !unreadable(ctx, err) || !isBlob(key) {
		return content, err
	}
	if content, err = t.Reader.Get(ctx, key, limit); !unreadable(ctx, err) {
		return content, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errs[key] = err
	return nil, nil
}

// causeOf is what an error says besides its key, which a finding has.
func causeOf(err error) string {
	var e *storage.Error
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

func isBlob(key string) bool {
	path, ok := layout.Parse(key)
	return ok && path.Kind == layout.BlobData
}

// unreadable tells errors of one object from those that say what it is, and from
// the end of the run.
func unreadable(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && !errors.Is(err, storage.ErrNotFound) &&
		!errors.Is(err, storage.ErrTooLarge) && !errors.Is(err, storage.ErrIrregular)
}

func (t *tolerant) Hierarchical() bool {
	_, ok := storage.AsTree(t.Reader)
	return ok
}

func (t *tolerant) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	tree, ok := storage.AsTree(t.Reader)
	if !ok {
		return nil, &storage.Error{Op: "list", Key: prefix, Err: errors.ErrUnsupported}
	}
	return tree.ReadDir(ctx, prefix)
}

func (t *tolerant) StatEach(ctx context.Context, prefix string, names []string, file string) ([]storage.Described, error) {
	return storage.StatEach(ctx, t.Reader, prefix, names, file)
}
