package cache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// memory is a store that remembers entries, and fails as it is told.
type memory struct {
	has   map[Entry]bool
	fail  func(call int, e Entry) error // may be nil
	calls [][]Entry
	slow  time.Duration // of the clock, for each call
	clock *clock
	ctx   context.Context // of the last call
}

func (m *memory) Forget(ctx context.Context, entries []Entry) (gone Count, left []Entry, err error) {
	m.calls = append(m.calls, slices.Clone(entries))
	m.ctx = ctx
	if m.clock != nil {
		m.clock.now = m.clock.now.Add(m.slow)
	}
	if ctx.Err() != nil {
		return Count{}, entries, ctx.Err()
	}
	for _, e := range entries {
		if m.fail != nil {
			if failure := m.fail(len(m.calls), e); failure != nil {
				left, err = append(left, e), failure
				continue
			}
		}
		if m.has[e] && e.Repository == "" {
			gone.Descriptors++
		} else if m.has[e] {
			gone.Memberships++
		}
		delete(m.has, e)
	}
	return gone, left, err
}

func (m *memory) sizes() (n []int) {
	for _, call := range m.calls {
		n = append(n, len(call))
	}
	return n
}

type clock struct{ now time.Time }

// clearerAt is a clearer whose clock stands still.
func clearerAt(store *memory, opts Options) (*Clearer, *clock) {
	c, at := New(store, opts), &clock{time.Unix(0, 0)}
	c.now = func() time.Time { return at.now }
	store.clock = at
	return c, at
}

var errDown = errors.New("connection refused")

func blob(i int) sweep.Removal {
	return sweep.Removal{Kind: sweep.Blob, Digest: digest.FromString(fmt.Sprint(i))}
}

func entry(i int) Entry { return Entry{Digest: blob(i).Digest} }

func TestExactly(t *testing.T) {
	a, b, alias := digest.FromString("a"), digest.FromString("b"), digest.SHA512.FromString("a")
	store := &memory{has: map[Entry]bool{
		{"", a}: true, {"", b}: true, {"app", a}: true, {"app", b}: true, {"app", alias}: true,
		{"app/a", a}: true, {"other", a}: true,
	}}
	c := New(store, Options{})
	for _, r := range []sweep.Removal{
		{Kind: sweep.LayerLink, Repository: "app", Digest: a},
		{Kind: sweep.LayerLink, Repository: "app", Digest: alias}, // law 14: told of both
		{Kind: sweep.Manifest, Repository: "app", Digest: b, Uncertain: true},
		{Kind: sweep.Manifest, Repository: "never/cached", Digest: b},
		{Kind: sweep.Blob, Digest: b},
		{Kind: sweep.Upload, Repository: "other", Digest: a}, // no cache knows of these
		{Kind: sweep.TagIndexEntry, Repository: "other", Digest: a},
	} {
		c.Removed(r)
	}
	if len(store.calls) > 0 {
		t.Errorf("%d calls before a batch was full", len(store.calls))
	}
	result, err := c.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Result{Count: Count{Descriptors: 1, Memberships: 3}}, result); diff != "" {
		t.Error(diff)
	}
	want := map[Entry]bool{{"", a}: true, {"app/a", a}: true, {"other", a}: true}
	if diff := cmp.Diff(want, store.has); diff != "" {
		t.Error(diff)
	}
}

func TestNothingRemoved(t *testing.T) {
	store := &memory{}
	if result, err := New(store, Options{}).Finish(t.Context()); err != nil || len(store.calls) > 0 || result.Count != (Count{}) {
		t.Errorf("%v, %v after %d calls", result, err, len(store.calls))
	}
}

func TestBatches(t *testing.T) {
	store := &memory{has: map[Entry]bool{}}
	c, at := clearerAt(store, Options{Batch: 3})
	for i := range 7 {
		store.has[entry(i)] = true
		c.Removed(blob(i))
	}
	if diff := cmp.Diff([]int{3, 3}, store.sizes()); diff != "" {
		t.Error(diff)
	}
	// One that is not full waits a second at most.
	at.now = at.now.Add(batchAge)
	c.Removed(blob(7))
	if diff := cmp.Diff([]int{3, 3, 2}, store.sizes()); diff != "" {
		t.Error(diff)
	}
	if result, err := c.Finish(t.Context()); err != nil || result.Descriptors != 7 {
		t.Errorf("%v, %v", result, err)
	}
	if diff := cmp.Diff([]int{3, 3, 2}, store.sizes()); diff != "" {
		t.Error(diff)
	}
}

