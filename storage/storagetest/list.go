package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/storage"
)

// tricky keys sort in another order with the delimiter than without, in a
// naive walk than in byte order, and as bytes than as letters.
var tricky = []string{"B", "a-b", "a.c", "a/b", "a/c-d", "a/c.e", "a/c/d", "a/c0", "a0", "ab/c/d/e", "b", "é"}

func (s *suite) listOrder() {
	s.put("b", "a0", "a/c/d", "a/b", "é", "a.c", "ab/c/d/e", "a-b", "a/c0", "a/c-d", "B", "a/c.e")
	level := storage.ListOptions{Delimiter: true}
	s.wantKeys("flat", s.keys("", storage.ListOptions{}), tricky...)
	s.wantKeys("one level", s.keys("", level), "B", "a-b", "a.c", "a/", "a0", "ab/", "b", "é")
	s.wantKeys("one level of a/", s.keys("a/", level), "a/b", "a/c-d", "a/c.e", "a/c/", "a/c0")
	s.wantKeys("a part of a name", s.keys("a/c", level), "a/c-d", "a/c.e", "a/c/", "a/c0")
	s.wantKeys("start after a prefix", s.keys("", storage.ListOptions{Delimiter: true, StartAfter: "a/"}), "a0", "ab/", "b", "é")
	s.wantKeys("start inside a prefix", s.keys("", storage.ListOptions{Delimiter: true, StartAfter: "a/b"}), "a0", "ab/", "b", "é")
	s.wantKeys("start before a prefix", s.keys("", storage.ListOptions{Delimiter: true, StartAfter: "a."}), "a.c", "a/", "a0", "ab/", "b", "é")
	s.wantKeys("start inside, flat", s.keys("", storage.ListOptions{StartAfter: "a/c"}), tricky[4:]...)
}

// listModel compares every pair of a prefix and a start with a naive model.
func (s *suite) listModel() {
	s.put(tricky...)
	points := []string{"", "A", "a", "a-", "a.", "a/", "a/b", "a/bb", "a/c", "a/c/", "a/c/d", "a/d", "a0", "ab", "ab/", "ab/c/", "ab/z", "b", "z", "é", "ü"}
	for _, prefix := range points {
		for _, start := range points {
			for _, delimiter := range []bool{false, true} {
				opts := storage.ListOptions{StartAfter: start, Delimiter: delimiter}
				s.wantKeys(fmt.Sprintf("prefix %q, %+v", prefix, opts), s.keys(prefix, opts), model(tricky, prefix, opts)...)
			}
		}
	}
}

// model is what List means, told in the simplest way.
func model(keys []string, prefix string, opts storage.ListOptions) (listed []string) {
	for _, key := range keys {
		rest, under := strings.CutPrefix(key, prefix)
		if slash := strings.Index(rest, "/"); opts.Delimiter && slash >= 0 {
			key = prefix + rest[:slash+1]
		}
		if under && key > opts.StartAfter && !slices.Contains(listed, key) {
			listed = append(listed, key)
		}
	}
	return listed
}

func (s *suite) listNothing() {
	for _, prefix := range []string{"none", "none/", "none/at/all/", "none/at/al"} {
		for _, delimiter := range []bool{false, true} {
			s.wantKeys(prefix, s.keys(prefix, storage.ListOptions{Delimiter: delimiter}))
		}
	}
}

func (s *suite) listPages() {
	keys := numbered("page/%04d", 2500)
	s.put(keys...)
	s.wantKeys("flat", s.keys("page/", storage.ListOptions{}), keys...)
	s.wantKeys("one level", s.keys("page/", storage.ListOptions{Delimiter: true}), keys...)
	for _, start := range []int{0, 999, 1000, 1499, 2499} {
		for _, after := range []string{keys[start], keys[start] + "+"} { // present and absent
			opts := storage.ListOptions{StartAfter: after}
			s.wantKeys(after, s.keys("page/", opts), keys[start+1:]...)
		}
	}
	s.noError(s.remove(keys[1000:]...)) // one page, exactly full
	s.wantKeys("full page", s.keys("page/", storage.ListOptions{}), keys[:1000]...)
}

