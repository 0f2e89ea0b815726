// Package parallel bounds concurrency: one pool is shared by everything that a
// run does at once, however deep the calls nest.
package parallel

import (
	"context"
	"sync"
	"sync/atomic"
)

// Pool bounds how many functions run at the same time. A caller works itself
// and is joined by helpers while there are free places, so nested calls never
// wait for each other.
type Pool struct {
	helpers chan struct{}
}

// New returns a pool of n workers, the caller included; n is at least 1.
func New(n int) *Pool {
	return &Pool{helpers: make(chan struct{}, max(n, 1)-1)}
}

// Free tells how many more functions could run at this moment.
func (p *Pool) Free() int { return cap(p.helpers) - len(p.helpers) }

// ForEach calls f for 0 to n-1, in any order and concurrently, and returns the
// first error. After an error or the end of ctx no further call begins; calls
// under way are waited for.
func (p *Pool) ForEach(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	g := p.Group(ctx)
	var next atomic.Int64
	var work func(ctx context.Context) error
	work = func(ctx context.Context) error {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return nil
			}
			if i < n-1 {
				g.Try(work)
			}
			if err := f(ctx, i); err != nil {
				return err
			}
		}
		return nil
	}
	g.Run(work)
	return g.Wait()
}

// Group is a set of functions that run concurrently in a pool and may add
// others. The first error cancels the context that all of them get.
type Group struct {
	pool   *Pool
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
}

// Group returns an empty group, which must be waited for.
func (p *Pool) Group(parent context.Context) *Group {
	ctx, cancel := context.WithCancelCause(parent)
	return &Group{pool: p, ctx: ctx, cancel: cancel}
}

// Try runs f in a helper if there is a free place, and reports whether it does.
func (g *Group) Try(f func(ctx context.Context) error) bool {
	select {
	case g.pool.helpers <- struct{}{}:
	default:
		return false
	}
	g.wg.Go(func() {
		defer func() { <-g.pool.helpers }()
		g.Run(f)
	})
	return true
}

// Do runs f in a helper if there is a free place, and otherwise here and now.
// After an error or the end of the context it does nothing.
func (g *Group) Do(f func(ctx context.Context) error) {
	if g.ctx.Err() == nil && !g.Try(f) {
		g.Run(f)
	}
}

// Run runs f here and now.
func (g *Group) Run(f func(ctx context.Context) error) {
	if err := f(g.ctx); err != nil {
		g.cancel(err)
	}
}

// Wait waits for all functions, those added meanwhile included, and returns
// the first error, or the cause that ended the parent context.
func (g *Group) Wait() error {
	g.wg.Wait()
	defer g.cancel(nil)
	if g.ctx.Err() == nil {
		return nil
	}
	return context.Cause(g.ctx)
}
