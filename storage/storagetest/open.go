package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing/iotest"

	"github.com/blobsweep/blobsweep/storage"
)

// random returns so many bytes, the same every time.
func random(n int) []byte {
	b := make([]byte, n)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(source.Uint32())
	}
	return b
}

func (s *suite) stream(key string) io.ReadCloser {
	s.Helper()
	r, err := storage.Open(s.Context(), s.Driver, s.base+key)
	s.noError(err)
	return r
}

// open reads objects as streams: to their end, at once and in small pieces, or
// not; two of one object at a time; and not what is none.
func (s *suite) open() {
	large := random(3<<20 + 7)
	for _, size := range []int{0, 1, 511, 4096, len(large)} {
		want, key := large[:size], fmt.Sprintf("o/%d", size)
		s.noError(s.Put(s.Context(), s.base+key, want, putTime))
		before := s.requestsSoFar()
		first, second := s.stream(key), s.stream(key)
		if n := s.requestsSoFar().Sub(before); n != (storage.Requests{}) && n.Get != 2 {
			s.Errorf("two streams are counted as %+v", n)
		}
		for _, r := range []io.Reader{first, iotest.HalfReader(second)} {
			got, err := io.ReadAll(r)
			if !bytes.Equal(got, want) || err != nil {
				s.Errorf("%d bytes read of %d, %v", len(got), size, err)
			}
		}
		if n, err := first.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			s.Errorf("behind the end there are %d bytes, %v", n, err)
		}
		s.noError(errors.Join(first.Close(), second.Close()))
	}

	s.noError(s.Put(s.Context(), s.base+"o/object", large, putTime))
	early := s.stream("o/object")
	if n, err := io.ReadFull(early, make([]byte, 10)); n != 10 || err != nil {
		s.Errorf("%d bytes, %v", n, err)
	}
	s.noError(early.Close())
	if n, err := early.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, io.EOF) {
		s.Errorf("of what is closed there are %d bytes, %v", n, err)
	}
	s.noError(s.stream("o/object").Close())

	for _, key := range []string{"o/absent", "o/objec", "o/object2", "no/such/directory"} {
		_, err := storage.Open(s.Context(), s.Driver, s.base+key)
		s.wantError(err, storage.ErrNotFound, key)
	}
	if _, err := storage.Open(s.Context(), s.Driver, s.base+"o"); err == nil {
		s.Error("a prefix was opened")
	}
}

// openCancelled ends contexts before a stream and in the middle of it: then what
// was read must not pass for the whole.
func (s *suite) openCancelled() {
	s.noError(s.Put(s.Context(), s.base+"o/large", make([]byte, 1<<20), putTime))
	ctx, cancel := context.WithCancel(s.Context())
	r, err := storage.Open(ctx, s.Driver, s.base+"o/large")
	s.noError(err)
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		s.Error(err)
	}
	cancel()
	n, err := io.Copy(io.Discard, r)
	if n+10 >= 1<<20 {
		s.Errorf("%d bytes were read after the end", n)
	}
	s.wantError(err, context.Canceled, "o/large")
	s.noError(r.Close())
	_, err = storage.Open(ctx, s.Driver, s.base+"o/large")
	s.wantError(err, context.Canceled, "o/large")
}

// requestsSoFar are none where the driver does not count them.
func (s *suite) requestsSoFar() storage.Requests {
	if counter, ok := s.Driver.(storage.Requester); ok {
		return counter.Requests()
	}
	return storage.Requests{}
}
