package objectstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
	"golang.org/x/time/rate"
)

// wantRate wants no more requests in any window than the rate allows, and a
// tenth of a second's worth besides, and not much less over all.
func wantRate(t *testing.T, calls []call, perSecond float64) {
	t.Helper()
	extra := max(1, perSecond/10)
	for from := range calls {
		for to := from; to < len(calls); to++ {
			window := calls[to].at.Sub(calls[from].at)
			if n := to - from + 1; float64(n) > window.Seconds()*perSecond+extra+0.01 {
				t.Fatalf("%d requests within %v", n, window)
			}
		}
	}
	took := calls[len(calls)-1].at.Sub(calls[0].at)
	if enough := float64(len(calls))/perSecond*1.05 + 5; took.Seconds() > enough { // the last may be in a backoff
		t.Errorf("%d requests took %v, %.1f s are enough", len(calls), took, enough)
	}
}

// TestMaxRequests holds the limit over all goroutines and kinds of requests,
// and those that are tried again too.
func TestMaxRequests(t *testing.T) {
	for _, limit := range []int{1, 7, 50} {
		bubble(t, func(t *testing.T) {
			f := newFake("a")
			f.fail = func(_ context.Context, c call) error {
				if c.count%10 == 3 {
					return &Fault{Class: Transient}
				}
				return nil
			}
			d := New(Config{API: f, MaxRequests: limit})
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					for range limit / 2 {
						_, err := d.Get(t.Context(), "a", 10)
						_, statErr := d.Stat(t.Context(), "a")
						_, listErr := collect(t, d.List(t.Context(), "", storage.ListOptions{}), 1)
						if err := errors.Join(err, statErr, listErr, d.Delete(t.Context(), "b")); err != nil {
							t.Error(err)
						}
					}
					if _, err := d.Stat(t.Context(), "a"); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			wantRate(t, f.seen(), float64(limit))
		})
	}
}

// TestMaxRequestsAfterComplaint never goes over the limit, however a complaint
// comes: what was measured may be more than is allowed.
func TestMaxRequestsAfterComplaint(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const limit = 20
		f := newFake("a")
		chance := rand.New(rand.NewPCG(1, 2))
		f.fail = func(context.Context, call) error {
			if chance.IntN(20) == 0 {
				return &Fault{Class: Throttled}
			}
			return nil
		}
		d := New(Config{API: f, MaxRequests: limit, Attempts: 100})
		for range 500 {
			if _, err := d.Stat(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			if d.pace.limit > limit {
				t.Fatalf("the limit is %v", d.pace.limit)
			}
		}
		calls := f.seen()
		for from := range calls {
			if to := from + limit + limit/10; to < len(calls) && calls[to].at.Sub(calls[from].at) < time.Second {
				t.Fatalf("%d requests within a second", limit+limit/10)
			}
		}
	})
}

// send takes n turns, at so many per second where the pace lets it.
func send(t *testing.T, p *pace, n int, perSecond float64) {
	t.Helper()
	for range n {
		if err := p.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(float64(time.Second) / perSecond))
	}
}

// wantLimit wants the limit to be about so much, within a tenth.
func wantLimit(t *testing.T, p *pace, want float64) {
	t.Helper()
	if got := float64(p.limit); got < want*0.9 || got > want*1.1 || p.limiter.Limit() != p.limit {
		t.Errorf("the limit is %v (%v), want %v", got, p.limiter.Limit(), want)
	}
}

// complain is a complaint that changes the rate, or not.
func complain(t *testing.T, p *pace, changes bool) {
	t.Helper()
	before := p.limit
	limit, changed := p.throttled()
	if limit != p.limit || changed != changes || changed != (limit < before) {
		t.Errorf("from %v to %v, changed: %v", before, limit, changed)
	}
}

// TestSlowingDown halves what was measured, once a second.
func TestSlowingDown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPace(0)
		send(t, p, 3700, 1000)
		complain(t, p, true)
		wantLimit(t, p, 500)
		for range 9 {
			send(t, p, 50, 1000) // it lasts a tenth of a second and more
			complain(t, p, false)
		}
		time.Sleep(200 * time.Millisecond)
		complain(t, p, true)
		wantLimit(t, p, 250)
		send(t, p, 300, 10) // less than is allowed: what is really sent counts
		complain(t, p, true)
		wantLimit(t, p, float64(gentle/2))
		for range 20 {
			time.Sleep(breather)
			p.throttled()
		}
		wantLimit(t, p, float64(slowest))
		time.Sleep(breather)
		complain(t, p, false)
	})
}

// TestSlowingDownUnderLimit begins at what the user allows.
func TestSlowingDownUnderLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPace(10)
		send(t, p, 1, 1e6)
		complain(t, p, true)
		wantLimit(t, p, 5) // not for having sent one
		p = newPace(10)
		send(t, p, 35, 1e6)
		complain(t, p, true)
		wantLimit(t, p, 5)
		p = newPace(1)
		send(t, p, 5, 1e6)
		complain(t, p, false)
		wantLimit(t, p, 1)
	})
}

