package storagetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/blobsweep/blobsweep/storage"
)

func (s *suite) delete() {
	s.put("x/a", "x/b", "x/b2", "x/c/d", "x/e/f")
	s.noError(s.remove())
	s.noError(s.remove("x/a"))
	s.noError(s.remove("x/a"))
	s.noError(s.remove("x/b", "x/none", "no/such/directory", "x/b", "x/c/d"))
	s.wantKeys("left", s.keys("x/", storage.ListOptions{}), "x/b2", "x/e/f")
	_, err := s.Driver.Get(s.Context(), s.base+"x/b", 100)
	s.wantError(err, storage.ErrNotFound, "x/b")
	// The beginning of a key takes nothing with it, fail or not.
	if err := s.remove("x/e"); err != nil {
		s.Logf("a key that is a prefix: %v", err)
	}
	s.wantKeys("left after", s.keys("x/", storage.ListOptions{}), "x/b2", "x/e/f")
}

// deleteMany takes more keys than fit in a batch, and absent ones among them.
func (s *suite) deleteMany() {
	keys := numbered("many/%04d", 1600)
	s.put(keys...)
	s.put("many/stays", "many0")
	s.noError(s.remove(append(keys, numbered("many/absent/%04d", 600)...)...))
	s.wantKeys("left", s.keys("many", storage.ListOptions{}), "many/stays", "many0")
}

func (s *suite) deleteCancelled() {
	s.put("y/a", "y/b")
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if err := s.Driver.Delete(ctx, s.base+"y/a", s.base+"y/b"); !errors.Is(err, context.Canceled) {
		s.Errorf("error is %v", err)
	}
	s.wantKeys("left", s.keys("y/", storage.ListOptions{}), "y/a", "y/b")
	_, err := s.Driver.Get(ctx, s.base+"y/a", 100)
	s.wantError(err, context.Canceled, "y/a")
	_, err = s.Driver.Stat(ctx, s.base+"y/a")
	s.wantError(err, context.Canceled, "y/a")
}

// deletePartial wants the refused keys named, and all the others gone.
func (s *suite) deletePartial() {
	keys := numbered("part/%04d", 1120)
	s.put(keys...)
	refused := []string{keys[0], keys[7], keys[1100]}
	for _, key := range refused {
		s.Refuse(s.T, s.base+key)
	}
	err := s.remove(keys...)
	var failed *storage.DeleteError
	if !errors.As(err, &failed) {
		s.Fatalf("error is %v", err)
	}
	var named []string
	for _, f := range failed.Failed {
		named = append(named, strings.TrimPrefix(f.Key, s.base))
	}
	slices.Sort(named)
	s.wantKeys("named", named, refused...)
	for _, key := range keys {
		_, err := s.Driver.Stat(s.Context(), s.base+key)
		if slices.Contains(refused, key) {
			s.noError(err)
		} else {
			s.wantError(err, storage.ErrNotFound, key)
		}
	}
}

// concurrent deletes from several goroutines, keys in common among them, while
// others list: what is not deleted has to be in every listing, in order.
func (s *suite) concurrent() {
	var stay []string
	for _, key := range numbered("conc/%04d", 350) {
		s.put(key, key+"-go/x", key+"-go2")
		stay = append(stay, key)
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range stay {
				key := stay[(i+worker*70)%len(stay)]
				if err := s.remove(key+"-go/x", key+"-go2"); err != nil {
					s.Errorf("delete: %v", err)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for range 5 {
				var seen, all []string
				for o, err := range s.list("conc/", storage.ListOptions{}) {
					if err != nil {
						s.Errorf("list: %v", err)
						return
					}
					all = append(all, o.Key)
					if !strings.Contains(o.Key, "-go") {
						seen = append(seen, o.Key[len(s.base):])
					}
				}
				if !slices.Equal(seen, stay) || !slices.IsSorted(all) {
					s.Errorf("a listing missed %d keys, sorted: %v", len(stay)-len(seen), slices.IsSorted(all))
				}
			}
		})
	}
	wg.Wait()
	s.wantKeys("left", s.keys("conc/", storage.ListOptions{}), stay...)
}
