package storagetest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

func (s *suite) writeTo(key string, content []byte) error {
	return storage.Write(s.Context(), s.Driver, s.base+key, content)
}

// wantContent wants an object to be read and described as it was written.
func (s *suite) wantContent(key string, want []byte) {
	s.Helper()
	got, err := s.Driver.Get(s.Context(), s.base+key, 1<<20)
	s.noError(err)
	if !bytes.Equal(got, want) {
		s.Errorf("%s has %d bytes %.20q, want %d bytes %.20q", key, len(got), got, len(want), want)
	}
	o, err := s.Driver.Stat(s.Context(), s.base+key)
	s.noError(err)
	if o.Size != int64(len(want)) || o.ModTime.IsZero() || o.IsPrefix || o.Irregular {
		s.Errorf("%s is described as %+v", key, o)
	}
}

// write makes objects and replaces them, and leaves nothing else behind.
func (s *suite) write() {
	s.put("w/neighbour")
	before := s.requestsSoFar()
	for i, content := range [][]byte{[]byte("old content"), []byte("new"), {}, []byte("a longer content"), random(70_000)} {
		mine := bytes.Clone(content)
		s.noError(s.writeTo("w/deep/er/link", mine))
		if len(mine) > 0 {
			mine[0]++ // it is the caller's
		}
		s.wantContent("w/deep/er/link", content)
		if n := s.requestsSoFar().Sub(before).Write; n != 0 && n != int64(i)+1 {
			s.Errorf("%d writes are counted after %d", n, i+1)
		}
	}
	odd := []string{"w/odd/ space", "w/odd/#?&=+", "w/odd/a%2Fb", "w/odd/~ñandú日本語😀"}
	for _, key := range odd {
		s.noError(s.writeTo(key, content(key)))
		s.wantContent(key, content(key))
	}
	s.noError(s.writeTo("w/neighbour", []byte("new")))
	if _, counts := s.Driver.(storage.Requester); counts && s.requestsSoFar().Sub(before).Write == 0 {
		s.Error("writes are not counted")
	}

	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	for _, key := range []string{"w/neighbour", "w/none/x"} {
		s.wantError(storage.Write(ctx, s.Driver, s.base+key, []byte("late")), context.Canceled, key)
	}
	s.wantContent("w/neighbour", []byte("new"))
	s.wantKeys("there", s.keys("", storage.ListOptions{StartAfter: "w"}),
		append([]string{"w/deep/er/link", "w/neighbour"}, odd...)...)
	s.noError(s.remove("w/deep/er/link"))
	_, err := s.Driver.Get(s.Context(), s.base+"w/deep/er/link", 100)
	s.wantError(err, storage.ErrNotFound, "w/deep/er/link")
}

// writeWhole reads an object while several writers replace it: it is there all
// the time, and always that of one of them.
func (s *suite) writeWhole() {
	contents := [][]byte{bytes.Repeat([]byte("a"), 50_000), bytes.Repeat([]byte("b"), 20_000), []byte("c")}
	s.noError(s.writeTo("w/link", contents[0]))
	var writers, reader sync.WaitGroup
	done := make(chan struct{})
	for _, content := range contents {
		writers.Go(func() {
			for range 10 {
				if err := s.writeTo("w/link", content); err != nil {
					s.Errorf("write: %v", err)
				}
			}
		})
	}
	reader.Go(func() {
		for {
			got, err := s.Driver.Get(s.Context(), s.base+"w/link", 1<<20)
			if err != nil || len(got) == 0 || !bytes.Equal(got, contents[got[0]-'a']) {
				s.Errorf("%d bytes were read, %v", len(got), err)
			}
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	writers.Wait()
	close(done)
	reader.Wait()
	s.wantKeys("there", s.keys("w/", storage.ListOptions{}), "w/link")
}

// treeWrite writes to no directory, and through no file.
func (s *suite) treeWrite() {
	s.put("w/dir/file")
	for _, key := range []string{"w/dir", "w/dir/file/link", "w/dir/"} {
		if err := s.writeTo(key, []byte("x")); err == nil || errors.Is(err, storage.ErrNotFound) {
			s.Errorf("written to %s: %v", key, err)
		}
	}
	s.wantContent("w/dir/file", content("w/dir/file"))
	s.wantKeys("there", s.keys("w/", storage.ListOptions{}), "w/dir/file")
}
