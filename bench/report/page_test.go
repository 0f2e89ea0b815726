package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/bench/result"
)

func TestPage(t *testing.T) {
	dir := t.TempDir()
	if err := WritePage(dir, sample()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "benchmarks.md", text)
	for _, name := range []string{plotTime, plotMemory, plotTags, plotShapes} {
		picture, err := os.ReadFile(filepath.Join(dir, "benchmarks", name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "benchmarks/"+name, picture)
		if !strings.Contains(string(text), "](benchmarks/"+name+")") {
			t.Errorf("%s is not on the page", name)
		}
	}
}

// Nothing is claimed that was not measured, and plots of earlier measurements go.
func TestPageOfNothing(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []result.Document{sample(), {}} {
		if err := WritePage(dir, d); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "benchmarks.md"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "| not measured | not measured |"); n != 8 {
		t.Errorf("%d rows say that nothing was measured:\n%s", n, text)
	}
	if strings.Contains(string(text), ".svg") || strings.Contains(string(text), "## Shapes") {
		t.Errorf("parts without measurements:\n%s", text)
	}
	left, err := os.ReadDir(filepath.Join(dir, "benchmarks"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// claimsOf returns the state of the bars.
func claimsOf(d result.Document) (states []string) {
	for _, c := range claims(d) {
		states = append(states, c.state())
	}
	return states
}

func TestMissedBars(t *testing.T) {
	d := sample()
	// The sample is faster than the bars where 30x is enough.
	want := "met **missed** met **missed** **missed** **missed** met met"
	if got := strings.Join(claimsOf(d), " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for i := range d.Comparisons {
		for j, run := range d.Comparisons[i].Runs {
			if run.Collector == result.Blobsweep {
				d.Comparisons[i].Runs[j].Wall *= 100
			}
		}
	}
	d.Scale = d.Scale[:2]
	want = strings.Repeat("**missed** ", 6) + "met not measured in full" // the growth is the same
	if got := strings.Join(claimsOf(d), " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Where upstream cannot finish, its growth is carried on, and the page says so.
func TestUpstreamCarriedOn(t *testing.T) {
	all := oneRepositoryOf(sample())
	last := &all[len(all)-1]
	for i := 0; i < len(last.Runs); {
		if last.Runs[i].Collector == result.Upstream {
			last.Runs = append(last.Runs[:i], last.Runs[i+1:]...)
			continue
		}
		i++
	}
	got := tagsAhead(all, 200)
	if len(got) != 1 || got[0].text != "about 300x faster, if upstream's time goes on to grow as it does up to 4,000 tags" || !got[0].met {
		t.Errorf("%+v", got)
	}
	if got := tagsAhead(all[1:], 200); got != nil {
		t.Errorf("carried on from one size: %+v", got)
	}
}
