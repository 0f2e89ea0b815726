package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/blobsweep/blobsweep/bench/result"
)

// Table writes the comparisons as text that is made for a terminal and for logs:
// of each what was measured, then a row for each collector with its medians.
// Columns in which nobody measured anything are left out. An error is that of w.
func Table(w io.Writer, comparisons []result.Comparison) error {
	for i, c := range comparisons {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, heading(c)); err != nil {
			return err
		}
		if err := collectors(c).compact().text(w, "  "); err != nil {
			return err
		}
	}
	return nil
}

// heading says what was measured.
func heading(c result.Comparison) string {
	var about []string
	about = append(about, "commit "+commit(c.Commit))
	if c.Medium != "" {
		about = append(about, "on "+c.Medium)
	}
	var runs []string
	for _, who := range c.Collectors() {
		if n := len(c.Timed(who)); n > 0 {
			runs = append(runs, fmt.Sprintf("%s %d", who, n))
		}
	}
	if len(runs) > 0 {
		about = append(about, "runs: "+strings.Join(runs, ", "))
	}
	return fmt.Sprintf("%s\n  %s\n  %s\n", c.Name(), sizes(c), strings.Join(about, "; "))
}

// sizes tells how large the registry is.
func sizes(c result.Comparison) string {
	return fmt.Sprintf("%s blobs, %s manifests, %s tags", count(c.Blobs), count(c.Manifests), count(c.Tags))
}

// commit shortens the name of a commit, and leaves the mark of a changed tree.
func commit(name string) string {
	const short = 10
	id, changed := strings.CutSuffix(name, "+")
	if len(id) > short {
		id = id[:short]
	}
	switch {
	case id == "":
		return "not known"
	case changed:
		return id + "+"
	}
	return id
}

// collectors has a row for each collector of a comparison.
func collectors(c result.Comparison) grid {
	g := grid{names: 1, head: []string{
		"collector", "wall", "from", "to", "CPU", "server's CPU", "peak memory", "requests", "of the floor", "system calls",
		"to upstream", "to the walk",
	}}
	for _, who := range c.Collectors() {
		g.row(append([]string{string(who)}, figures(c, who)...)...)
	}
	return g
}

// figures are those of one collector; what nobody measured is empty.
func figures(c result.Comparison, who result.Collector) []string {
	var least, most string
	if from, to, ok := c.Spread(who, result.Wall); ok {
		least, most = seconds(from), seconds(to)
	}
	return []string{
		median(c, who, result.Wall, seconds), least, most,
		median(c, who, result.CPU, seconds),
		median(c, who, result.Server, seconds),
		median(c, who, result.Peak, bytes),
		median(c, who, result.Requests, count[float64]),
		ofFloor(c, who),
		calls(c, who),
		faster(c, who, result.Upstream),
		faster(c, who, result.Walk),
	}
}

// median prints a median, or nothing where it is not known or zero.
func median(c result.Comparison, who result.Collector, what func(result.Run) float64, print func(float64) string) string {
	if figure, ok := c.Median(who, what); ok && figure > 0 {
		return print(figure)
	}
	return ""
}

func calls(c result.Comparison, who result.Collector) string {
	if calls, ok := c.Calls(who); ok {
		return count(calls)
	}
	return ""
}

// ofFloor tells how many times the requests that cannot be avoided were sent.
func ofFloor(c result.Comparison, who result.Collector) string {
	requests, ok := c.Median(who, result.Requests)
	if !ok || requests == 0 || c.FloorRequests == 0 {
		return ""
	}
	return fmt.Sprintf("%.3fx", requests/float64(c.FloorRequests))
}

// faster compares the time of one collector with that of another.
func faster(c result.Comparison, who, than result.Collector) string {
	ratio, ok := c.Ratio(than, who, result.Wall)
	switch {
	case !ok || who == than:
		return ""
	case ratio >= 1:
		return digits(ratio) + "x faster"
	}
	return digits(1/ratio) + "x slower"
}
