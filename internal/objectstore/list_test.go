package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage"
)

// pageOf makes a page of keys and, where they end in a slash, common prefixes.
func pageOf(token string, keys ...string) ListPage {
	p := ListPage{Token: token, Truncated: token != ""}
	for _, key := range keys {
		if strings.HasSuffix(key, "/") {
			p.Prefixes = append(p.Prefixes, key)
		} else {
			p.Objects = append(p.Objects, storage.Object{Key: key})
		}
	}
	return p
}

// script answers with one page for each token.
func script(pages map[string]ListPage) func(ListQuery) ListPage {
	return func(q ListQuery) ListPage {
		p, ok := pages[q.Token]
		if !ok {
			panic("there is no page for the token " + q.Token)
		}
		return p
	}
}

// TestListGuards has servers that must not be believed: each listing ends with
// an error, after the keys of the pages before and so many requests.
func TestListGuards(t *testing.T) {
	level := storage.ListOptions{Delimiter: true}
	lost := pageOf("", "p/a")
	lost.Truncated = true
	for _, test := range []struct {
		name     string
		opts     storage.ListOptions
		pages    map[string]ListPage
		listed   string
		requests int
		says     string
	}{
		{"truncated without a token", level, map[string]ListPage{"": lost}, "", 1, "not where"},
		{"truncated without a token, later", level, map[string]ListPage{"": pageOf("1", "p/A"), "1": lost}, "p/A", 2, "not where"},
		{"the same token, with keys", level,
			map[string]ListPage{"": pageOf("1", "p/a"), "1": pageOf("1", "p/b")}, "p/a", 2, "in a circle"},
		{"the same token, without keys", level, map[string]ListPage{"": pageOf("1"), "1": pageOf("1")}, "", 2, "in a circle"},
		{"two tokens in turn, with keys", level,
			map[string]ListPage{"": pageOf("a", "p/0"), "a": pageOf("b", "p/1"), "b": pageOf("a", "p/2")},
			"p/0 p/1 p/2", 4, `"p/1" after "p/2"`},
		{"two tokens in turn, without keys", level,
			map[string]ListPage{"": pageOf("a", "p/0"), "a": pageOf("b"), "b": pageOf("a")}, "p/0", 3, "in a circle"},
		{"two tokens in turn, with the prefix it starts in", storage.ListOptions{Delimiter: true, StartAfter: "p/d/x"},
			map[string]ListPage{"": pageOf("a", "p/d/"), "a": pageOf("b", "p/d/"), "b": pageOf("a", "p/d/")}, "", 2, `"p/d/"`},
		{"the first page again", level, map[string]ListPage{"": pageOf("1", "p/a", "p/b"), "1": pageOf("2", "p/a", "p/b")},
			"p/a p/b", 2, `"p/a" after "p/b"`},
		{"out of order in a page", level, map[string]ListPage{"": pageOf("", "p/b", "p/a")}, "", 1, `"p/a" after "p/b"`},
		{"prefixes out of order", level, map[string]ListPage{"": pageOf("", "p/b/", "p/a/")}, "", 1, `"p/a/" after "p/b/"`},
		{"out of order across pages", level,
			map[string]ListPage{"": pageOf("1", "p/b"), "1": pageOf("", "p/a")}, "p/b", 2, `"p/a" after "p/b"`},
		{"a prefix before the keys of the page before", level,
			map[string]ListPage{"": pageOf("1", "p/b"), "1": pageOf("", "p/a/", "p/c")}, "p/b", 2, `"p/a/" after "p/b"`},
		{"a key before the prefix of the page before", level,
			map[string]ListPage{"": pageOf("1", "p/b/"), "1": pageOf("", "p/b.c")}, "p/b/", 2, `"p/b.c" after "p/b/"`},
		{"a key twice in a page", level, map[string]ListPage{"": pageOf("", "p/a", "p/a")}, "", 1, `"p/a" after "p/a"`},
		{"a prefix twice", level, map[string]ListPage{"": pageOf("1", "p/a/"), "1": pageOf("", "p/a/")}, "p/a/", 2, "order"},
		{"a key twice across pages", level,
			map[string]ListPage{"": pageOf("1", "p/a"), "1": pageOf("", "p/a")}, "p/a", 2, `"p/a" after "p/a"`},
		{"a key of a neighbour", level, map[string]ListPage{"": pageOf("", "p/a", "p2/b")}, "", 1, `"p2/b", which is not below`},
		{"a key before the prefix", level, map[string]ListPage{"": pageOf("", "a")}, "", 1, `"a", which is not below`},
		{"a common prefix of a neighbour", level, map[string]ListPage{"": pageOf("", "p2/")}, "", 1, `"p2/", which is not below`},
		{"a common prefix above, where it starts", storage.ListOptions{Delimiter: true, StartAfter: "p/d/x"},
			map[string]ListPage{"": {Prefixes: []string{"p"}}}, "", 1, `"p", which is not below`},
		{"start-after is ignored", storage.ListOptions{StartAfter: "p/b"},
			map[string]ListPage{"": pageOf("", "p/a", "p/b", "p/c")}, "", 1, `"p/a" after "p/b"`},
		{"start-after is listed itself", storage.ListOptions{StartAfter: "p/b"},
			map[string]ListPage{"": pageOf("", "p/b", "p/c")}, "", 1, `"p/b" after "p/b"`},
		{"start-after is ignored among prefixes", storage.ListOptions{Delimiter: true, StartAfter: "p/b/x"},
			map[string]ListPage{"": pageOf("", "p/a/", "p/b/")}, "", 1, `"p/a/" after "p/b/x"`},
		{"the prefix it starts in, too late", storage.ListOptions{Delimiter: true, StartAfter: "p/b/x"},
			map[string]ListPage{"": pageOf("1", "p/c"), "1": pageOf("", "p/b/")}, "p/c", 2, `"p/b/" after "p/c"`},
		{"the delimiter is ignored", level, map[string]ListPage{"": pageOf("", "p/a/b")}, "", 1, "deeper"},
		{"the delimiter is another one", level, map[string]ListPage{"": {Prefixes: []string{"p/a-"}}}, "", 1, "not asked for"},
		{"a common prefix two levels deep", level, map[string]ListPage{"": pageOf("", "p/a/b/")}, "", 1, "not asked for"},
		{"the prefix itself as a common one", level, map[string]ListPage{"": pageOf("", "p/")}, "", 1, "not asked for"},
		{"common prefixes in a flat listing", storage.ListOptions{},
			map[string]ListPage{"": pageOf("", "p/a/")}, "", 1, "not asked for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			f.list = script(test.pages)
			d := f.driver("")
			got, err := collect(t, d.List(t.Context(), "p/", test.opts), 100)
			wantError(t, err, nil, "cannot be trusted", test.says, `bucket "bucket", prefix "p/"`)
			if keys := keysOf(got); strings.Join(keys, " ") != test.listed {
				t.Errorf("listed %q, want %q", keys, test.listed)
			}
			wantRequests(t, f, d, storage.Requests{List: int64(test.requests)})
		})
	}
}

