package sweep

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Phase is a part of the work.
type Phase string

// The phases, in order. The last seven are those of the execution, in the order
// of law 9; that of multipart uploads is left out where there are none.
const (
	PhaseMark        Phase = "marking manifests"
	PhaseBlobs       Phase = "listing blobs"
	PhaseTagIndexes  Phase = "removing tag index entries"
	PhaseRevisions   Phase = "removing revision links"
	PhaseLayerLinks  Phase = "removing layer links"
	PhaseSweepBlobs  Phase = "removing blobs"
	PhaseUploads     Phase = "removing uploads"
	PhaseMultipart   Phase = "aborting multipart uploads"
	PhaseDirectories Phase = "removing empty directories"
)

// Progress tells how far a plan or its execution is.
type Progress struct {
	Phase Phase
	// Done counts manifests read, blobs listed, or keys removed in this phase.
	Done int64
	// Total is what Done will come to, or zero where that is not known yet.
	Total int64
	// Bytes reclaimed so far.
	Bytes int64
}

// interval is how often progress is told.
const interval = 200 * time.Millisecond

// meter counts the work and tells of it.
type meter struct {
	tell  func(Progress)
	done  atomic.Int64
	bytes atomic.Int64

	mu    sync.Mutex // held while telling, so that calls never overlap
	phase Phase
	total int64
}

func newMeter(tell func(Progress)) *meter {
	if tell == nil {
		tell = func(Progress) {}
	}
	return &meter{tell: tell}
}

// enter begins a phase.
func (m *meter) enter(phase Phase, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report()
	m.phase, m.total = phase, total
	m.done.Store(0)
	m.report()
}

func (m *meter) report() {
	if m.phase != "" {
		m.tell(Progress{Phase: m.phase, Done: m.done.Load(), Total: m.total, Bytes: m.bytes.Load()})
	}
}

// start tells of the progress regularly until the returned function is
// called, which tells a last time.
func (m *meter) start(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				m.mu.Lock()
				m.report()
				m.mu.Unlock()
			}
		}
	})
	return func() {
		cancel()
		wg.Wait()
		m.mu.Lock()
		defer m.mu.Unlock()
		m.report()
	}
}
