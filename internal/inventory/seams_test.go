package inventory

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// odd edits what a slow lister answers. Without a replacement an object is left
// out; more is what a listing has in addition.
type odd struct {
	*slow
	edit func(prefix, after string, o storage.Object) (storage.Object, bool)
	more func(after string) []storage.Object
}

func (d odd) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		if d.more != nil && !opts.Delimiter {
			for _, o := range d.more(opts.StartAfter) {
				if !yield(o, nil) {
					return
				}
			}
		}
		for o, err := range d.slow.List(ctx, prefix, opts) {
			keep := true
			if err == nil && d.edit != nil && !opts.Delimiter {
				o, keep = d.edit(prefix, opts.StartAfter, o)
			}
			if keep && !yield(o, err) {
				return
			}
		}
	}
}

// Law 5: a store that begins at the wrong place, or ends too early, shows where
// ranges meet; what comes or goes in between is no error.
func TestLaw05Seams(t *testing.T) {
	keys := many(300, numbered("team/app%d"), 30, 10, 5)
	slices.Sort(keys)
	// first is what follows a key.
	first := func(after string) string { return keys[sort.SearchStrings(keys, after+"\x00")] }
	inside := func(after string) bool { return after != "" && after < keys[len(keys)-1] }
	for _, test := range []struct {
		name string
		odd  odd
		lost bool
	}{
		{"a directory after which to begin is skipped", odd{edit: func(_, after string, o storage.Object) (storage.Object, bool) {
			return o, after == "" || !strings.HasPrefix(o.Key, after)
		}}, true},
		{"the first key is left out", odd{edit: func(prefix, after string, o storage.Object) (storage.Object, bool) {
			return o, !inside(after) || o.Key != first(after) || prefix == o.Key
		}}, true},
		{"nothing is listed after a key", odd{edit: func(_, after string, o storage.Object) (storage.Object, bool) {
			return o, after == ""
		}}, true},
		{"the listing ends early", odd{edit: func(_, after string, o storage.Object) (storage.Object, bool) {
			return o, after != "" || o.Key < keys[1500]
		}}, true},
		{"the first key is gone meanwhile", odd{edit: func(prefix, after string, o storage.Object) (storage.Object, bool) {
			return o, (!inside(after) || o.Key != first(after)) && prefix == layout.Repositories
		}}, false},
		{"another key comes first meanwhile", odd{more: func(after string) []storage.Object {
			if !inside(after) {
				return nil
			}
			return []storage.Object{{Key: after + "\x00", Size: 1, ModTime: time.Now()}}
		}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.odd.slow = &slow{keys: keys, reads: 5_000}
				s := scan{
					reader: test.odd, pool: parallel.New(8), prefix: layout.Repositories, budget: &budget{},
					open: func(string) sink { return &collected{} },
				}
				s.budget.revisions(5_000)
				err := s.run(t.Context(), everything)
				if len(s.seams) == 0 {
					t.Fatal("the listing was not divided")
				}
				if errors.Is(err, errSeam) != test.lost || !test.lost && err != nil {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
