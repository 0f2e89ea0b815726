package sweep

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// Errors of a plan, for errors.Is.
var (
	// ErrBlocked says that the plan must not be executed; nothing was deleted.
	ErrBlocked = errors.New("the plan is blocked, nothing was deleted")
	// ErrPartial says that not everything planned was deleted.
	ErrPartial = errors.New("not everything could be deleted")
	// ErrExecuted says that the plan was executed before.
	ErrExecuted = errors.New("a plan runs once, and this one did")
)

// Plan is what a run found and would remove. Its methods other than Execute
// only read it, and must not be called while Execute runs.
//
// It holds every candidate in memory, 40 bytes a blob and some 200 a link.
type Plan struct {
	opts     Options
	marker   *mark.Marker
	pool     *parallel.Pool
	meter    *meter
	executed atomic.Bool

	counts   Counts
	findings []mark.Finding
	blocked  []Blocker
	failed   []Failure

	entries     []item // tag index entries
	revisions   []item
	layers      []item
	blobs       orphans
	uploads     []item
	multiparts  []multipart
	directories []layout.Dir
	dirMarkers  []layout.Dir // of object stores
	versioned   bool         // deletes leave noncurrent versions
}

// New reads a registry and plans. It reads every manifest once and keeps the
// plan in memory. Any error other than the proven absence of a key ends it:
// there is no partial plan.
func New(ctx context.Context, r storage.Reader, opts Options) (*Plan, error) {
	opts, err := opts.resolve(r)
	if err != nil {
		return nil, err
	}
	p := newPlanner(r, opts)
	return p.make(ctx)
}

// make plans.
func (p *planner) make(ctx context.Context) (*Plan, error) {
	stop := p.meter.start(ctx)
	defer stop()
	if err := p.plan(ctx); err != nil {
		return nil, err
	}
	digests, bytes := p.marker.Size()
	p.opts.Logger.Debug("planned", "digests", digests, "markSetBytes", bytes, "eligible", p.counts.Blobs.Eligible,
		"findings", len(p.findings), "blockedBy", p.blocked)
	return p.Plan, nil
}

// Grace is the grace period in force.
func (p *Plan) Grace() time.Duration { return p.opts.Grace }

// StartedAt is the start of the run: nothing modified at or after it goes.
func (p *Plan) StartedAt() time.Time { return p.opts.Now }

// Counts are the figures so far: of the plan, and once executed of what was
// done.
func (p *Plan) Counts() Counts { return p.counts }

// Findings are the faults met on the way, in the order of their keys.
func (p *Plan) Findings() []mark.Finding { return slices.Clone(p.findings) }

// BlockedBy names what forbids to execute the plan (law 16). Risks that were
// accepted are not among them.
func (p *Plan) BlockedBy() []Blocker { return slices.Clone(p.blocked) }

// Failed names every key that could not be deleted (law 10).
func (p *Plan) Failed() []Failure { return slices.Clone(p.failed) }

// Candidates yields everything that the plan removes, in the order of removal.
func (p *Plan) Candidates() iter.Seq[Candidate] {
	return func(yield func(Candidate) bool) {
		items := func(items []item) bool {
			for _, it := range items {
				if !yield(it.candidate()) {
					return false
				}
			}
			return true
		}
		if !items(p.entries) || !items(p.revisions) || !items(p.layers) {
			return
		}
		for d, size := range p.blobs.all() {
			if !yield(Candidate{Kind: Blob, Digest: d, Bytes: size, Reason: reasonUnreferenced}) {
				return
			}
		}
		if !items(p.uploads) {
			return
		}
		for _, m := range p.multiparts {
			if !yield(m.Candidate) {
				return
			}
		}
		for _, dirs := range [][]layout.Dir{p.directories, p.dirMarkers} {
			for _, d := range dirs {
				if !yield(Candidate{Kind: EmptyDirectory, Key: d.Prefix(), Reason: "empty"}) {
					return
				}
			}
		}
	}
}

// sort puts all but what gather has put in order into one that does not depend
// on how the work was shared, directories from the deepest up.
func (p *Plan) sort() {
	slices.SortFunc(p.multiparts, func(a, b multipart) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Key, b.Key),
			a.initiated.Compare(b.initiated), cmp.Compare(a.id, b.id))
	})
	for _, dirs := range [][]layout.Dir{p.directories, p.dirMarkers} {
		slices.SortFunc(dirs, func(a, b layout.Dir) int { return deeper(a.Prefix(), b.Prefix()) })
	}
	slices.SortFunc(p.findings, func(a, b mark.Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Detail, b.Detail))
	})
	slices.Sort(p.blocked)
}

func deeper(a, b string) int {
	return cmp.Or(cmp.Compare(strings.Count(b, "/"), strings.Count(a, "/")), cmp.Compare(a, b))
}
