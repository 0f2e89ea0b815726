package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// wantNamed wants a DeleteError that names these keys, once each, every one in
// its own words, and returns it. Without keys it wants no error.
func wantNamed(t *testing.T, err error, keys ...string) []*storage.Error {
	t.Helper()
	var failed *storage.DeleteError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("error is %v", err)
	}
	if err == nil {
		failed = &storage.DeleteError{}
	}
	var named []string
	for _, f := range failed.Failed {
		named = append(named, f.Key)
		var said *Fault
		if f.Op != "delete" || errors.As(f, &said) && !strings.Contains(f.Err.Error(), fmt.Sprintf("key %q", "r/"+f.Key)) {
			t.Errorf("of %q is said: %v", f.Key, f)
		}
	}
	slices.Sort(named)
	if !slices.Equal(named, keys) {
		t.Fatalf("%d keys are named, want %d: %.200q, want %.200q\n%.500v", len(named), len(keys), named, keys, err)
	}
	return failed.Failed
}

// rooted returns keys as the bucket has them.
func rooted(keys []string) []string { return New(Config{Root: "r/"}).bucketKeys(keys) }

// wantLeft wants no more and no fewer keys in the bucket.
func wantLeft(t *testing.T, f *fake, keys ...string) {
	t.Helper()
	if left := f.left(); !slices.Equal(left, rooted(keys)) {
		t.Errorf("%d keys are left, want %d: %.200q", len(left), len(keys), left)
	}
}

// TestDeleteRequests costs one request for each thousand keys, and none without.
func TestDeleteRequests(t *testing.T) {
	for _, n := range []int{0, 1, 999, 1000, 1001, 2000, 2001, 5555} {
		keys := numbered(n)
		f := newFake(rooted(keys)...)
		d := f.driver("r/")
		wantNamed(t, d.Delete(t.Context(), keys...))
		wantLeft(t, f)
		wantRequests(t, f, d, storage.Requests{Delete: int64((n + 999) / 1000)})
	}
}

// TestDeleteDuplicates asks for each key once, and names it once.
func TestDeleteDuplicates(t *testing.T) {
	f := newFake("r/a", "r/b", "r/c")
	f.refused["r/b"] = &Fault{Class: Denied}
	d := f.driver("r/")
	keys := slices.Repeat([]string{"a", "b", "a"}, 700)
	wantNamed(t, d.Delete(t.Context(), keys...), "b")
	wantLeft(t, f, "b", "c")
	if calls := f.seen(); len(calls) != 1 || !slices.Equal(calls[0].keys, []string{"r/a", "r/b"}) {
		t.Errorf("%d requests, the first for %d keys", len(calls), len(calls[0].keys))
	}
	if keys[1] != "b" || keys[2] != "a" {
		t.Error("the caller's keys were changed")
	}
}

// TestDeleteResults takes an answer key by key. The keys a, b and c are asked
// for; what comes of the second request on is the same answer again.
func TestDeleteResults(t *testing.T) {
	denied, absent := &Fault{Class: Denied, Code: "AccessDenied"}, &Fault{Class: Absent, Code: "NoSuchKey"}
	internal, slow := &Fault{Class: Transient, Code: "InternalError"}, &Fault{Class: Throttled, Code: "SlowDown"}
	all := []string{"r/a", "r/b", "r/c"}
	for _, test := range []struct {
		name     string
		result   DeleteResult
		named    string
		requests int64
		says     string
	}{
		{"all deleted", DeleteResult{Deleted: all}, "", 1, ""},
		{"one denied", DeleteResult{all[:2], []KeyFault{{"r/c", denied}}}, "c", 1, "s3:DeleteObject: AccessDenied"},
		{"all denied", DeleteResult{nil, []KeyFault{{"r/a", denied}, {"r/b", denied}, {"r/c", denied}}},
			"a b c", 1, "s3:DeleteObject"},
		{"rejected, unsupported, failed", DeleteResult{nil, []KeyFault{
			{"r/a", &Fault{Class: Rejected}}, {"r/b", &Fault{Class: Unsupported}}, {"r/c", &Fault{Class: Failed}},
		}}, "a b c", 1, ""},
		{"absent is gone", DeleteResult{all[:2], []KeyFault{{"r/c", absent}}}, "", 1, ""},
		{"not confirmed", DeleteResult{Deleted: all[:2]}, "c", 8, "8 attempts: the store did not confirm"},
		{"nothing confirmed", DeleteResult{}, "a b c", 8, "did not confirm"},
		{"one fails in passing", DeleteResult{all[:2], []KeyFault{{"r/c", internal}}}, "c", 8, "InternalError"},
		{"deleted and failed", DeleteResult{all, []KeyFault{{"r/b", denied}}}, "b", 1, "AccessDenied"},
		{"deleted and failed in passing", DeleteResult{all, []KeyFault{{"r/b", slow}}}, "b", 8, "SlowDown"},
		{"deleted and absent", DeleteResult{all, []KeyFault{{"r/b", absent}}}, "", 1, ""},
		{"absent and denied", DeleteResult{all[:2], []KeyFault{{"r/c", absent}, {"r/c", denied}}}, "c", 1, "AccessDenied"},
		{"denied and absent", DeleteResult{all[:2], []KeyFault{{"r/c", denied}, {"r/c", absent}}}, "c", 1, "AccessDenied"},
		{"failed without a reason", DeleteResult{all, []KeyFault{{"r/c", nil}}}, "c", 8, "no reason"},
		{"without the root", DeleteResult{Deleted: []string{"a", "r/b", "r/c"}}, "a", 8, "did not confirm"},
		{"not asked for", DeleteResult{
			append([]string{"r/x", ""}, all...), []KeyFault{{"r/y", denied}, {"", denied}, {"a", denied}},
		}, "", 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFake()
				f.remove = func([]string) DeleteResult { return test.result }
				d := f.driver("r/")
				for _, e := range wantNamed(t, d.Delete(t.Context(), "a", "b", "c"), strings.Fields(test.named)...) {
					wantError(t, e, nil, test.says)
				}
				wantRequests(t, f, d, storage.Requests{Delete: test.requests})
			})
		})
	}
}

