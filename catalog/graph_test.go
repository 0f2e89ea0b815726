package catalog

import (
	"testing"

	"github.com/blobsweep/blobsweep/mark"
)

func TestReach(t *testing.T) {
	for _, test := range []struct {
		name, roots, want string
		edges             map[rune]string
	}{
		{"nothing", "", "", nil},
		{"one", "a", "a", nil},
		{"chain", "a", "abc", map[rune]string{'a': "b", 'b': "c"}},
		{"diamond", "a", "abcd", map[rune]string{'a': "bc", 'b': "d", 'c': "d"}},
		{"nearest first", "a", "abcd", map[rune]string{'a': "bc", 'b': "d", 'd': "c"}},
		{"cycle", "a", "abc", map[rune]string{'a': "b", 'b': "c", 'c': "a"}},
		{"itself", "a", "ab", map[rune]string{'a': "ab", 'b': "b"}},
		{"roots", "bab", "bac", map[rune]string{'a': "bc"}},
		{"elsewhere", "a", "a", map[rune]string{'b': "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := reach([]rune(test.roots), func(n rune) []rune { return []rune(test.edges[n]) })
			if string(got) != test.want {
				t.Errorf("reached %q, not %q", string(got), test.want)
			}
		})
	}
}

// TestClosure has an edge of each kind in a repository.
func TestClosure(t *testing.T) {
	untyped := func(m *Manifest, perhaps bool) *Manifest {
		for i := range m.References {
			m.References[i].Manifest, m.References[i].Perhaps = false, perhaps
		}
		return m
	}
	fault := func(state State, m *Manifest) *Manifest { m.State = state; return m }
	holds := letterRepository("a", "AB", "", letterManifest('A', "a"), fault(Absent, letterManifest('B', "")))
	for i := range holds.Revisions {
		if holds.Revisions[i].Digest == named('B') {
			holds.Revisions[i].Holds = named('A')
		}
	}
	for _, test := range []struct {
		name             string
		r                *Repository
		roots            string
		manifests, blobs string
	}{
		{"image", letterRepository("a", "A", "", letterManifest('A', "ab")), "A", "A", "ab"},
		{"index", letterRepository("a", "C", "", letterManifest('A', "ab"), letterManifest('B', "bc"), letterManifest('C', "AB")), "C", "CAB", "abc"},
		{"nested", letterRepository("a", "C", "", letterManifest('A', "a"), letterManifest('B', "A"), letterManifest('C', "B")), "C", "CBA", "a"},
		{"sparse", letterRepository("a", "C", "", fault(Absent, letterManifest('A', "")), letterManifest('C', "AB")), "C", "CA", "B"},
		{"two roots", letterRepository("a", "AB", "", letterManifest('A', "ab"), letterManifest('B', "bc")), "BA", "BA", "bca"},
		{"cycle", letterRepository("a", "AB", "", letterManifest('A', "Ba"), letterManifest('B', "Ab")), "A", "AB", "ab"},
		{"subject and referrer", letterRepository("a", "AB", "", letterManifest('A', "a"), letterManifest('B', "b>A")), "B", "B", "b"},
		{"a layer that is linked", letterRepository("a", "AB", "", letterManifest('A', "a"), untyped(letterManifest('B', "A"), false)), "B", "BA", "a"},
		{"a layer that is not", letterRepository("a", "B", "", letterManifest('A', "a"), untyped(letterManifest('B', "A"), false)), "B", "B", "A"},
		{"perhaps", letterRepository("a", "B", "", letterManifest('A', "a"), untyped(letterManifest('B', "A"), true)), "B", "BA", "a"},
		{"perhaps, but no manifest", letterRepository("a", "B", "", fault(Unknown, letterManifest('A', "a")), untyped(letterManifest('B', "A"), true)), "B", "B", "A"},
		{"unknown, but a child", letterRepository("a", "B", "", fault(Unknown, letterManifest('A', "a")), letterManifest('B', "A")), "B", "BA", "a"},
		{"alias", holds, "B", "BA", "a"},
		{"not there", letterRepository("a", "", ""), "A", "A", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var roots Closure
			for _, letter := range test.roots {
				roots.Manifests = append(roots.Manifests, named(letter))
			}
			got := test.r.Closure(roots.Manifests...)
			if manifests, blobs := spellDigests(got.Manifests), spellDigests(got.Blobs); manifests != test.manifests || blobs != test.blobs {
				t.Errorf("needs %q and %q, not %q and %q", manifests, blobs, test.manifests, test.blobs)
			}
		})
	}
}

func TestReferrers(t *testing.T) {
	r := letterRepository("a", "ABCE", "",
		letterManifest('A', "a"), letterManifest('B', "b>A"), letterManifest('C', "c>A"),
		letterManifest('D', "d>A"), // not linked
		letterManifest('F', "f>Z"), // held by E
		&Manifest{Digest: named('E'), State: Absent, References: []mark.Reference{}})
	for i := range r.Revisions {
		if r.Revisions[i].Digest == named('E') {
			r.Revisions[i].Holds = named('F')
		}
	}
	all := r.ReferrersBySubject()
	if len(all) != 2 {
		t.Errorf("%d subjects", len(all))
	}
	for subject, want := range map[rune]string{'A': "BC", 'B': "", 'Z': "E"} {
		if got := sortedLetters(spellDigests(r.Referrers(named(subject)))); got != want {
			t.Errorf("the referrers of %c are %q, not %q", subject, got, want)
		}
		if got := sortedLetters(spellDigests(all[named(subject)])); got != want {
			t.Errorf("by subject, those of %c are %q, not %q", subject, got, want)
		}
	}
	if got := r.Referrers(""); got != nil {
		t.Errorf("the referrers of nothing are %v", got)
	}
}

func TestRevision(t *testing.T) {
	r := letterRepository("a", "ABC", "")
	for _, letter := range "ABC" {
		if got, ok := r.Revision(named(letter)); !ok || got.Digest != named(letter) {
			t.Errorf("%c is %v, %v", letter, got, ok)
		}
	}
	if got, ok := r.Revision(named('D')); ok {
		t.Errorf("D is %v", got)
	}
}
