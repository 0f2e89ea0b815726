package objectstore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// TestOpenAttempts repeats a request that fails in passing, and none after the
// store has begun to answer.
func TestOpenAttempts(t *testing.T) {
	for _, test := range []struct {
		err      error
		times    int
		requests int64
		is       error
		says     string // empty where it succeeds
	}{
		{nil, 0, 1, nil, ""},
		{&Fault{Class: Transient}, 7, 8, nil, ""},
		{&Fault{Class: Throttled}, -1, 8, nil, "given up after 8 attempts"},
		{&Fault{Class: Denied}, -1, 1, fs.ErrPermission, "s3:GetObject"},
		{&Fault{Class: Absent}, -1, 1, storage.ErrNotFound, "not found"},
		{storage.ErrIrregular, -1, 1, storage.ErrIrregular, "get a"},
	} {
		bubble(t, func(t *testing.T) {
			f := newFake()
			f.put("r/a", []byte("content"), time.Time{})
			f.fail = always(OpGet, test.err, test.times)
			d := f.driver("r/")
			r, err := d.Open(t.Context(), "a")
			if test.says != "" {
				wantError(t, err, test.is, test.says)
			} else if content, readErr := io.ReadAll(r); string(content) != "content" || errors.Join(err, readErr, r.Close()) != nil {
				t.Errorf("%v: %q, %v, %v", test.err, content, err, readErr)
			}
			wantRequests(t, f, d, storage.Requests{Get: test.requests})
		})
	}
}

// TestOpenBody ends in an error that is not the end, unless all has come, and
// asks no second time.
func TestOpenBody(t *testing.T) {
	for _, test := range []struct {
		name string
		body io.Reader
		size int64
		says []string // none where it is whole
	}{
		{"whole", strings.NewReader("1234"), 4, nil},
		{"of no size", strings.NewReader("1234"), -1, nil},
		{"short", strings.NewReader("1234"), 5, []string{"get a: it ends after 4 bytes of 5"}},
		{"broken off", io.MultiReader(strings.NewReader("1234"), brokenOff{}), 9,
			[]string{`bucket "bucket", key "r/a"`, "broke off: unexpected EOF"}},
		{"broken off at the end", io.MultiReader(strings.NewReader("1234"), brokenOff{}), 4, []string{"broke off"}},
		{"a fault", io.MultiReader(strings.NewReader("1234"), iotest.ErrReader(&Fault{Message: "another checksum"})), 4,
			[]string{"another checksum"}},
		{"given up below", io.MultiReader(strings.NewReader("1234"), iotest.ErrReader(context.Canceled)), 4, []string{"broke off"}},
	} {
		bubble(t, func(t *testing.T) {
			f := newFake("r/a")
			sent := &body{Reader: test.body}
			f.body = func() (io.ReadCloser, int64) { return sent, test.size }
			d := f.driver("r/")
			r, err := d.Open(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if string(content) != "1234" {
				t.Errorf("%s: read %q", test.name, content)
			}
			if test.says == nil && err != nil || errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", test.name, err)
			}
			if test.says != nil {
				wantError(t, err, nil, test.says...)
			}
			if err := r.Close(); err != nil || !sent.closed {
				t.Errorf("%s: %v, closed: %v", test.name, err, sent.closed)
			}
			wantRequests(t, f, d, storage.Requests{Get: 1})
		})
	}
	bubble(t, func(t *testing.T) {
		f := newFake("a")
		f.body = func() (io.ReadCloser, int64) { return &body{Reader: strings.NewReader(""), closeErr: errSudden}, 0 }
		r, err := f.driver("").Open(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, r.Close(), errSudden, "a sudden error")
	})
}

// drip sends a byte after each pause, until the context of its request ends.
type drip struct {
	ctx    context.Context
	pauses []time.Duration
}

func (d *drip) Read(p []byte) (int, error) {
	if len(d.pauses) == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(d.pauses[0]):
		d.pauses = d.pauses[1:]
		return copy(p, "1"), nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

// dripping opens a body of a byte after each pause.
func dripping(t *testing.T, ctx context.Context, pauses ...time.Duration) (r io.ReadCloser, request context.Context) {
	t.Helper()
	f := newFake("a")
	f.fail = func(ctx context.Context, _ call) error {
		request = ctx
		return nil
	}
	f.body = func() (io.ReadCloser, int64) { return io.NopCloser(&drip{request, pauses}), int64(len(pauses)) }
	r, err := f.driver("").Open(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	return r, request
}

// TestOpenPatience reads what takes longer than a request may, as long as
// something arrives, and no longer.
func TestOpenPatience(t *testing.T) {
	const slow, stalled = DefaultTimeout - time.Second, DefaultTimeout + time.Second
	bubble(t, func(t *testing.T) {
		r, _ := dripping(t, t.Context(), slow, slow, slow)
		if content, err := io.ReadAll(r); string(content) != "111" || err != nil {
			t.Errorf("%q, %v", content, err)
		}
		time.Sleep(2 * DefaultTimeout) // the reader may take its time as well
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	bubble(t, func(t *testing.T) {
		r, request := dripping(t, t.Context(), slow, stalled)
		content, err := io.ReadAll(r)
		wantError(t, err, nil, "nothing arrived within 1m0s")
		if string(content) != "1" || errors.Is(err, context.Canceled) || request.Err() == nil {
			t.Errorf("%q, %v, the request: %v", content, err, request.Err())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestOpenEnds with the caller's context, and with Close, and so does the request.
func TestOpenEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 90*time.Second, storage.ErrNotFound)
		defer cancel()
		r, request := dripping(t, ctx, time.Second, 50*time.Second, 50*time.Second)
		content, err := io.ReadAll(r)
		wantError(t, err, context.DeadlineExceeded, "get a: context deadline exceeded")
		if string(content) != "11" || errors.Is(err, storage.ErrNotFound) || request.Err() == nil {
			t.Errorf("%q, %v, the request: %v", content, err, request.Err())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	bubble(t, func(t *testing.T) {
		r, request := dripping(t, t.Context(), time.Second, time.Second)
		if _, err := r.Read(make([]byte, 1)); err != nil || request.Err() != nil {
			t.Error(err, request.Err())
		}
		if err := r.Close(); err != nil || request.Err() == nil {
			t.Errorf("%v, and the request goes on: %v", err, request.Err())
		}
	})
}

// TestOpenWithoutAnswer gives up an attempt that is not answered, as others are.
func TestOpenWithoutAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFake("a")
		f.fail = func(ctx context.Context, c call) error {
			if c.count < 2 {
				return hang(ctx, c)
			}
			return nil
		}
		d := f.driver("")
		r, err := d.Open(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		wantRequests(t, f, d, storage.Requests{Get: 3})
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		f.fail = hang
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = d.Open(ctx, "a")
		wantError(t, err, context.DeadlineExceeded, "get a")
	})
}