// TestDeleteUnconfirmed tries again what was not confirmed, and that alone. Each
// key is named with its own reason.
func TestDeleteUnconfirmed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFake()
		f.remove = func(keys []string) (r DeleteResult) {
			for i, key := range keys {
				switch {
				case key == "r/k00007":
					r.Failed = append(r.Failed, KeyFault{key, &Fault{Class: Transient, Code: "Seven"}})
				case key == "r/k00009":
					r.Failed = append(r.Failed, KeyFault{key, &Fault{Class: Transient, Code: "Nine"}})
				case key == "r/k00008":
					r.Failed = append(r.Failed, KeyFault{key, &Fault{Class: Throttled, Code: "Eight"}})
				case i%2 == 0 || len(keys) < 20:
					r.Deleted = append(r.Deleted, key)
				}
			}
			return r
		}
		d := f.driver("r/")
		failed := wantNamed(t, d.Delete(t.Context(), numbered(100)...), "k00007", "k00008", "k00009")
		wantError(t, failed[0], nil, "Seven", "8 attempts")
		wantError(t, failed[1], nil, "Eight", "8 attempts")
		wantError(t, failed[2], nil, "Nine", "8 attempts")
		before := 101
		for i, c := range f.seen() {
			if len(c.keys) >= before && before > 3 {
				t.Errorf("request %d is for %d keys, the one before for %d", i, len(c.keys), before)
			}
			before = len(c.keys)
		}
		wantRequests(t, f, d, storage.Requests{Delete: 8})
		if d.pace.limit > 10 {
			t.Errorf("the throttled key did not slow down the rate: %v", d.pace.limit)
		}
	})
}

// TestDeleteDeniedBeside names a key that is denied at once, and tries those
// beside it again, on whichever side.
func TestDeleteDeniedBeside(t *testing.T) {
	for _, bad := range []string{"a", "b", "c"} {
		bubble(t, func(t *testing.T) {
			f := newFake("r/a", "r/b", "r/c")
			f.remove = func(keys []string) (r DeleteResult) {
				if len(keys) < 3 {
					return DeleteResult{Deleted: keys}
				}
				for _, key := range keys {
					fault := &Fault{Class: Transient}
					if key == "r/"+bad {
						fault = &Fault{Class: Denied}
					}
					r.Failed = append(r.Failed, KeyFault{key, fault})
				}
				return r
			}
			d := f.driver("r/")
			failed := wantNamed(t, d.Delete(t.Context(), "a", "b", "c"), bad)
			wantError(t, failed[0], fs.ErrPermission, "s3:DeleteObject")
			wantRequests(t, f, d, storage.Requests{Delete: 2})
		})
	}
}

// outcome of a batch of a thousand whose requests fail as a whole.
type outcome struct {
	requests int64
	took     time.Duration // at most
	named    []string
	says     string
}

