package workload

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
)

// Restore writes again what collections in the modes removed from below root,
// where the registry was laid out; with no mode named, what any mode may have
// removed. It returns how many objects it wrote. What is there stays as it is,
// and is not looked into; what no truth lets go is not looked for.
// [Dir] tells when that is slow.
func Restore(ctx context.Context, w *Workload, root string, in ...Mode) (objects int, err error) {
	if len(in) == 0 {
		in = []Mode{Default, DeleteUntagged, Upstream, UpstreamDeleteUntagged}
	}
	lost := w.newSelection()
	for _, m := range in {
		lost.join(w.selections[m]())
	}
	sink := &restorer{directory: directory{root}}
	_, err = lay(ctx, w, sink, lost)
	return int(sink.written.Load()), err
}

// restorer leaves alone the files that are there.
type restorer struct {
	directory
	written atomic.Int64
}

// Put implements [Sink].
func (r *restorer) Put(ctx context.Context, o Object) error {
	err := r.directory.Put(ctx, o)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err == nil:
		r.written.Add(1)
	}
	return err
}
