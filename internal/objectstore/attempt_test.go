package objectstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// bubble runs a test in a time of its own. It fails when a goroutine is left
// behind.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// TestAttempts repeats what failed in passing so often, and nothing else.
func TestAttempts(t *testing.T) {
	transient := &Fault{Class: Transient, Status: 500, Code: "InternalError", Message: "try again"}
	throttled := &Fault{Class: Throttled, Status: 503, Code: "SlowDown"}
	for _, test := range []struct {
		err      error
		times    int
		requests int64
		is       error
		says     string // empty where it succeeds
	}{
		{transient, 1, 2, nil, ""},
		{throttled, 7, 8, nil, ""},
		{transient, -1, 8, nil, `bucket "bucket", key "r/a": given up after 8 attempts: InternalError: try again (status 500)`},
		{throttled, -1, 8, nil, "given up after 8 attempts: SlowDown"},
		{errors.Join(errSudden, transient), 3, 4, nil, ""},
		{&Fault{Class: Denied}, -1, 1, fs.ErrPermission, "s3:GetObject"},
		{&Fault{Class: Failed}, -1, 1, nil, "failed"},
		{&Fault{Class: Rejected}, -1, 1, nil, "rejected"},
		{&Fault{Class: Unsupported}, -1, 1, errors.ErrUnsupported, "not supported"},
		{&Fault{Class: Absent}, -1, 1, storage.ErrNotFound, "not found"},
		{errSudden, -1, 1, errSudden, "get a: a sudden error"},
	} {
		bubble(t, func(t *testing.T) {
			f := newFake("r/a")
			f.fail = always(OpGet, test.err, test.times)
			d := f.driver("r/")
			_, err := d.Get(t.Context(), "a", 10)
			if test.says != "" {
				wantError(t, err, test.is, test.says)
			} else if err != nil {
				t.Errorf("%v: %v", test.err, err)
			}
			wantRequests(t, f, d, storage.Requests{Get: test.requests})
		})
	}
}

// TestCounting counts each attempt by its kind.
func TestCounting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFake("a")
		f.uploads = func(UploadsQuery) UploadsPage { return UploadsPage{} }
		f.parts = func(string) PartsPage { return PartsPage{} }
		f.fail = func(_ context.Context, c call) error {
			if c.count%2 == 0 {
				return &Fault{Class: Transient}
			}
			return nil
		}
		d := f.driver("")
		u := storage.MultipartUpload{Key: "a", ID: "1"}
		_, listErr := collect(t, d.List(t.Context(), "", storage.ListOptions{}), 2)
		_, getErr := d.Get(t.Context(), "a", 10)
		_, statErr := d.Stat(t.Context(), "a")
		versioned, versionErr := d.KeepsVersions(t.Context())
		_, uploadErr := collect(t, d.ListMultipartUploads(t.Context(), ""), 1)
		_, sizeErr := d.MultipartParts(t.Context(), u)
		abortErr := d.AbortMultipartUpload(t.Context(), u)
		opened, openErr := d.Open(t.Context(), "a")
		if openErr == nil {
			openErr = opened.Close()
		}
		writeErr := d.Write(t.Context(), "a", nil)
		err := errors.Join(openErr, writeErr, listErr, getErr, statErr, versionErr, uploadErr, sizeErr, abortErr, d.Delete(t.Context(), "a"))
		if err != nil || !versioned {
			t.Error(versioned, err)
		}
		wantRequests(t, f, d, storage.Requests{List: 6, Get: 4, Stat: 4, Delete: 4, Write: 2})
		if d.Concurrency() != DefaultConcurrency {
			t.Errorf("concurrency is %d", d.Concurrency())
		}
	})
}

// waits returns the times between requests.
func waits(f *fake) (between []time.Duration) {
	calls := f.seen()
	for i := 1; i < len(calls); i++ {
		between = append(between, calls[i].at.Sub(calls[i-1].at))
	}
	return between
}