// listPrefixPages has common prefixes and objects mixed over pages, and more
// than a page of objects within one prefix.
func (s *suite) listPrefixPages() {
	var want []string
	for _, name := range numbered("mix/%04d", 600) {
		s.put(name+"-file", name+"/a")
		want = append(want, name+"-file", name+"/")
	}
	s.put(numbered("mix/big/%04d", 1100)...)
	want = append(want, "mix/big/")
	level := storage.ListOptions{Delimiter: true}
	s.wantKeys("one level", s.keys("mix/", level), want...)
	level.StartAfter = want[1000]
	s.wantKeys("one level, later", s.keys("mix/", level), want[1001:]...)
	if n := len(s.keys("mix/", storage.ListOptions{})); n != 2*600+1100 {
		s.Errorf("%d keys in all", n)
	}
}

func (s *suite) listNeighbours() {
	s.put("reg-2/b", "reg.x", "reg/a", "reg/c", "reg0", "re")
	s.wantKeys("reg/", s.keys("reg/", storage.ListOptions{}), "reg/a", "reg/c")
	s.wantKeys("reg", s.keys("reg", storage.ListOptions{}), "reg-2/b", "reg.x", "reg/a", "reg/c", "reg0")
	s.wantKeys("reg, one level", s.keys("reg", storage.ListOptions{Delimiter: true}), "reg-2/", "reg.x", "reg/", "reg0")
}

func (s *suite) listOddKeys() {
	odd := []string{
		"odd/ space", "odd/#?&=", "odd/'\"`", "odd/+plus", "odd/.hidden", "odd/a%2Fb", "odd/a%b/c d", "odd/a+b",
		"odd/a...b", "odd/a:b;c,d", "odd/d/" + strings.Repeat("n", 200), "odd/~", "odd/ñandú", "odd/日本語", "odd/😀",
	}
	slices.Sort(odd)
	s.put(odd...)
	s.wantKeys("odd keys", s.keys("odd/", storage.ListOptions{}), odd...)
	for i, key := range odd {
		s.wantKeys("start after "+key, s.keys("odd/", storage.ListOptions{StartAfter: key}), odd[i+1:]...)
		got, err := s.Driver.Get(s.Context(), s.base+key, 1<<10)
		s.noError(err)
		if string(got) != string(content(key)) {
			s.Errorf("%q has %q", key, got)
		}
		_, err = s.Driver.Stat(s.Context(), s.base+key)
		s.noError(err)
	}
	s.noError(s.remove(odd...))
	s.wantKeys("after delete", s.keys("odd/", storage.ListOptions{}))
}

func (s *suite) listCancel() {
	s.put(numbered("c/%04d", 1500)...)
	for _, delimiter := range []bool{false, true} {
		ctx, cancel := context.WithCancel(s.Context())
		defer cancel()
		objects, failures := 0, 0
		for _, err := range s.Driver.List(ctx, s.base+"c/", storage.ListOptions{Delimiter: delimiter}) {
			switch {
			case failures > 0:
				s.Fatalf("something is yielded after the error")
			case err == nil:
				objects++
			case !errors.Is(err, context.Canceled):
				s.Fatalf("error is %v", err)
			default:
				failures++
			}
			if objects == 10 {
				cancel()
			}
		}
		if objects >= 1500 || failures != 1 {
			s.Errorf("a cancelled listing has %d objects and %d errors", objects, failures)
		}
		s.wantCancelled(ctx, "c/")
	}
}

// wantCancelled lists with a context that is over.
func (s *suite) wantCancelled(ctx context.Context, prefix string) {
	s.Helper()
	failures := 0
	for o, err := range s.Driver.List(ctx, s.base+prefix, storage.ListOptions{}) {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("after the end of the context: %+v, %v", o, err)
		}
		failures++
	}
	if failures != 1 {
		s.Errorf("%d errors after the end of the context", failures)
	}
}

func (s *suite) listBreak() {
	s.put(numbered("d%03d/file", 1010)...)
	for _, n := range []int{1, 3, 999, 1000, 1001} {
		seen := 0
		for _, err := range s.list("", storage.ListOptions{}) {
			s.noError(err)
			if seen++; seen == n {
				break
			}
		}
		if seen != n {
			s.Errorf("left after %d, saw %d", n, seen)
		}
	}
	s.wantKeys("one level", s.keys("d000", storage.ListOptions{Delimiter: true}), "d000/")
}
