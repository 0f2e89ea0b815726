package distribution_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/blobsweep/blobsweep/drivers/distribution"
	"github.com/blobsweep/blobsweep/storage"
	storagedriver "github.com/distribution/distribution/v3/registry/storage/driver"
)

// late is a StorageDriver that opens everything, and tells when it is read.
type late struct {
	*flat
	body   func() io.Reader
	closed int
}

func (l *late) Reader(context.Context, string, int64) (io.ReadCloser, error) {
	return struct {
		io.Reader
		io.Closer
	}{l.body(), l}, nil
}

func (l *late) Close() error {
	l.closed++
	return nil
}

func TestOpen(t *testing.T) {
	_, d := open(t, distribution.Options{}, "a/b", "a/empty")
	for key, want := range map[string]error{
		"a/b": nil, "a/x": storage.ErrNotFound, "a/b/": storage.ErrIrregular, "a/b/c": storage.ErrIrregular,
	} {
		r, err := d.Open(t.Context(), key)
		if !errors.Is(err, want) {
			t.Errorf("open %q: %v, want %v", key, err, want)
		}
		if err != nil {
			continue
		}
		if content, err := io.ReadAll(r); string(content) != key || err != nil {
			t.Errorf("%q: %q, %v", key, content, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := d.Requests(); n.Get != 3 {
		t.Errorf("counted %+v", n)
	}
}

// What a driver says with the first byte is said by Open; what it says later ends
// the stream, and is no absence and no end.
func TestOpenLate(t *testing.T) {
	absent := storagedriver.PathNotFoundError{Path: "/a/b"}
	for _, c := range []struct {
		content string
		err     error
		opens   error
		reads   error
	}{
		{"", absent, storage.ErrNotFound, nil},
		{"", errBroken, errBroken, nil},
		{"", io.EOF, nil, nil},
		{"some", io.EOF, nil, nil},
		{"some", errBroken, nil, errBroken},
		{"some", absent, nil, absent},
	} {
		l := &late{flat: &flat{files: map[string]string{}}}
		if c.err != absent {
			l.files["/a/b"] = "x"
		}
		l.body = func() io.Reader {
			return io.MultiReader(strings.NewReader(c.content), iotest.ErrReader(c.err))
		}
		r, err := distribution.New(l, distribution.Options{}).Open(t.Context(), "a/b")
		if !errors.Is(err, c.opens) {
			t.Errorf("%+v: opened with %v", c, err)
		}
		if err == nil {
			content, err := io.ReadAll(r)
			if string(content) != c.content || !errors.Is(err, c.reads) || errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%+v: %q, %v", c, content, err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		if l.closed != 1 {
			t.Errorf("%+v: closed %d times", c, l.closed)
		}
	}
}

func TestWrite(t *testing.T) {
	f, d := open(t, distribution.Options{}, "a/b")
	if err := errors.Join(d.Write(t.Context(), "a/b", []byte("new")), d.Write(t.Context(), "c/d", nil)); err != nil {
		t.Error(err)
	}
	if f.files["/a/b"] != "new" || len(f.files) != 2 || d.Requests().Write != 2 {
		t.Errorf("there is %q, counted %+v", f.files, d.Requests())
	}
	f.fail = func(op, path string) error {
		if op == "put" {
			return storagedriver.PathNotFoundError{Path: path}
		}
		return nil
	}
	if err := d.Write(t.Context(), "x", nil); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a driver that has no such path to write to: %v", err)
	}
	for _, key := range []string{"", "a/", "../a", "a//b", "/a"} {
		if err := d.Write(t.Context(), key, nil); err == nil {
			t.Errorf("%q was written", key)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Write(ctx, "a/b", []byte("late")); !errors.Is(err, context.Canceled) || f.files["/a/b"] != "new" {
		t.Errorf("cancelled: %v, there is %q", err, f.files)
	}
}
