package catalog

import (
	"slices"
	"testing"
)

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ac", 1}, {"abc", "xabc", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2}} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%q and %q are %d apart", test.a, test.b, got)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"1.20", "1.21", "1.3", "edge", "latest", "nightly-2.0"}
	for name, want := range map[string][]string{
		"1.22": {"1.20", "1.21"}, "latst": {"latest", "1.20"}, "2.0": {"nightly-2.0", "1.20"}, "": {"1.3", "1.20"},
	} {
		if got := nearest(name, names, 2); !slices.Equal(got, want) {
			t.Errorf("near to %q are %v, not %v", name, got, want)
		}
	}
	if got := nearest("x", names[:1], 2); len(got) != 1 {
		t.Errorf("of one name there are %v", got)
	}
}

func TestSome(t *testing.T) {
	for _, test := range []struct {
		names []string
		total int
		want  string
	}{
		{[]string{"a", "b"}, 2, "a, b"},
		{[]string{"a", "b", "c", "d", "e", "f", "g"}, 7, "a, b, c, d, e and 2 more"},
		{[]string{"a\x1b[2J", "b\"c"}, 2, `"a\x1b[2J", "b\"c"`},
	} {
		if got := some(test.names, test.total); got != test.want {
			t.Errorf("%q is %s", test.names, got)
		}
	}
}
