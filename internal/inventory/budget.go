package inventory

import (
	"sync"
	"sync/atomic"
)

// Dividing listings costs requests: pages that are not full, looks for names,
// wrong guesses. All together they stay small beside what must be sent anyway.
const (
	freeRequests = 16   // for all listings
	freeShare    = 0.05 // of what must be sent
)

// budget is what dividing listings may cost. Its zero value is that of a run
// that has sent nothing yet.
type budget struct {
	// reads, if set, counts what was read besides listings.
	reads func() int64

	pages   atomic.Int64 // listed
	tags    atomic.Int64 // listed, that are going to be read
	largest atomic.Int64 // number of revisions listed of one repository, all of them read

	mu    sync.Mutex
	spent float64
}

// allowance is how many more requests dividing may cost.
func (b *budget) allowance() float64 {
	manifests := b.largest.Load()
	if b.reads != nil {
		manifests = max(manifests, b.reads())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return freeRequests + freeShare*float64(b.pages.Load()+b.tags.Load()+manifests) - b.spent
}

// spend notes what dividing has cost.
func (b *budget) spend(requests float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += requests
}

// revisions notes how many one repository has.
func (b *budget) revisions(n int) {
	for known := b.largest.Load(); int64(n) > known && !b.largest.CompareAndSwap(known, int64(n)); {
		known = b.largest.Load()
	}
}
