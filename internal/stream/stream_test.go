package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/blobsweep/blobsweep/storage"
)

var errBroken = errors.New("broken")

// body is what a backend sends: a text, and then an error.
type body struct {
	io.Reader
	closed int
	err    error // of Close
}

func (b *body) Close() error {
	b.closed++
	return b.err
}

func sends(text string, err error) *body {
	return &body{Reader: io.MultiReader(strings.NewReader(text), iotest.ErrReader(err))}
}

// TestEnd tells the end of a whole object from all others, whatever the backend
// calls them and however it is read.
func TestEnd(t *testing.T) {
	named := &storage.Error{Op: "get", Key: "key", Err: errBroken}
	for _, test := range []struct {
		name string
		err  error // of the body
		size int64
		want error // nil is the end
	}{
		{"whole", io.EOF, 5, nil},
		{"of no announced size", io.EOF, -1, nil},
		{"longer than announced", io.EOF, 4, nil},
		{"short", io.EOF, 6, io.ErrUnexpectedEOF},
		{"broken", errBroken, -1, errBroken},
		{"broken at the end", errBroken, 5, errBroken},
		{"named", named, 5, errBroken},
		{"no end by its cause", fmt.Errorf("connection: %w", io.EOF), 5, errNot},
	} {
		for _, wrap := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
			b := sends("12345", test.err)
			b.Reader = wrap(b.Reader)
			s := New(t.Context(), "key", b, test.size)
			content, err := io.ReadAll(s)
			if string(content) != "12345" {
				t.Errorf("%s: read %q", test.name, content)
			}
			wantEnd(t, test.name, err, test.want)
			if n, again := s.Read(make([]byte, 1)); n != 0 || test.want == nil && again != io.EOF || test.want != nil && again != err {
				t.Errorf("%s: once more gives %d, %v", test.name, n, again)
			}
		}
	}
}

// errNot stands for any error that does not wrap io.EOF.
var errNot = errors.New("not the end")

func wantEnd(t *testing.T, name string, err, want error) {
	t.Helper()
	var named *storage.Error
	switch {
	case want == nil && err != nil:
		t.Errorf("%s: %v", name, err)
	case want == nil:
	case err == nil || errors.Is(err, io.EOF) || want != errNot && !errors.Is(err, want):
		t.Errorf("%s: error is %v, want %v", name, err, want)
	case !errors.As(err, &named) || named.Key != "key" || strings.Count(err.Error(), "key") != 1:
		t.Errorf("%s: %v does not name the key once", name, err)
	}
}

// TestContext ends a stream, before a read and by way of its body.
func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := New(ctx, "key", sends("12345", io.EOF), 5)
	if _, err := io.ReadFull(s, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err := io.ReadAll(s)
	wantEnd(t, "before a read", err, context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	cancels := readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, &storage.Error{Op: "get", Key: "key", Err: errBroken}
	})
	_, err = io.ReadAll(New(ctx, "key", &body{Reader: cancels}, 5))
	wantEnd(t, "by way of the body", err, context.Canceled)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestClose(t *testing.T) {
	b := sends("12345", io.EOF)
	s := New(t.Context(), "key", b, 5)
	if err := errors.Join(s.Close(), s.Close()); err != nil || b.closed != 1 {
		t.Errorf("%v, closed %d times", err, b.closed)
	}
	_, err := io.ReadAll(s)
	wantEnd(t, "closed", err, fs.ErrClosed)

	b.err = errBroken
	wantEnd(t, "cannot be closed", New(t.Context(), "key", b, 5).Close(), errBroken)
}
