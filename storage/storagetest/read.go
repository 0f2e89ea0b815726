package storagetest

import (
	"bytes"
	"math"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

func (s *suite) get() {
	for _, size := range []int64{0, 1, 511, 512, 4096, 1 << 20} {
		want := bytes.Repeat([]byte{'x'}, int(size))
		s.noError(s.Put(s.Context(), s.base+"g/object", want, putTime))
		for _, limit := range []int64{size, size + 1, 4 << 20, math.MaxInt64} {
			got, err := s.Driver.Get(s.Context(), s.base+"g/object", limit)
			s.noError(err)
			if !bytes.Equal(got, want) {
				s.Errorf("%d bytes read of %d, limit %d", len(got), size, limit)
			}
		}
		if size > 0 {
			_, err := s.Driver.Get(s.Context(), s.base+"g/object", size-1)
			s.wantError(err, storage.ErrTooLarge, "g/object")
		}
	}
	s.getInto()
	s.put("g/mine")
	got, err := s.Driver.Get(s.Context(), s.base+"g/mine", 100)
	s.noError(err)
	got[0]++
	if again, err := s.Driver.Get(s.Context(), s.base+"g/mine", 100); err != nil || bytes.Equal(got, again) {
		s.Errorf("what Get returns is shared: %q, %v", again, err)
	}
}

// getInto wants the same from whatever memory it is read into.
func (s *suite) getInto() {
	for _, size := range []int{0, 1, 4096} {
		want := bytes.Repeat([]byte{'y'}, size)
		s.noError(s.Put(s.Context(), s.base+"g/into", want, putTime))
		for _, room := range []int{0, size, size + 1, 2 * size} {
			scratch := bytes.Repeat([]byte{'z'}, room)
			got, err := storage.GetInto(s.Context(), s.Driver, s.base+"g/into", int64(size), scratch)
			s.noError(err)
			if !bytes.Equal(got, want) {
				s.Errorf("%d bytes read of %d, into %d", len(got), size, room)
			}
		}
		if size > 0 {
			_, err := storage.GetInto(s.Context(), s.Driver, s.base+"g/into", int64(size)-1, make([]byte, 2*size))
			s.wantError(err, storage.ErrTooLarge, "g/into")
		}
	}
	_, err := storage.GetInto(s.Context(), s.Driver, s.base+"g/absent", 100, make([]byte, 100))
	s.wantError(err, storage.ErrNotFound, "g/absent")
}

func (s *suite) notFound() {
	s.put("nf/present/object")
	for _, key := range []string{"nf/absent", "nf/presen", "nf/present/objec", "nf/present/object2", "no/such/directory"} {
		_, err := s.Driver.Get(s.Context(), s.base+key, 100)
		s.wantError(err, storage.ErrNotFound, key)
		_, err = s.Driver.Stat(s.Context(), s.base+key)
		s.wantError(err, storage.ErrNotFound, key)
	}
	// The beginning of a key is no object, whatever it is.
	if got, err := s.Driver.Get(s.Context(), s.base+"nf/present", 100); err == nil {
		s.Errorf("a prefix was read: %q", got)
	}
	_, err := s.Driver.Stat(s.Context(), s.base+"nf/present")
	s.wantError(err, storage.ErrNotFound, "nf/present")
	_, err = s.Driver.Stat(s.Context(), s.base+"nf/absent/")
	s.wantError(err, storage.ErrNotFound, "nf/absent/")
}

// stat compares what Stat and List tell, to the second: stores round times.
func (s *suite) stat() {
	s.noError(s.Put(s.Context(), s.base+"st/empty", nil, putTime))
	s.noError(s.Put(s.Context(), s.base+"st/large", make([]byte, 70_000), putTime))
	s.put("st/small", "st/a/deep/one")
	sizes := map[string]int64{
		"st/empty": 0, "st/large": 70_000,
		"st/small": int64(len(content("st/small"))), "st/a/deep/one": int64(len(content("st/a/deep/one"))),
	}
	for listed, err := range s.list("st/", storage.ListOptions{}) {
		s.noError(err)
		key := listed.Key[len(s.base):]
		described, err := s.Driver.Stat(s.Context(), listed.Key)
		s.noError(err)
		apart := described.ModTime.Sub(listed.ModTime).Abs()
		described.ModTime = listed.ModTime
		if described != listed || apart >= time.Second || listed.Size != sizes[key] {
			s.Errorf("listed as %+v, described as %+v, %v apart", listed, described, apart)
		}
		if listed.ModTime.IsZero() || s.KeepsTimes && !listed.ModTime.Equal(putTime) {
			s.Errorf("%s: last changed %v", key, listed.ModTime)
		}
		delete(sizes, key)
	}
	if len(sizes) > 0 {
		s.Errorf("not listed: %v", sizes)
	}
}

func (s *suite) requests() {
	s.put("r/a", "r/b")
	counter := s.Driver.(storage.Requester)
	before := counter.Requests()
	s.keys("r/", storage.ListOptions{})
	_, err := s.Driver.Get(s.Context(), s.base+"r/a", 100)
	s.noError(err)
	_, err = s.Driver.Stat(s.Context(), s.base+"r/a")
	s.noError(err)
	s.noError(s.remove("r/a", "r/b"))
	n := counter.Requests().Sub(before)
	if n.List < 1 || n.Get != 1 || n.Stat < 1 || n.Delete < 1 || n.Delete > 2 {
		s.Errorf("counted %+v", n)
	}
}
