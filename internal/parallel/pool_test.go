package parallel_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/blobsweep/blobsweep/internal/parallel"
)

func TestForEachVisitsAllWithinTheBound(t *testing.T) {
	for _, workers := range []int{0, 1, 3, 64} {
		pool := parallel.New(workers)
		var running, peak, visited atomic.Int64
		enter := func() {
			n := running.Add(1)
			for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
			}
		}
		// Nested three deep: the bound holds for all together.
		err := pool.ForEach(t.Context(), 10, func(ctx context.Context, _ int) error {
			return pool.ForEach(ctx, 10, func(ctx context.Context, _ int) error {
				return pool.ForEach(ctx, 10, func(context.Context, int) error {
					enter()
					visited.Add(1)
					running.Add(-1)
					return nil
				})
			})
		})
		if err != nil || visited.Load() != 1000 {
			t.Errorf("%d workers: visited %d of 1000, error %v", workers, visited.Load(), err)
		}
		if bound := int64(max(workers, 1)); peak.Load() > bound {
			t.Errorf("%d workers: %d ran at once", workers, peak.Load())
		}
	}
}

func TestForEachReturnsTheFirstErrorAndStops(t *testing.T) {
	boom := errors.New("boom")
	var calls atomic.Int64
	err := parallel.New(4).ForEach(t.Context(), 100_000, func(context.Context, int) error {
		calls.Add(1)
		return boom
	})
	if !errors.Is(err, boom) || calls.Load() > 100 {
		t.Errorf("error %v after %d calls", err, calls.Load())
	}
}

func TestForEachReportsCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := parallel.New(2).ForEach(ctx, 1000, func(context.Context, int) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled ForEach returned %v", err)
	}
}

func TestGroupRunsWhatIsAddedMeanwhile(t *testing.T) {
	for _, workers := range []int{1, 2, 16} {
		g := parallel.New(workers).Group(t.Context())
		var visited atomic.Int64
		var split func(depth int) func(context.Context) error
		split = func(depth int) func(context.Context) error {
			return func(context.Context) error {
				visited.Add(1)
				for range 2 {
					if depth > 0 {
						g.Do(split(depth - 1))
					}
				}
				return nil
			}
		}
		g.Run(split(7))
		if err := g.Wait(); err != nil || visited.Load() != 255 {
			t.Errorf("%d workers: visited %d of 255, error %v", workers, visited.Load(), err)
		}
	}
}

func TestGroupStopsAtTheFirstError(t *testing.T) {
	boom := errors.New("boom")
	pool := parallel.New(2)
	g := pool.Group(t.Context())
	g.Run(func(context.Context) error { return boom })
	g.Do(func(context.Context) error {
		t.Error("it went on")
		return nil
	})
	if err := g.Wait(); !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
}

func TestTryNeedsAFreePlace(t *testing.T) {
	pool := parallel.New(2)
	g := pool.Group(t.Context())
	release := make(chan struct{})
	wait := func(context.Context) error {
		<-release
		return nil
	}
	if pool.Free() != 1 || !g.Try(wait) {
		t.Error("there is no free place in a new pool")
	}
	if pool.Free() != 0 || g.Try(wait) {
		t.Error("a place was given twice")
	}
	close(release)
	if err := g.Wait(); err != nil || pool.Free() != 1 {
		t.Errorf("%d places are free, error %v", pool.Free(), err)
	}
}