// A store that fails keeps nobody waiting, is tried again while the collection
// goes on, and catches up.
func TestDownForAWhile(t *testing.T) {
	var log strings.Builder
	down := true
	store := &memory{has: map[Entry]bool{}, fail: func(int, Entry) error {
		if down {
			return errDown
		}
		return nil
	}}
	c, at := clearerAt(store, Options{Batch: 2, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for i := range 8 {
		store.has[entry(i)] = true
		c.Removed(blob(i))
	}
	if diff := cmp.Diff([]int{2}, store.sizes()); diff != "" {
		t.Error(diff)
	}
	at.now = at.now.Add(pause)
	c.Removed(blob(8))
	if diff := cmp.Diff([]int{2, 2}, store.sizes()); diff != "" {
		t.Error(diff)
	}
	down = false
	at.now = at.now.Add(pause)
	c.Removed(blob(9))
	if diff := cmp.Diff([]int{2, 2, 2, 2, 2, 2, 2}, store.sizes()); diff != "" {
		t.Error(diff)
	}
	if len(store.has) > 0 {
		t.Errorf("it still has %d", len(store.has))
	}
	if result, err := c.Finish(t.Context()); err != nil || result.Descriptors != 8 || len(result.Left) > 0 {
		t.Errorf("%v, %v", result, err)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), errDown.Error()) {
		t.Errorf("%d warnings: %s", n, log.String())
	}
}

func TestBackInTheEnd(t *testing.T) {
	store := &memory{has: map[Entry]bool{entry(1): true}, fail: func(call int, _ Entry) error {
		if call == 1 {
			return errDown
		}
		return nil
	}}
	c := New(store, Options{})
	c.Removed(blob(1))
	if result, err := c.Finish(t.Context()); err != nil || result.Descriptors != 1 || len(store.calls) != 2 {
		t.Errorf("%v, %v after %d calls", result, err, len(store.calls))
	}
}

func TestDownForGood(t *testing.T) {
	store := &memory{fail: func(int, Entry) error { return errDown }}
	c := New(store, Options{Batch: 2, Patience: time.Nanosecond})
	want := []Entry{}
	for i := range 5 {
		c.Removed(blob(i))
		want = append(want, entry(i))
	}
	result, err := c.Finish(t.Context())
	if !errors.Is(err, errDown) || !strings.HasPrefix(err.Error(), "5 entries ") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(want, result.Left); diff != "" {
		t.Error(diff)
	}
}

// One server of a cluster fails: what it holds is kept, the rest is forgotten.
func TestPartOfAStore(t *testing.T) {
	store := &memory{has: map[Entry]bool{}, fail: func(_ int, e Entry) error {
		if e == entry(1) || e == entry(4) {
			return errDown
		}
		return nil
	}}
	c := New(store, Options{Batch: 3, Patience: time.Nanosecond})
	for i := range 6 {
		store.has[entry(i)] = true
		c.waiting = append(c.waiting, entry(i))
	}
	result, err := c.Finish(t.Context())
	if !errors.Is(err, errDown) || result.Descriptors != 4 {
		t.Errorf("%v, %v", result.Count, err)
	}
	if diff := cmp.Diff([]Entry{entry(1), entry(4)}, result.Left); diff != "" {
		t.Error(diff)
	}
}

// A store that fails in part, and slowly, is not waited for batch by batch.
func TestSlowFailure(t *testing.T) {
	store := &memory{slow: 6 * time.Second, fail: func(_ int, e Entry) error {
		if e == entry(0) || e == entry(2) || e == entry(4) {
			return errDown
		}
		return nil
	}}
	c, _ := clearerAt(store, Options{Batch: 2, Timeout: 10 * time.Second})
	for i := range 8 {
		c.waiting = append(c.waiting, entry(i))
	}
	if err := c.flush(t.Context()); !errors.Is(err, errDown) || len(store.calls) != 2 {
		t.Errorf("%v after %d calls", err, len(store.calls))
	}
	if want := []Entry{entry(0), entry(2), entry(4), entry(5), entry(6), entry(7)}; !slices.Equal(c.waiting, want) {
		t.Error(cmp.Diff(want, c.waiting))
	}
}

// A store that does not say which entries it failed on has failed on all; one
// that does not say why has failed all the same.
func TestVagueFailures(t *testing.T) {
	for name, store := range map[string]Store{
		"not which": vague{err: errDown}, "not why": vague{left: []Entry{entry(1)}},
	} {
		c := New(store, Options{Patience: time.Nanosecond})
		c.Removed(blob(1))
		if result, err := c.Finish(t.Context()); err == nil || !slices.Equal(result.Left, []Entry{entry(1)}) {
			t.Errorf("%s: %v, %v", name, result, err)
		}
	}
}

type vague struct {
	left []Entry
	err  error
}

func (v vague) Forget(context.Context, []Entry) (Count, []Entry, error) {
	return Count{}, v.left, v.err
}

// What is gone is forgotten even when the collection was interrupted.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	store := &memory{has: map[Entry]bool{entry(1): true}}
	c := New(store, Options{})
	c.Removed(blob(1))
	if result, err := c.Finish(ctx); err != nil || result.Descriptors != 1 || len(store.calls) != 1 {
		t.Errorf("%v, %v after %d calls", result, err, len(store.calls))
	}
	if _, bounded := store.ctx.Deadline(); !bounded {
		t.Error("the last try has no end")
	}
}

// An interruption while the store is waited for ends the waiting, not the last
// try.
func TestInterruptedWhileWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store := &memory{has: map[Entry]bool{entry(1): true}, fail: func(call int, _ Entry) error {
		if call == 1 {
			cancel()
			return errDown
		}
		return nil
	}}
	c := New(store, Options{Patience: time.Hour})
	c.Removed(blob(1))
	if result, err := c.Finish(ctx); err != nil || result.Descriptors != 1 || len(store.calls) != 2 {
		t.Errorf("%v, %v after %d calls", result, err, len(store.calls))
	}
}
