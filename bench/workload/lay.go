package workload

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// Sink is where a registry is laid out. It is safe for concurrent use.
type Sink interface {
	// Put writes an object that is not there yet. It keeps neither the object
	// nor its content.
	Put(ctx context.Context, o Object) error
}

// Parallel is a Sink that says how many objects are best written at a time.
// For others it is one.
type Parallel interface {
	Sink
	Workers() int
}

// Lay writes a whole registry. It returns how many objects were written, also
// when it fails, which it does at the first error of the sink. A sink that
// takes one object at a time gets them in byte order of the keys.
func Lay(ctx context.Context, w *Workload, sink Sink) (objects int, err error) {
	return lay(ctx, w, sink, nil)
}

// lay writes those objects that are selected; nil means everything.
func lay(ctx context.Context, w *Workload, sink Sink, only *selection) (objects int, err error) {
	workers := 1
	if p, ok := sink.(Parallel); ok {
		workers = max(p.Workers(), 1)
	}
	group, ctx := errgroup.WithContext(ctx)
	units := make(chan unit)
	group.Go(func() error {
		defer close(units)
		for u := range w.units() {
			select {
			case units <- u:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	written := make([]int, workers)
	for i := range workers {
		group.Go(func() (err error) {
			e := emitter{registry: w.registry, only: only}
			e.yield = func(o Object) bool {
				if err = ctx.Err(); err == nil {
					err = sink.Put(ctx, o)
				}
				if err == nil {
					written[i]++
				}
				return err == nil
			}
			for u := range units {
				if !e.emit(u) {
					return err
				}
			}
			return nil
		})
	}
	err = group.Wait()
	for _, n := range written {
		objects += n
	}
	return objects, err
}