// TestDeleteBatchFails has requests that fail as a whole, for good or not.
func TestDeleteBatchFails(t *testing.T) {
	keys := numbered(1000)
	poisoned := func(fault *Fault, bad ...string) func(context.Context, call) error {
		bad = rooted(bad)
		return func(_ context.Context, c call) error {
			if slices.ContainsFunc(c.keys, func(key string) bool { return slices.Contains(bad, key) }) {
				return fault
			}
			return nil
		}
	}
	denied, failed := &Fault{Class: Denied, Code: "AccessDenied"}, &Fault{Class: Failed, Code: "NoSuchBucket"}
	throttled := &Fault{Class: Throttled, Code: "SlowDown"}
	internal, rejected := &Fault{Class: Transient, Code: "InternalError"}, &Fault{Class: Rejected, Code: "MalformedXML"}
	// The waits of eight attempts are 0.2, 0.4, …, 6.4 and 6.7 seconds, and half
	// as much again with jitter; that between two is 0.3 at most.
	const eight, two = 29 * time.Second, 300 * time.Millisecond
	for _, test := range []struct {
		name string
		fail func(context.Context, call) error
		want outcome
	}{
		{"denied", always(OpDelete, denied, -1), outcome{1, 0, keys, "s3:DeleteObject"}},
		{"failed", always(OpDelete, failed, -1), outcome{1, 0, keys, "NoSuchBucket"}},
		{"absent is not gone", always(OpDelete, &Fault{Class: Absent, Code: "NoSuchBucket"}, -1),
			outcome{1, 0, keys, "NoSuchBucket"}},
		{"unsupported", always(OpDelete, &Fault{Class: Unsupported}, -1), outcome{1, 0, keys, "not supported"}},
		{"no fault", always(OpDelete, errSudden, -1), outcome{1, 0, keys, "a sudden error"}},
		{"denied after a failure", func(_ context.Context, c call) error {
			return []error{internal, denied}[c.count]
		}, outcome{2, time.Second, keys, "AccessDenied"}},
		{"throttled for a while", always(OpDelete, throttled, 7), outcome{8, eight, nil, ""}},
		{"throttled for ever", always(OpDelete, throttled, -1), outcome{8, eight, keys, "SlowDown"}},
		{"failing for a while", always(OpDelete, internal, 7), outcome{8, eight, nil, ""}},
		{"failing a little longer", always(OpDelete, internal, 8), outcome{10, eight, nil, ""}},
		{"down", always(OpDelete, internal, -1), outcome{8 + 2*(futile-1), eight + (futile-1)*two, keys, "InternalError"}},
		{"hanging", func(ctx context.Context, c call) error { return hang(ctx, c) },
			outcome{8 + 2*(futile-1), eight + (futile-1)*two + (8+2*(futile-1))*DefaultTimeout, keys, "no answer"}},
		{"rejecting", always(OpDelete, rejected, -1), outcome{futile, 0, keys, "MalformedXML"}},
		{"one rejected, first", poisoned(rejected, keys[0]), outcome{19, 0, keys[:1], "MalformedXML"}},
		{"one rejected, last", poisoned(rejected, keys[999]), outcome{21, 0, keys[999:], "MalformedXML"}},
		{"one rejected, inside", poisoned(rejected, keys[567]), outcome{21, 0, keys[567:568], "MalformedXML"}},
		{"three rejected side by side", poisoned(rejected, keys[:3]...), outcome{21, 0, keys[:3], "MalformedXML"}},
		{"two rejected far apart", poisoned(rejected, keys[3], keys[800]),
			outcome{39, 0, []string{keys[3], keys[800]}, "MalformedXML"}},
		{"one on which it fails", poisoned(internal, keys[567]),
			outcome{8 + 2*10 + 10, eight + 10*two, keys[567:568], "InternalError"}},
		{"two throttled", poisoned(throttled, keys[1:3]...), outcome{8, eight, keys, "SlowDown"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFake(rooted(keys)...)
				f.fail = test.fail
				d := f.driver("r/")
				start := time.Now()
				err := d.Delete(t.Context(), keys...)
				took := time.Since(start)
				for _, e := range wantNamed(t, err, test.want.named...) {
					wantError(t, e, nil, test.want.says)
				}
				wantLeft(t, f, test.want.named...)
				wantRequests(t, f, d, storage.Requests{Delete: test.want.requests})
				if took > test.want.took || errors.Is(err, storage.ErrNotFound) {
					t.Errorf("took %v, %.200v", took, err)
				}
			})
		})
	}
}

// TestDeleteBatchesApart goes on to the next batch after one that failed.
func TestDeleteBatchesApart(t *testing.T) {
	keys := numbered(3000)
	f := newFake(rooted(keys)...)
	f.fail = func(_ context.Context, c call) error {
		if c.count == 1 {
			return &Fault{Class: Denied}
		}
		return nil
	}
	d := f.driver("r/")
	err := d.Delete(t.Context(), keys...)
	wantNamed(t, err, keys[1000:2000]...)
	wantError(t, err, fs.ErrPermission, "1000 keys could not be deleted")
	wantLeft(t, f, keys[1000:2000]...)
	wantRequests(t, f, d, storage.Requests{Delete: 3})
}