func keysOf(objects []storage.Object) (keys []string) {
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	return keys
}

// TestListEmptyPages goes on over pages with nothing on them, to an end.
func TestListEmptyPages(t *testing.T) {
	for _, test := range []struct {
		every, keys int // a key on each such page
		pages       int64
		fails       bool
	}{{1, 50, 51, false}, {400, 8, 3201, false}, {emptyPages, 3, 3*emptyPages + 1, false}, {emptyPages + 1, 3, 1 + emptyPages, true}} {
		f, n := newFake(), 0
		f.list = func(ListQuery) ListPage {
			n++
			if n > test.every*test.keys {
				return ListPage{}
			}
			p := ListPage{Truncated: true, Token: fmt.Sprint(n)}
			if (n-1)%test.every == 0 {
				p.Objects = []storage.Object{{Key: fmt.Sprintf("k%05d", n)}}
			}
			return p
		}
		d := f.driver("")
		got, err := collect(t, d.List(t.Context(), "", storage.ListOptions{}), 1e6)
		if (err != nil) != test.fails || !test.fails && len(got) != test.keys {
			t.Errorf("%+v: %d keys, %v", test, len(got), err)
		}
		wantRequests(t, f, d, storage.Requests{List: test.pages})
	}
}

// TestListFullLastPage lists a full page that says there is more, where there
// is not.
func TestListFullLastPage(t *testing.T) {
	f := newFake(numbered(2000)...)
	f.full = true
	d := f.driver("")
	got, err := collect(t, d.List(t.Context(), "k", storage.ListOptions{}), 5000)
	if err != nil || !slices.Equal(keysOf(got), numbered(2000)) {
		t.Errorf("%d keys, %v", len(got), err)
	}
	wantRequests(t, f, d, storage.Requests{List: 3})
}