// TestBackoff doubles the waits, with jitter, up to the longest.
func TestBackoff(t *testing.T) {
	various := map[time.Duration]bool{}
	for range 20 {
		bubble(t, func(t *testing.T) {
			f := newFake("a")
			f.fail = always(OpGet, &Fault{Class: Transient}, -1)
			d := f.driver("")
			d.Attempts = 12
			_, err := d.Get(t.Context(), "a", 10)
			wantError(t, err, nil, "12 attempts")
			between := waits(f)
			nominal := DefaultBackoff
			for i, wait := range between {
				if wait < nominal/2 || wait > nominal*3/2 || wait > MaxBackoff {
					t.Errorf("wait %d is %v, nominal %v", i, wait, nominal)
				}
				nominal = min(2*nominal, MaxBackoff*2/3)
			}
			various[between[0]] = true
			if len(between) != 11 {
				t.Errorf("waited %v", between)
			}
		})
	}
	if len(various) < 10 {
		t.Errorf("no jitter: %v", various)
	}
	bubble(t, func(t *testing.T) { // the first wait is bounded too
		f := newFake("a")
		f.fail = always(OpGet, &Fault{Class: Transient}, 1)
		d := f.driver("")
		d.Backoff = time.Hour
		if _, err := d.Get(t.Context(), "a", 10); err != nil || waits(f)[0] > MaxBackoff {
			t.Errorf("waited %v, %v", waits(f), err)
		}
	})
}

// TestRetryAfter waits as long as the store asks, within reason.
func TestRetryAfter(t *testing.T) {
	for _, test := range []struct{ asked, least, most time.Duration }{
		{-time.Hour, 100 * time.Millisecond, 300 * time.Millisecond},
		{5 * time.Second, 5100 * time.Millisecond, 5300 * time.Millisecond},
		{24 * time.Hour, maxRetryAfter, maxRetryAfter + time.Second},
	} {
		bubble(t, func(t *testing.T) {
			f := newFake("a")
			f.fail = func(_ context.Context, c call) error {
				switch c.count {
				case 0:
					return &Fault{Class: Throttled, RetryAfter: test.asked}
				case 1:
					return &Fault{Class: Throttled} // asks for nothing: the next step of the usual waits
				}
				return nil
			}
			if _, err := f.driver("").Get(t.Context(), "a", 10); err != nil {
				t.Fatal(err)
			}
			between := waits(f)
			if between[0] < test.least || between[0] > test.most || between[1] < 200*time.Millisecond || between[1] > time.Second {
				t.Errorf("asked for %v, waited %v", test.asked, between)
			}
		})
	}
}

// TestEndOfContext ends every operation with the error of the context, at once,
// whether it waits for an answer, between attempts or for its turn. The cause is
// told, and not found: this one would pass for an answer of the store.
func TestEndOfContext(t *testing.T) {
	errOwn := fmt.Errorf("the user pressed a key: %w", &Fault{Class: Absent, Cause: fs.ErrPermission})
	begin := func(t *testing.T, kind string) (ctx context.Context, says string, is error) {
		var stop context.CancelFunc
		switch kind {
		case "deadline":
			ctx, stop = context.WithTimeout(t.Context(), 3*time.Second)
			is = context.DeadlineExceeded
		case "cancel":
			ctx, stop = context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, stop)
			is = context.Canceled
		default:
			own, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(3*time.Second, func() { cancel(errOwn) })
			ctx, stop, is, says = own, func() { cancel(nil) }, context.Canceled, errOwn.Error()
		}
		t.Cleanup(stop)
		return ctx, says, is
	}
	faults := map[string]func(context.Context, call) error{
		"no answer":       hang,
		"failing":         func(context.Context, call) error { return &Fault{Class: Transient, Code: "InternalError"} },
		"retry after":     func(context.Context, call) error { return &Fault{Class: Throttled, RetryAfter: time.Hour} },
		"a late answer":   func(ctx context.Context, c call) error { return errors.Join(hang(ctx, c), &Fault{Class: Denied}) },
		"a late absence":  func(ctx context.Context, c call) error { return errors.Join(hang(ctx, c), &Fault{Class: Absent}) },
		"waiting in line": func(context.Context, call) error { return nil },
	}
	operations := map[string]func(context.Context, *Driver) error{
		"get":    func(ctx context.Context, d *Driver) error { _, err := d.Get(ctx, "a", 10); return err },
		"stat":   func(ctx context.Context, d *Driver) error { _, err := d.Stat(ctx, "a"); return err },
		"delete": func(ctx context.Context, d *Driver) error { return d.Delete(ctx, "a") },
		"abort": func(ctx context.Context, d *Driver) error {
			return d.AbortMultipartUpload(ctx, storage.MultipartUpload{Key: "a"})
		},
		"list": func(ctx context.Context, d *Driver) error {
			for _, err := range d.List(ctx, "", storage.ListOptions{}) {
				return err
			}
			return nil
		},
	}
	for _, kind := range []string{"deadline", "cancel", "cause"} {
		for fault, fail := range faults {
			for operation, run := range operations {
				t.Run(kind+" "+fault+" "+operation, func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						f := newFake("a")
						f.fail = fail
						d := f.driver("")
						ctx, says, is := begin(t, kind)
						if fault == "waiting in line" {
							d.pace.limiter.SetLimit(0.01)
							d.pace.limiter.ReserveN(time.Now(), d.pace.limiter.Burst())
						}
						start := time.Now()
						err := run(ctx, d)
						wantError(t, err, is, says)
						if took := time.Since(start); took > 3*time.Second {
							t.Errorf("took %v", took)
						}
						var said *Fault
						if errors.Is(err, storage.ErrNotFound) || errors.Is(err, fs.ErrPermission) || errors.As(err, &said) {
							t.Errorf("the store's answer came through: %v", err)
						}
					})
				})
			}
		}
	}
}