// TestDeleteBatchesOfStoreThatIsDown sends one request for each batch after one
// that was given up, until the store answers.
func TestDeleteBatchesOfStoreThatIsDown(t *testing.T) {
	const given = 8 + 2*(futile-1) // requests for the batch that is given up
	internal, throttled := &Fault{Class: Transient, Code: "InternalError"}, &Fault{Class: Throttled, Code: "SlowDown"}
	down := func(context.Context, call) error { return internal }
	for _, test := range []struct {
		name     string
		fail     func(context.Context, call) error
		requests int64
		named    int // batches of four
		took     time.Duration
	}{
		{"for ever", down, given + 3, 4, time.Minute},
		{"hanging", hang, given + 3, 4, (given+3)*DefaultTimeout + time.Minute},
		{"back after a batch", func(_ context.Context, c call) error {
			if c.count <= given || c.count == given+2 { // its third batch, and the fourth at first
				return internal
			}
			return nil
		}, given + 4, 2, time.Minute},
		{"throttled", func(_ context.Context, c call) error {
			if c.count < given {
				return internal
			} else if c.count < given+3 {
				return throttled
			}
			return nil
		}, given + 6, 1, time.Minute},
		{"rejecting, and then failing once", func(_ context.Context, c call) error {
			if c.count < futile {
				return &Fault{Class: Rejected}
			} else if c.count == futile {
				return internal
			}
			return nil
		}, futile + 4, 1, time.Minute},
		{"rejecting", always(OpDelete, &Fault{Class: Rejected}, -1), 4 * futile, 4, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				keys := numbered(4000)
				f := newFake(rooted(keys)...)
				f.fail = test.fail
				d := f.driver("r/")
				start := time.Now()
				err := d.Delete(t.Context(), keys...)
				failed := wantNamed(t, err, keys[:1000*test.named]...)
				if test.named == 4 && test.name != "rejecting" {
					wantError(t, failed[3999], nil, "given up at once")
				}
				wantRequests(t, f, d, storage.Requests{Delete: test.requests})
				if took := time.Since(start); took > test.took {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// TestDeletePartlyThenWhole halves what is left of a batch after a part of it
// was confirmed.
func TestDeletePartlyThenWhole(t *testing.T) {
	f := newFake()
	f.fail = func(_ context.Context, c call) error {
		if c.count == 1 || c.count > 1 && slices.Contains(c.keys, "r/k00999") {
			return &Fault{Class: Rejected}
		}
		return nil
	}
	f.remove = func(keys []string) DeleteResult {
		if len(keys) == 1000 {
			keys = keys[:900]
		}
		return DeleteResult{Deleted: keys}
	}
	bubble(t, func(t *testing.T) {
		wantNamed(t, f.driver("r/").Delete(t.Context(), numbered(1000)...), "k00999")
	})
	for i, c := range f.seen()[1:] {
		if slices.Contains(c.keys, "r/k00000") || len(c.keys) > 100 {
			t.Errorf("request %d asks for what is gone", i)
		}
	}
}

// TestDeleteCancelled names every key that was not confirmed, wherever the
// context ends, and sends no more.
func TestDeleteCancelled(t *testing.T) {
	keys := numbered(3000)
	for _, test := range []struct {
		name    string
		at      int // the request during which it ends
		err     error
		answers bool // all the same
		named   []string
	}{
		{"first", 0, nil, false, keys},
		{"second", 1, nil, false, keys[1000:]},
		{"second, with an answer", 1, nil, true, keys[2000:]},
		{"in a wait", 1, &Fault{Class: Transient}, true, keys[1000:]},
		{"before halves", 1, &Fault{Class: Rejected}, true, keys[1000:]},
		{"denied on the way out", 2, &Fault{Class: Denied}, true, keys[2000:]},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				f := newFake()
				f.fail = func(ctx context.Context, c call) error {
					if c.count == test.at {
						cancel()
						return test.err
					}
					return nil
				}
				f.remove = func(keys []string) DeleteResult { return DeleteResult{Deleted: keys} }
				var api API = f
				if test.answers && test.err == nil {
					api = deaf{f}
				}
				d := New(Config{API: api, Root: "r/"})
				err := d.Delete(ctx, keys...)
				for _, e := range wantNamed(t, err, test.named...) {
					wantError(t, e, context.Canceled)
				}
				wantRequests(t, f, d, storage.Requests{Delete: int64(test.at + 1)})
			})
		})
	}
}

// deaf answers after the end of the context too.
type deaf struct{ *fake }

func (d deaf) Delete(ctx context.Context, keys []string) (DeleteResult, error) {
	return d.fake.Delete(context.WithoutCancel(ctx), keys)
}
