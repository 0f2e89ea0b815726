package storagetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// uploads lists the multipart uploads of a prefix as "key ID", in order.
func (s *suite) uploads(prefix string) []string {
	s.Helper()
	var all []string
	for u, err := range s.Driver.(storage.MultipartLister).ListMultipartUploads(s.Context(), s.base+prefix) {
		s.noError(err)
		if u.Initiated.IsZero() {
			s.Errorf("%s was begun at no time", u.Key)
		}
		all = append(all, strings.TrimPrefix(u.Key, s.base)+" "+u.ID)
	}
	slices.Sort(all)
	return all
}

// multipartUploads lists them below a prefix alone, sums up their parts, and
// aborts one without harm to another of its key or to the object there.
func (s *suite) multipartUploads() {
	lister, aborter := s.Driver.(storage.MultipartLister), s.Driver.(storage.MultipartAborter)
	s.wantKeys("none", s.uploads("mp/"))
	s.put("mp/a")
	var begun []storage.MultipartUpload
	var names []string
	for i, key := range []string{"mp/a", "mp/a", "mp/b c/data", "mp-2/x", "mp"} {
		u, err := s.BeginUpload(s.Context(), s.base+key, int64(100*i))
		s.noError(err)
		begun, names = append(begun, u), append(names, key+" "+u.ID)
	}
	slices.Sort(names[:3])
	s.wantKeys("uploads", s.uploads("mp/"), names[:3]...)
	s.wantKeys("no objects", s.keys("mp", storage.ListOptions{}), "mp/a")
	for i, u := range begun {
		parts, err := lister.MultipartParts(s.Context(), u)
		s.noError(err)
		if parts.Bytes != int64(100*i) || parts.Count > 1 || i > 0 && parts.Count == 0 {
			s.Errorf("%s has %d bytes in %d parts, want %d in one", u.Key, parts.Bytes, parts.Count, 100*i)
		}
		// Some stores tell times in whole seconds.
		if early := parts.Newest.Before(u.Initiated.Add(-time.Second)); early != (parts.Count == 0) {
			s.Errorf("%s, begun at %v, has %d parts of %v", u.Key, u.Initiated, parts.Count, parts.Newest)
		}
	}

	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := aborter.AbortMultipartUpload(ctx, begun[0]); !errors.Is(err, context.Canceled) {
		s.Errorf("a cancelled abort: %v", err)
	}
	for u, err := range lister.ListMultipartUploads(ctx, s.base) {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("a cancelled listing: %+v, %v", u, err)
		}
	}
	for range 2 {
		s.noError(aborter.AbortMultipartUpload(s.Context(), begun[0]))
	}
	_, err := lister.MultipartParts(s.Context(), begun[0])
	s.wantError(err, storage.ErrNotFound, "mp/a")
	left := slices.DeleteFunc(names[:3], func(name string) bool { return name == "mp/a "+begun[0].ID })
	s.wantKeys("uploads after", s.uploads("mp/"), left...)
	s.wantKeys("objects after", s.keys("mp", storage.ListOptions{}), "mp/a")
	for _, u := range begun[1:] {
		s.noError(aborter.AbortMultipartUpload(s.Context(), u))
	}
	s.wantKeys("none at the end", s.uploads(""))
}