// TestListStartAfter says what the server is asked, and what becomes of its
// answer, whether it lists the common prefix in which it starts or not.
func TestListStartAfter(t *testing.T) {
	for _, test := range []struct {
		start     string
		delimiter bool
		asked     string
		answer    ListPage
		want      string
	}{
		{"", false, "", pageOf("", "r/p/a"), "p/a"},
		{"a", false, "", pageOf("", "r/p/a"), "p/a"},
		{"p", false, "", pageOf("", "r/p/a"), "p/a"},
		{"p/", false, "", ListPage{Objects: []storage.Object{{Key: "r/p/"}, {Key: "r/p/a"}}}, "p/a"},
		{"p.", false, "", ListPage{Objects: []storage.Object{{Key: "r/p/"}, {Key: "r/p/a"}}}, "p/ p/a"},
		{"p/a", false, "r/p/a", pageOf("", "r/p/b"), "p/b"},
		{"p0", false, "r/p0", pageOf(""), ""},
		{"z", true, "r/z", pageOf(""), ""},
		{"p", true, "", pageOf("", "r/p/a/"), "p/a/"},
		{"p/a/x", true, "r/p/a/x", pageOf("", "r/p/a/", "r/p/b"), "p/b"},
		{"p/a/x", true, "r/p/a/x", pageOf("", "r/p/b", "r/p/c/"), "p/b p/c/"},
		{"p/a/", true, "r/p/a/", pageOf("", "r/p/a/", "r/p/b/"), "p/b/"},
		{"p/a/x/y", true, "r/p/a/x/y", pageOf("", "r/p/a/"), ""},
		{"p/a", true, "r/p/a", pageOf("", "r/p/a/"), "p/a/"},
	} {
		f := newFake()
		var asked ListQuery
		f.list = func(q ListQuery) ListPage {
			asked = q
			return test.answer
		}
		d := f.driver("r/")
		opts := storage.ListOptions{StartAfter: test.start, Delimiter: test.delimiter}
		got, err := collect(t, d.List(t.Context(), "p/", opts), 10)
		if keys := strings.Join(keysOf(got), " "); err != nil || keys != test.want || asked.StartAfter != test.asked {
			t.Errorf("%+v: asked %+v, listed %q, %v", test, asked, keys, err)
		}
	}
}

// TestRoot lists, reads and deletes beside a root whose name is the beginning of
// this one's, and the marker of the root.
func TestRoot(t *testing.T) {
	bucket := []string{"reg", "reg-2/a", "reg-2/b", "reg/", "reg/a", "reg/b/c", "reg0"}
	for _, root := range []string{"reg", "reg/"} {
		f := newFake(bucket...)
		d := f.driver(root)
		if d.Name() != "s3://bucket/reg" || f.driver("").Name() != "s3://bucket" {
			t.Errorf("the name is %s, that of the bucket %s", d.Name(), f.driver("").Name())
		}
		for _, test := range []struct {
			prefix string
			opts   storage.ListOptions
			want   string
		}{
			{"", storage.ListOptions{}, "a b/c"}, {"", storage.ListOptions{Delimiter: true}, "a b/"},
			{"", storage.ListOptions{StartAfter: "a"}, "b/c"}, {"a", storage.ListOptions{}, "a"}, {"-2", storage.ListOptions{}, ""},
		} {
			got, err := collect(t, d.List(t.Context(), test.prefix, test.opts), 10)
			if keys := strings.Join(keysOf(got), " "); err != nil || keys != test.want {
				t.Errorf("%+v lists %q, %v", test, keys, err)
			}
		}
		if err := d.Delete(t.Context(), "a", "-2/a", "b"); err != nil {
			t.Error(err)
		}
		if left := strings.Join(f.left(), " "); left != "reg reg-2/a reg-2/b reg/ reg/b/c reg0" {
			t.Errorf("left are %s", left)
		}
	}
}

// TestListFailures ends listings in the middle with the error, never short. A
// bucket that is not there is not an empty one.
func TestListFailures(t *testing.T) {
	f := newFake(numbered(2500)...)
	d := f.driver("")
	for _, test := range []struct {
		err, is error
		says    string
	}{
		{&Fault{Class: Denied, Code: "AccessDenied"}, fs.ErrPermission, "s3:ListBucket"},
		{&Fault{Class: Absent, Code: "NoSuchBucket", Cause: storage.ErrNotFound}, nil, "NoSuchBucket"},
		{errSudden, errSudden, "k"},
	} {
		f.fail = func(_ context.Context, c call) error {
			if c.count%2 == 1 {
				return test.err
			}
			return nil
		}
		got, err := collect(t, d.List(t.Context(), "k", storage.ListOptions{}), 5000)
		wantError(t, err, test.is, test.says)
		if len(got) != 1000 || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%d keys, then %v", len(got), err)
		}
	}
}
