// Package workload makes up registries of a named shape and size, the same ones
// from the same seed on every machine, and tells to the digest what a collection
// must remove.
//
// A registry is planned as a graph of numbers: which blobs there are, what each
// manifest references, what each repository links and tags. Contents are made
// from the number of the blob and the seed whenever they are asked for, so a
// registry of a million blobs takes some 100 MB. The truth comes from the same
// graph, by the laws of docs/semantics.md and by the steps of Distribution's
// collector, v3.1.2; neither collector is asked.
package workload

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Spec names a registry.
type Spec struct {
	Shape string `json:"shape"` // see [Shapes]
	// Blobs is how many the registry has, to within a few in a hundred; zero
	// means the shape's own size. Truth tells the exact number.
	Blobs int    `json:"blobs"`
	Seed  uint64 `json:"seed"`
}

// Workload is a registry that is made up anew each time it is asked for: it
// holds no contents. It is safe for concurrent use.
type Workload struct {
	spec Spec
	*registry
	selections [modes]func() *selection // what each mode removes, once asked for
}

// maxBlobs keeps the numbers of blobs and references within 32 bits.
const maxBlobs = math.MaxInt32 / 16

// New plans a registry. It takes some microseconds a blob, because every
// manifest is made once to know its digest.
func New(spec Spec) (*Workload, error) {
	at := slices.IndexFunc(shapes, func(s shape) bool { return s.Name == spec.Shape })
	if at < 0 {
		var names []string
		for _, s := range shapes {
			names = append(names, s.Name)
		}
		return nil, fmt.Errorf("workload: there is no shape %q; there are %s", spec.Shape, strings.Join(names, ", "))
	}
	s := shapes[at]
	if spec.Blobs == 0 {
		spec.Blobs = s.Blobs
	}
	if spec.Blobs < s.Least || spec.Blobs > maxBlobs {
		return nil, fmt.Errorf("workload: %d blobs are too few or too many for the shape %q; it takes %d to %d",
			spec.Blobs, s.Name, s.Least, maxBlobs)
	}
	r := newRegistry(spec.Seed)
	if err := s.build(r, spec.Blobs); err != nil {
		return nil, fmt.Errorf("workload: %d blobs of the shape %q: %w", spec.Blobs, s.Name, err)
	}
	return finish(spec, r), nil
}

// finish makes a workload of a registry that is planned.
func finish(spec Spec, r *registry) *Workload {
	r.finish()
	w := &Workload{spec: spec, registry: r}
	for m := range modes {
		w.selections[m] = sync.OnceValue(func() *selection { return r.removed(m) })
	}
	return w
}

// Spec is what the registry was planned by, with its number of blobs.
func (w *Workload) Spec() Spec { return w.spec }

// Object is one object of the tree, under the key that a registry gives it
// (docker/registry/v2/...).
type Object struct {
	Key     string
	Content []byte
	ModTime time.Time
}

// Objects yields everything that a registry would have written, in byte order
// of the keys. The contents must not be kept.
func (w *Workload) Objects() iter.Seq[Object] {
	return func(yield func(Object) bool) {
		e := emitter{registry: w.registry, yield: yield}
		for u := range w.units() {
			if !e.emit(u) {
				return
			}
		}
	}
}
