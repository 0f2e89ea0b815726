package text

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

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
// removal, under headings of kind with reason, and of repository. It holds no
// more than one candidate in memory.
func Candidates(w io.Writer, candidates iter.Seq[sweep.Candidate]) error {
	var last sweep.Candidate
	for c := range candidates {
		var b strings.Builder
		if c.Kind != last.Kind || heading(c) != heading(last) {
			b.WriteString(heading(c) + "\n")
			last = sweep.Candidate{}
		}
		indent := "  "
		if c.Repository != "" {
			if c.Repository != last.Repository {
				b.WriteString(indent + clean(c.Repository) + "\n")
			}
			indent += indent
		}
		b.WriteString(indent + candidate(c) + "\n")
		if _, err := io.WriteString(w, b.String()); err != nil {
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

// reasonInLine reports whether each candidate of a kind has a reason of its own.
func reasonInLine(kind sweep.CandidateKind) bool {
	return kind == sweep.Manifest || kind == sweep.Upload || kind == sweep.MultipartUpload
}

// heading is the kind and why it goes, where that is the same for many.
func heading(c sweep.Candidate) string {
	s := plural(c.Kind)
	s = strings.ToUpper(s[:1]) + s[1:]
	if reasonInLine(c.Kind) || c.Kind == sweep.EmptyDirectory {
		return s
	}
	return s + ": " + clean(c.Reason)
}

// candidate is what it is, and its bytes.
func candidate(c sweep.Candidate) string {
	var parts []string
	if c.Kind == sweep.MultipartUpload {
		c.Key = "" // upload or digest tell it
	}
	for _, name := range []string{c.Tag, c.Upload, string(c.Digest), c.Key} {
		if name != "" {
			parts = append(parts, clean(name))
		}
	}
	if c.Kind == sweep.Blob || c.Bytes > 0 {
		parts = append(parts, fmt.Sprintf("%8s", Bytes(c.Bytes)))
	}
	if reasonInLine(c.Kind) {
		parts = append(parts, " "+clean(c.Reason))
	}
	return strings.Join(parts, " ")
}