// TestSlowingDownAfterIdleTime measures the burst and not the silence before.
func TestSlowingDownAfterIdleTime(t *testing.T) {
	for _, idle := range []time.Duration{0, 700 * time.Millisecond, 1900 * time.Millisecond, 5 * time.Minute} {
		for _, limit := range []int{0, 4000} {
			bubble(t, func(t *testing.T) {
				p := newPace(limit)
				send(t, p, 400, 100)
				time.Sleep(idle)
				send(t, p, 300, 3000)
				if idle == 0 {
					p.throttled()
					wantLimit(t, p, (300+90)/2) // of the second before, nine tenths count
					return
				}
				complain(t, p, true)
				if idle >= time.Second {
					wantLimit(t, p, 150)
				}
				if p.limit < 140 || p.limit > 200 {
					t.Errorf("after %v: %v", idle, p.limit)
				}
			})
		}
	}
	bubble(t, func(t *testing.T) { // and the silence, not what was long before
		p := newPace(0)
		send(t, p, 5000, 1000)
		time.Sleep(5 * time.Minute)
		complain(t, p, true)
		wantLimit(t, p, float64(gentle/2))
	})
}

// TestRecovery is gradual, waits for quiet, and ends at what the user allows.
func TestRecovery(t *testing.T) {
	for _, limit := range []int{0, 100} {
		bubble(t, func(t *testing.T) {
			p := newPace(limit)
			send(t, p, 300, 100)
			complain(t, p, true)
			wantLimit(t, p, 50)
			p.succeeded()
			wantLimit(t, p, 50)
			for range 40 { // while complaints go on, it does not grow
				time.Sleep(quiet * 9 / 10)
				p.throttled()
				before := p.limit
				p.succeeded()
				if p.limit > before {
					t.Fatalf("grown to %v", p.limit)
				}
			}
			want := float64(slowest)
			wantLimit(t, p, want)
			for start := time.Now(); p.limit < p.ceiling; {
				time.Sleep(quiet)
				p.succeeded()
				p.succeeded() // once is enough
				if want *= recovery; want >= float64(min(p.ceiling, unlimited)) {
					break
				}
				wantLimit(t, p, want)
				if time.Since(start) > time.Minute {
					t.Fatal("no end")
				}
			}
			if p.limit != p.ceiling || p.limiter.Limit() != p.ceiling || p.limiter.Burst() != burst(p.ceiling) {
				t.Errorf("recovered to %v, burst %d", p.limiter.Limit(), p.limiter.Burst())
			}
			time.Sleep(time.Hour)
			p.succeeded()
			if p.limiter.Limit() != p.ceiling || p.ceiling == rate.Inf != (limit == 0) {
				t.Errorf("the ceiling is %v, the limit %v", p.ceiling, p.limiter.Limit())
			}
		})
	}
}

// TestStoreWithCapacity sends much more than a store can take. The store takes
// nearly all it can, and is spared most of the rest.
func TestStoreWithCapacity(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const capacity = 200 // per second
		store := rate.NewLimiter(capacity, capacity/10)
		f := newFake("a")
		var refused atomic.Int64
		f.fail = func(context.Context, call) error {
			time.Sleep(5 * time.Millisecond)
			if store.Allow() {
				return nil
			}
			refused.Add(1)
			return &Fault{Class: Throttled, Status: 503, Code: "SlowDown"}
		}
		d := New(Config{API: f})
		start := time.Now()
		const wanted = 12_000
		var begun atomic.Int64
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				for begun.Add(1) <= wanted {
					if _, err := d.Stat(t.Context(), "a"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		took := time.Since(start).Seconds()
		if took < wanted/capacity*0.95 || took > wanted/capacity*1.7 {
			t.Errorf("took %.0f s, %d s are enough", took, wanted/capacity)
		}
		if n := refused.Load(); n > wanted/6 {
			t.Errorf("%d of %d requests were refused", n, len(f.seen()))
		}
	})
}

// TestPaceOfMany is for the race detector.
func TestPaceOfMany(t *testing.T) {
	p := newPace(1e9)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 2000 {
				if err := p.wait(t.Context()); err != nil {
					t.Error(err)
				}
				if i%100 == 0 {
					p.mu.Lock()
					p.slowed = time.Time{}
					p.mu.Unlock()
					p.throttled()
					p.mu.Lock()
					p.set(p.ceiling / 2) // so that there is something to recover
					p.calm = time.Time{}
					p.mu.Unlock()
				}
				p.succeeded()
			}
		})
	}
	all.Wait()
	if p.limit != p.limiter.Limit() || p.limit > p.ceiling {
		t.Errorf("the limit is %v and %v", p.limit, p.limiter.Limit())
	}
}

// BenchmarkPace is what a request without a limit pays for its turn.
func BenchmarkPace(b *testing.B) {
	p := newPace(0)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := p.wait(b.Context()); err != nil {
				b.Error(err)
			}
			p.succeeded()
		}
	})
}