// TestEndOfContextBefore sends nothing when the context is over.
func TestEndOfContextBefore(t *testing.T) {
	f := newFake("a")
	d := f.driver("")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.Get(ctx, "a", 10)
	wantError(t, err, context.Canceled)
	_, err = collect(t, d.List(ctx, "", storage.ListOptions{}), 1)
	wantError(t, err, context.Canceled)
	wantError(t, d.Delete(ctx, "a"), context.Canceled)
	wantRequests(t, f, d, storage.Requests{})
}

// TestTimeout gives up a request that hangs, and sends it again.
func TestTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFake("a")
		f.fail = func(ctx context.Context, c call) error {
			if c.count < 2 {
				return hang(ctx, c)
			}
			return nil
		}
		d := f.driver("")
		if _, err := d.Get(t.Context(), "a", 10); err != nil {
			t.Error(err)
		}
		for _, wait := range waits(f) {
			if wait < DefaultTimeout || wait > DefaultTimeout+time.Second {
				t.Errorf("waited %v", waits(f))
			}
		}
		wantRequests(t, f, d, storage.Requests{Get: 3})
		f.fail = hang
		_, err := d.Get(t.Context(), "a", 10)
		wantError(t, err, nil, "no answer within 1m0s", "8 attempts")
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("the time for a request passes for a deadline of the caller")
		}
	})
}

// TestForeignContext takes the end of a context that is not the caller's for a
// passing failure.
func TestForeignContext(t *testing.T) {
	for _, foreign := range []error{
		context.Canceled, &Fault{Class: Failed, Cause: context.DeadlineExceeded}, Network(context.Canceled),
	} {
		bubble(t, func(t *testing.T) {
			f := newFake("a")
			f.fail = always(OpStat, foreign, 2)
			d := f.driver("")
			if _, err := d.Stat(t.Context(), "a"); err != nil {
				t.Error(err)
			}
			f.fail = always(OpStat, foreign, -1)
			_, err := d.Stat(t.Context(), "a")
			wantError(t, err, nil, "8 attempts")
			if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("passes for the end of the caller's context: %v", err)
			}
		})
	}
}

// TestLogging tells what is tried again, and not what is given up.
func TestLogging(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFake()
		f.fail = always(OpStat, &Fault{Class: Throttled, Code: "SlowDown"}, -1)
		var log bytes.Buffer
		d := New(Config{
			API: f, Attempts: 3, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		_, err := d.Stat(t.Context(), "a\nb")
		wantError(t, err, nil, "3 attempts")
		if text := log.String(); strings.Count(text, "trying again") != 2 || strings.Count(text, "slowing down") != 1 ||
			!strings.Contains(text, `a\\nb`) || !strings.Contains(text, "SlowDown") {
			t.Errorf("logged %s", text)
		}
	})
}
