package sweep

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// planner builds a Plan.
type planner struct {
	*Plan
	mu      sync.Mutex // guards the Plan's slices and counts, and what is gathered
	shares  []*share   // of the repositories
	orphans []orphans  // of each directory or page
	reader  storage.Reader
	tree    storage.Tree // nil where directories are not real
	walker  *inventory.Walker

	names         map[string]bool  // directories of names: whether they can go
	emptied       map[string]int64 // blob directories that go, by their parent
	markers       markers          // of directories
	links         []string         // symbolic links
	recentDirs    atomic.Int64
	manifestsRead atomic.Int64
	reportedEmpty map[string]bool     // links
	recentUploads map[uploadName]bool // those that stay for their age
	strangers     int

	tidy bool // only what NewTidy says
	see  Sight
}

func newPlanner(r storage.Reader, opts Options) *planner {
	p := &planner{
		Plan:          &Plan{opts: opts, pool: parallel.New(opts.Workers), meter: newMeter(opts.Progress)},
		reader:        r,
		names:         map[string]bool{},
		emptied:       map[string]int64{},
		reportedEmpty: map[string]bool{},
		recentUploads: map[uploadName]bool{},
		markers:       markers{found: map[string]*marker{}},
	}
	p.tree, _ = storage.AsTree(r)
	p.walker = &inventory.Walker{
		Reader: r, Pool: p.pool, OnStranger: p.onStranger, OnMarker: p.markers.add,
		Reads: p.manifestsRead.Load, TagsAreRead: opts.DeleteUntagged,
	}
	p.marker = mark.New(r, mark.Options{
		DeleteUntagged:  opts.DeleteUntagged,
		MaxManifestSize: opts.MaxManifestSize,
		DeclaredSizes:   p.tree != nil,
		Pool:            p.pool,
		Age:             p.age,
		OnFinding:       p.found,
		OnManifest: func() {
			p.meter.done.Add(1)
			p.manifestsRead.Add(1)
		},
	})
	return p
}

// plan marks every repository, then streams the blobs past the mark set. No
// blob is judged before the last manifest was read.
func (p *planner) plan(ctx context.Context) error {
	p.meter.enter(PhaseMark, 0)
	repository, blobDir := p.repository, p.blobDir
	if p.tidy {
		repository, blobDir = p.tidyRepository, p.tidyBlobs
	}
	anyRepository, err := p.walker.Repositories(ctx, repository)
	if err != nil {
		return fmt.Errorf("marking manifests: %w", err)
	}
	if err := p.symlinkedReferences(ctx); err != nil {
		return fmt.Errorf("looking where symbolic links lead: %w", err)
	}
	p.meter.enter(PhaseBlobs, 0)
	if err := p.rest(ctx, blobDir); err != nil {
		return err
	}
	p.gather()
	if err := p.emptyDirectories(ctx); err != nil {
		return fmt.Errorf("looking for empty directories: %w", err)
	}
	p.conclude(anyRepository)
	p.sort()
	return ctx.Err()
}

// rest looks, all at once, at what is judged by what the repositories told.
func (p *planner) rest(ctx context.Context, blobDir func(context.Context, inventory.BlobDir) error) error {
	blobs := func(ctx context.Context) error { return p.walker.Blobs(ctx, blobDir) }
	tasks := []struct {
		name string
		do   func(context.Context) error
	}{
		{"listing blobs", blobs},
		{"listing multipart uploads", p.multipartUploads},
		{"asking whether versions are kept", p.versioning},
	}
	return p.pool.ForEach(ctx, len(tasks), func(ctx context.Context, i int) error {
		if err := tasks[i].do(ctx); err != nil {
			return fmt.Errorf("%s: %w", tasks[i].name, err)
		}
		return nil
	})
}

// conclude fills in what is known only at the end.
func (p *planner) conclude(anyRepository bool) {
	switch {
	case p.marker.Blocked():
		p.block(BlockedUnreadableManifest)
	case anyRepository:
	case p.counts.Blobs.Total > 0:
		p.block(BlockedNoRepositories)
	default:
		p.found(mark.Finding{
			Kind: mark.EmptyRegistry, Key: layout.Root,
			Detail: "there are neither repositories nor blobs: is this the registry's root directory?",
		})
	}
	if p.strangers > strangersShown {
		p.found(mark.Finding{
			Kind: mark.Stranger, Key: layout.Root,
			Detail: fmt.Sprintf("%d more keys that no registry writes; they are never touched", p.strangers-strangersShown),
		})
	}
	c := &p.counts
	c.TagIndexEntries.Eligible = int64(len(p.entries))
	c.Manifests.Eligible = int64(len(p.revisions))
	c.LayerLinks.Eligible = int64(len(p.layers))
	c.Blobs.Eligible = int64(p.blobs.len())
	c.Uploads.Eligible = int64(len(p.uploads))
	c.MultipartUploads.Eligible = int64(len(p.multiparts))
	c.EmptyDirectories.Recent = p.recentDirs.Load()
	c.EmptyDirectories.Eligible = int64(len(p.directories) + len(p.dirMarkers))
	for _, of := range p.blobs.common {
		c.Bytes.Reclaimable += of.size
	}
	for _, of := range p.blobs.others {
		c.Bytes.Reclaimable += of.size
	}
}

// gather puts together what repositories and portions of blobs have added, each
// of them sorted, in an order that does not depend on how the work was shared.
func (p *planner) gather() {
	slices.SortFunc(p.shares, func(a, b *share) int { return cmp.Compare(a.repository, b.repository) })
	p.entries = concat(p.shares, func(s *share) *[]item { return &s.entries })
	p.revisions = concat(p.shares, func(s *share) *[]item { return &s.revisions })
	p.layers = concat(p.shares, func(s *share) *[]item { return &s.layers })
	p.uploads = concat(p.shares, func(s *share) *[]item { return &s.uploads })
	p.blobs = gather(p.orphans)
	p.shares, p.orphans = nil, nil
}

// concat moves one of the lists of all shares into one list.
func concat(shares []*share, of func(*share) *[]item) []item {
	n := 0
	for _, s := range shares {
		n += len(*of(s))
	}
	all := make([]item, 0, n)
	for _, s := range shares {
		all = append(all, *of(s)...)
		*of(s) = nil
	}
	return all
}

// block blocks the plan unless the risk was accepted.
func (p *planner) block(b Blocker) {
	for _, accepted := range p.opts.AcceptRisk {
		if accepted == b {
			p.opts.Logger.Warn("risk accepted", "blocker", b)
			return
		}
	}
	p.blocked = append(p.blocked, b)
}
