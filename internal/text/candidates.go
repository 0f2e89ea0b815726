package text

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blobsweep/blobsweep/sweep"
)

// Reasons count the candidates of each kind by the reason they go.
type Reasons map[sweep.CandidateKind]map[string]*tally

type tally struct{ count, bytes int64 }

// Tally counts candidates by kind and reason.
func Tally(candidates iter.Seq[sweep.Candidate]) Reasons {
	reasons := Reasons{}
	for c := range candidates {
		if reasons[c.Kind] == nil {
			reasons[c.Kind] = map[string]*tally{}
		}
		t := reasons[c.Kind][c.Reason]
		if t == nil {
			t = &tally{}
			reasons[c.Kind][c.Reason] = t
		}
		t.count++
		t.bytes += max(0, c.Bytes)
	}
	return reasons
}

// maxReasons is how many reasons are told of a kind.
const maxReasons = 4

// explain says in one line why candidates of a kind go: the reason, with a
// count where there are several, most frequent first, and the bytes.
func (r Reasons) explain(kind sweep.CandidateKind) string {
	reasons := slices.SortedFunc(maps.Keys(r[kind]), func(a, b string) int {
		return cmp.Or(cmp.Compare(r[kind][b].count, r[kind][a].count), cmp.Compare(a, b))
	})
	var parts []string
	for i, reason := range reasons {
		if i == maxReasons {
			parts = append(parts, "and "+Numbered(len(reasons)-i, "other reason"))
			break
		}
		t, part := r[kind][reason], clean(reason)
		if len(reasons) > 1 {
			part = Count(t.count) + " " + part
		}
		if t.bytes > 0 {
			part += " (" + Bytes(t.bytes) + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// plural is the heading of a kind.
func plural(kind sweep.CandidateKind) string {
	return strings.TrimPrefix(Numbered(0, strings.ReplaceAll(string(kind), "-", " ")), "0 ")
}

// Candidates lists what a plan removes, one line each, in the order of
// removal, under headings of kind and repository. It holds no more than one
// candidate in memory.
func Candidates(w io.Writer, candidates iter.Seq[sweep.Candidate]) error {
	var last sweep.Candidate
	for c := range candidates {
		indent := "  "
		if c.Kind != last.Kind {
			last = sweep.Candidate{Kind: c.Kind}
			if _, err := fmt.Fprintf(w, "%s\n", heading(c.Kind)); err != nil {
				return err
			}
		}
		if c.Repository != "" {
			indent = "    "
			if c.Repository != last.Repository {
				if _, err := fmt.Fprintf(w, "  %s\n", clean(c.Repository)); err != nil {
					return err
				}
			}
		}
		if _, err := io.WriteString(w, candidate(indent, c)); err != nil {
			return err
		}
		last = c
	}
	if last.Kind == "" {
		return nil
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func heading(kind sweep.CandidateKind) string {
	s := plural(kind)
	return strings.ToUpper(s[:1]) + s[1:]
}

// candidate is one line: what it is, its bytes and why it goes. The reason has
// a line of its own where it does not fit.
func candidate(indent string, c sweep.Candidate) string {
	var names []string
	for _, name := range []string{c.Tag, c.Upload, string(c.Digest), c.Key} {
		if name != "" {
			names = append(names, clean(name))
		}
	}
	line := indent + strings.Join(names, " ")
	if c.Kind == sweep.Blob || c.Bytes > 0 {
		line += fmt.Sprintf(" %8s", Bytes(c.Bytes))
	}
	reason := clean(c.Reason)
	if utf8.RuneCountInString(line)+2+utf8.RuneCountInString(reason) > Width {
		return line + "\n" + indent + "  " + reason + "\n"
	}
	return line + "  " + reason + "\n"
}
