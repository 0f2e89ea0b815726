package release

import (
	"slices"
	"strings"
	"testing"
)

// Graphs of these tests are made of letters. "A:BC D>A" is A, which needs B and
// C, and D, which refers to A; "?A:B" is not understood. All capitals are linked.

type letters struct {
	needs, referrers map[rune][]rune
	unknown          map[rune]bool
	linked           []rune
}

func parseLetters(graph string) letters {
	l := letters{map[rune][]rune{}, map[rune][]rune{}, map[rune]bool{}, nil}
	see := func(names string) {
		for _, n := range names {
			if n >= 'A' && n <= 'Z' && !slices.Contains(l.linked, n) {
				l.linked = append(l.linked, n)
			}
		}
	}
	for word := range strings.FieldsSeq(graph) {
		word, unknown := strings.CutPrefix(word, "?")
		name := rune(word[0])
		rest, subject, refers := strings.Cut(word[1:], ">")
		if refers {
			l.referrers[rune(subject[0])] = append(l.referrers[rune(subject[0])], name)
		}
		l.needs[name] = []rune(strings.TrimPrefix(rest, ":"))
		l.unknown[name] = unknown
		see(word[:1] + rest + subject)
	}
	slices.Sort(l.linked)
	return l
}

func TestRule(t *testing.T) {
	for _, test := range []struct {
		name, graph     string
		untagged, named string // what tags that go name, and what was named
		tagged          string // what tags that stay name
		held            string // what would be recent
		goes            string
	}{
		{"image", "A:x", "A", "", "", "", "A"},
		{"two tags on one digest", "A:x", "A", "", "A", "", ""},
		{"index and children", "I:AB A:x B:x", "I", "", "", "", "ABI"},
		{"child with a tag", "I:AB A:x B:x", "I", "", "A", "", "BI"},
		{"child of two indexes", "I:AB J:BC", "I", "", "J", "", "AI"},
		{"child of an untagged index", "I:AB J:BC", "I", "", "", "", "AI"},
		{"child that goes while its index stays", "I:AB", "A", "", "I", "", ""},
		{"child of an index nobody tags", "I:AB", "A", "", "", "", ""},
		{"nested indexes", "I:J J:AB A:x", "I", "", "", "", "ABIJ"},
		{"nested index with a tag", "I:J J:AB", "I", "", "J", "", "I"},
		{"through a manifest that is not linked", "I:j j:A", "I", "", "", "", "AI"},
		{"kept through a manifest that is not linked", "I:A K:j j:A", "I", "", "K", "", "I"},
		{"shared layer", "A:x B:x", "A", "", "B", "", "A"},
		{"a layer that is linked too", "A:B B:x", "A", "", "", "", "AB"},
		{"referrer", "A:x S>A", "A", "", "", "", "AS"},
		{"referrer of referrer", "A:x S>A T>S", "A", "", "", "", "AST"},
		{"signed children", "I:AB S>A T>B", "I", "", "", "", "ABIST"},
		{"signed child with a tag", "I:AB S>A T>B", "I", "", "A", "", "BIT"},
		{"tagged referrer", "A:x S>A", "A", "", "S", "", "A"},
		{"tag of a referrer whose subject stays", "A:x S>A", "S", "", "A", "", ""},
		{"referrer of what nobody tags", "A:x S>A", "S", "", "", "", ""},
		{"referrer by digest", "A:x S>A T>S", "", "S", "A", "", "ST"},
		{"cosign tag", "A:x C:y", "A", "", "C", "", "A"},
		{"fallback tag", "A:x F:S S>A", "A", "", "F", "", "A"},
		{"fallback tag goes", "A:x F:S S>A", "F", "", "A", "", "F"},
		{"other revisions stay", "A:x B:x C:x", "A", "", "", "", "A"},
		{"cycle of needs", "A:B B:A C:x", "A", "", "C", "", "AB"},
		{"cycle that stays", "A:B B:A", "A", "", "B", "", ""},
		{"cycle over a referrer", "I:A B:I>A", "I", "", "", "", "ABI"},
		{"needs itself", "A:A", "A", "", "", "", "A"},
		{"its own subject", "A:>A", "A", "", "", "", "A"},
		{"by digest", "I:AB", "", "I", "", "", "ABI"},
		{"child by digest, by force", "I:AB", "", "A", "I", "", "A"},
		{"index and child by digest", "I:AB J:B", "", "IA", "J", "", "AI"},
		{"recent child stays", "I:AB A:x", "I", "", "", "A", "BI"},
		{"recent index keeps what it needs", "I:J J:AB", "I", "", "", "J", "I"},
		{"recent child keeps its referrers", "I:AB S>A", "I", "", "", "A", "BI"},
		{"what was asked for is never too young", "A:x", "A", "", "", "A", "A"},
		{"a recent index keeps what a tag named", "K:J J:A", "KA", "", "", "J", "K"},
		{"unknown takes nothing along", "?U:A A:x", "U", "", "", "", "U"},
		{"unknown keeps what it names", "I:A ?U:A", "I", "", "U", "", "I"},
		{"untagged unknown keeps what it names", "I:A ?U:A", "I", "", "", "", "I"},
		{"absent child", "I:a", "I", "", "", "", "I"},
		{"nothing", "A:x", "", "", "", "", ""},
		{"not linked", "a:B C:x", "a", "", "", "", "B"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := parseLetters(test.graph)
			q := question[rune]{
				linked: l.linked,
				needs:  func(n rune) []rune { return l.needs[n] },
				leads: func(n rune) []rune {
					if l.unknown[n] {
						return nil
					}
					return l.needs[n]
				},
				referrers: func(n rune) []rune { return l.referrers[n] },
				named:     []rune(test.named), untagged: []rune(test.untagged), tagged: []rune(test.tagged),
				held: func(n rune) bool { return strings.ContainsRune(test.held, n) || l.unknown[n] },
			}
			a := q.decide()
			var goes []rune
			for _, n := range l.linked {
				if a.goes(n) {
					goes = append(goes, n)
				}
			}
			if string(goes) != test.goes {
				t.Errorf("%q goes, want %q (kept %v)", string(goes), test.goes, a.kept)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	for _, test := range []struct{ graph, goes, want string }{
		{"A:x", "A", "A"},
		{"I:AB", "ABI", "I AB"},
		{"I:J J:A", "AIJ", "I J A"},
		{"I:AB J:B", "ABIJ", "IJ AB"},
		{"I:AI", "AI", "I A"}, // itself
		{"A:B B:A", "AB", "AB"},
		{"C:A A:B B:A", "ABC", "C AB"},
		{"", "", ""},
	} {
		l := parseLetters(test.graph)
		var words []string
		for _, level := range levels([]rune(test.goes), func(n rune) (to []rune) {
			for _, m := range l.needs[n] {
				if m != n && strings.ContainsRune(test.goes, m) {
					to = append(to, m)
				}
			}
			return to
		}) {
			words = append(words, string(level))
		}
		if got := strings.Join(words, " "); got != test.want {
			t.Errorf("%s: in the order %q, want %q", test.graph, got, test.want)
		}
	}
}
