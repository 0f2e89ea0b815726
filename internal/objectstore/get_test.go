package objectstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage"
)

// body is what a store sends: so many bytes, and then an error or the end.
type body struct {
	io.Reader
	closeErr error
	read     int
	closed   bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *body) Close() error {
	b.closed = true
	return b.closeErr
}

// broken breaks off.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestGetBody asks again for a body that is not what was announced, once or
// until patience ends.
func TestGetBody(t *testing.T) {
	for _, test := range []struct {
		name string
		body func() io.ReadCloser
		size int64
		says string
	}{
		{"cut short", func() io.ReadCloser { return &body{Reader: strings.NewReader("123")} }, 4, "3 bytes of 4"},
		{"empty", func() io.ReadCloser { return &body{Reader: strings.NewReader("")} }, 4, "0 bytes of 4"},
		{"too long", func() io.ReadCloser { return &body{Reader: strings.NewReader(strings.Repeat("1", 10_000))} }, 4, "more than the 4"},
		{"broken off", func() io.ReadCloser {
			return &body{Reader: io.MultiReader(strings.NewReader("12"), brokenOff{})}
		}, 4, "broke off: unexpected EOF"},
		{"broken off, of no size", func() io.ReadCloser {
			return &body{Reader: io.MultiReader(strings.NewReader("12"), brokenOff{})}
		}, -1, "broke off"},
		{"broken off at the end", func() io.ReadCloser {
			return &body{Reader: io.MultiReader(strings.NewReader("1234"), brokenOff{})}
		}, 4, "broke off"},
		{"not closed", func() io.ReadCloser {
			return &body{Reader: strings.NewReader("1234"), closeErr: errSudden}
		}, 4, "a sudden error"},
	} {
		for _, limit := range []int64{4, 5, math.MaxInt64} {
			for _, bad := range []int{1, 100} {
				bubble(t, func(t *testing.T) {
					f, n := newFake("a"), 0
					var bodies []*body
					f.body = func() (io.ReadCloser, int64) {
						n++
						if n > bad {
							return io.NopCloser(strings.NewReader("good")), 4
						}
						bodies = append(bodies, test.body().(*body))
						return bodies[n-1], test.size
					}
					d := f.driver("")
					content, err := d.Get(t.Context(), "a", limit)
					if bad > 1 {
						wantError(t, err, nil, test.says, "8 attempts")
						if content != nil {
							t.Errorf("content %q with an error", content)
						}
						wantRequests(t, f, d, storage.Requests{Get: DefaultAttempts})
					} else if string(content) != "good" || err != nil || n != 2 {
						t.Errorf("%s: %q, %v after %d", test.name, content, err, n)
					}
					for _, b := range bodies {
						if !b.closed || b.read > 5 {
							t.Errorf("%s: %d bytes were read, closed: %v", test.name, b.read, b.closed)
						}
					}
				})
			}
		}
	}
}

// TestGetLimit refuses what is larger than the limit, without reading all.
func TestGetLimit(t *testing.T) {
	for _, test := range []struct {
		length    int
		announced bool
		limit     int64
		read      int // at most
		fails     bool
	}{
		{100, true, 100, 100, false}, {100, true, 99, 0, true}, {100, true, 0, 0, true}, {0, true, 0, 0, false},
		{100, false, 100, 100, false}, {101, false, 100, 101, true}, {1 << 20, false, 100, 101, true}, {0, false, 0, 0, false},
		{100, false, math.MaxInt64, 100, false}, {100, true, math.MaxInt64, 100, false}, {1, false, 0, 1, true},
	} {
		f := newFake("a")
		sent := &body{Reader: bytes.NewReader(make([]byte, test.length))}
		f.body = func() (io.ReadCloser, int64) {
			if test.announced {
				return sent, int64(test.length)
			}
			return sent, -1
		}
		d := f.driver("")
		content, err := d.Get(t.Context(), "a", test.limit)
		if test.fails != errors.Is(err, storage.ErrTooLarge) || !test.fails && (err != nil || len(content) != test.length) {
			t.Errorf("%+v: %d bytes, %v", test, len(content), err)
		}
		if sent.read > test.read || !sent.closed {
			t.Errorf("%+v: %d bytes were read, closed: %v", test, sent.read, sent.closed)
		}
		wantRequests(t, f, d, storage.Requests{Get: 1})
	}
}

// slow sends a byte and then nothing, until the context of its request ends.
type slow struct {
	ctx  context.Context
	sent bool
}

func (s *slow) Read(p []byte) (int, error) {
	if !s.sent {
		s.sent = true
		return copy(p, "1"), nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

// TestGetSlowBody gives up a body that does not come to its end.
func TestGetSlowBody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFake("a")
		var request context.Context
		f.fail = func(ctx context.Context, _ call) error {
			request = ctx
			return nil
		}
		f.body = func() (io.ReadCloser, int64) {
			if len(f.seen()) > 2 {
				return io.NopCloser(strings.NewReader("good")), 4
			}
			return io.NopCloser(&slow{ctx: request}), 4
		}
		content, err := f.driver("").Get(t.Context(), "a", 10)
		if string(content) != "good" || err != nil || len(f.seen()) != 3 {
			t.Errorf("%q, %v after %d requests", content, err, len(f.seen()))
		}
	})
}

// TestEmptyKey refuses what would ask for the bucket, or for the root's marker.
func TestEmptyKey(t *testing.T) {
	for _, root := range []string{"", "reg/"} {
		f := newFake("reg/", "reg/a")
		d := f.driver(root)
		_, err := d.Get(t.Context(), "", 10)
		wantError(t, err, errEmptyKey, `get: the key is empty`)
		_, err = d.Stat(t.Context(), "")
		wantError(t, err, errEmptyKey, "stat")
		_, err = d.Open(t.Context(), "")
		wantError(t, err, errEmptyKey, "get")
		wantError(t, d.Write(t.Context(), "", nil), errEmptyKey, "write")
		wantRequests(t, f, d, storage.Requests{})
		wantError(t, d.Delete(t.Context(), "x", "", "y"), errEmptyKey, "delete")
		if keys := f.seen()[0].keys; len(keys) != 2 || len(f.left()) != 2 {
			t.Errorf("deleted %q, left %q", keys, f.left())
		}
	}
}
