// Package parallel bounds concurrency: one pool is shared by everything that a
// run does at once, however deep the calls nest.
package parallel

import (
	"context"
	"iter"
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

// ForEach calls f for 0 to n-1, in any order and concurrently, and returns the
// first error. After an error or the end of ctx no further call begins; calls
// under way are waited for.
func (p *Pool) ForEach(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	g := p.group(ctx)
	var next atomic.Int64
	var work func()
	work = func() {
		for g.ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			if i < n-1 {
				g.recruit(work)
			}
			g.fail(f(g.ctx, i))
		}
	}
	work()
	return g.wait()
}

// Each calls f for every element of seq, in any order and concurrently. It
// returns the first error of f or seq, as ForEach does.
func Each[T any](ctx context.Context, p *Pool, seq iter.Seq2[T, error], f func(context.Context, T) error) error {
	g := p.group(ctx)
	for element, err := range seq {
		g.fail(err)
		if g.ctx.Err() != nil {
			break
		}
		work := func() { g.fail(f(g.ctx, element)) }
		if !g.recruit(work) {
			work()
		}
	}
	return g.wait()
}

// group is one ForEach or Each under way.
type group struct {
	pool   *Pool
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
}

func (p *Pool) group(parent context.Context) *group {
	ctx, cancel := context.WithCancelCause(parent)
	return &group{pool: p, ctx: ctx, cancel: cancel}
}

// recruit runs work in a helper if there is a free place.
func (g *group) recruit(work func()) bool {
	select {
	case g.pool.helpers <- struct{}{}:
	default:
		return false
	}
	g.wg.Go(func() {
		defer func() { <-g.pool.helpers }()
		work()
	})
	return true
}

// fail stops the group with the first error it is given.
func (g *group) fail(err error) {
	if err != nil {
		g.cancel(err)
	}
}

func (g *group) wait() error {
	g.wg.Wait()
	defer g.cancel(nil)
	if g.ctx.Err() == nil {
		return nil
	}
	return context.Cause(g.ctx)
}
