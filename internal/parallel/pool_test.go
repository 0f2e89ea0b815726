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

func TestEachReturnsTheErrorOfTheSequence(t *testing.T) {
	boom := errors.New("boom")
	seq := func(yield func(int, error) bool) {
		for i := range 100 {
			if !yield(i, nil) {
				return
			}
		}
		yield(0, boom)
	}
	var visited atomic.Int64
	err := parallel.Each(t.Context(), parallel.New(3), seq, func(context.Context, int) error {
		visited.Add(1)
		return nil
	})
	if !errors.Is(err, boom) || visited.Load() != 100 {
		t.Errorf("visited %d of 100, error %v", visited.Load(), err)
	}
}
