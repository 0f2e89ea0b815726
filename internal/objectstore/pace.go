package objectstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How a pace reacts to a store that asks for fewer requests.
const (
	// breather is how long the rate is kept before it is halved again. What comes
	// in meanwhile are answers to what was sent before.
	breather = time.Second
	// quiet is how long there has to be no complaint and no change before it
	// grows. Much longer, and a store that throttles one request in a thousand
	// for no good reason keeps a run slow for ever.
	quiet = breather / 4
	// slowdown and recovery are by how much it changes.
	slowdown = 0.5
	recovery = 1.25
	// slowest is where slowing down ends, in requests per second.
	slowest rate.Limit = 1
	// gentle is a rate that no store is asked to prove it bears: to begin with, no
	// complaint lowers the rate below half of it.
	gentle rate.Limit = 40
	// unlimited is where speeding up ends when the user set no limit.
	unlimited rate.Limit = 10_000
)

// pace spaces requests: at most as many per second as the user allows, and
// fewer for a while after the store asked for that, so that others keep their
// share. A complaint halves the rate, at most once a second; each quarter of a
// second without a complaint lets it grow by a quarter, up to what the user
// allows. The rate is the limit, or where much less was sent, what was sent.
type pace struct {
	limiter *rate.Limiter
	ceiling rate.Limit // what the user allows

	mu     sync.Mutex
	limit  rate.Limit // of the limiter
	slowed time.Time  // when it was last halved
	calm   time.Time  // since when there was no complaint and no change
	// Requests are counted by the breather: those since start, and those of the
	// one that ended there.
	start        time.Time
	sent, before int
}

func newPace(perSecond int) *pace {
	p := &pace{ceiling: rate.Inf}
	if perSecond > 0 {
		p.ceiling = rate.Limit(perSecond)
	}
	p.limit = p.ceiling
	p.limiter = rate.NewLimiter(p.limit, burst(p.limit))
	return p
}

// burst is a tenth of a second's worth.
func burst(limit rate.Limit) int { return max(1, int(min(limit, unlimited)/10)) }

// wait blocks until a request may be sent, and counts it.
func (p *pace) wait(ctx context.Context) error {
	if err := p.limiter.Wait(ctx); err != nil { // ctx is over, or will be before the turn comes
		return fmt.Errorf("waiting for the request limit: %w: %w", context.DeadlineExceeded, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll(time.Now())
	p.sent++
	return nil
}

// roll closes a count that is over. It is called with the lock held.
func (p *pace) roll(now time.Time) {
	switch age := now.Sub(p.start); {
	case age >= 2*breather: // the one before the last was idle
		p.start, p.sent, p.before = now, 0, 0
	case age >= breather:
		p.start, p.sent, p.before = p.start.Add(breather), 0, p.sent
	}
}

// measured is how many requests were sent within the last breather: those of
// the count before as far as it reaches into it. It is called with the lock
// held.
func (p *pace) measured(now time.Time) rate.Limit {
	p.roll(now)
	part := 1 - now.Sub(p.start).Seconds()/breather.Seconds()
	return rate.Limit((float64(p.sent) + float64(p.before)*part) / breather.Seconds())
}

// throttled takes a complaint of the store. It returns the rate that now holds,
// and whether it has been lowered.
func (p *pace) throttled() (limit rate.Limit, changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.calm = now
	if now.Sub(p.slowed) < breather {
		return p.limit, false
	}
	p.slowed = now
	current := p.limit
	if measured := p.measured(now); measured < current/2 { // the limit was not what held back requests
		current = max(measured, min(current, gentle)) // few were sent yet, perhaps
	}
	lower := max(slowest, current*slowdown)
	if lower >= p.limit {
		return p.limit, false
	}
	p.set(lower)
	return p.limit, true
}

// succeeded lets the rate grow after a time of quiet.
func (p *pace) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit >= p.ceiling {
		return
	}
	now := time.Now()
	if now.Sub(p.calm) < quiet {
		return
	}
	p.calm = now
	grown := p.limit * recovery
	if grown >= min(p.ceiling, unlimited) {
		grown = p.ceiling
	}
	p.set(grown)
}

// set changes the rate. It is called with the lock held.
func (p *pace) set(limit rate.Limit) {
	p.limit = limit
	p.limiter.SetLimit(limit)
	p.limiter.SetBurst(burst(limit))
}
