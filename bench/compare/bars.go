package compare

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/blobsweep/blobsweep/bench/result"
)

// Bar is what a ratio must hold.
type Bar struct {
	// Figure says what is divided by what.
	Figure Figure
	// Limit is the least that it must be, or the most that it may be.
	Limit float64
	// Why says what passes the bar by.
	Why string
}

// Figure is a ratio of a comparison.
type Figure struct {
	Name string
	// AtLeast tells a figure that must be large from one that must be small.
	AtLeast bool
	// Timed tells a figure that depends on what else the machine does from one
	// that is the same each time.
	Timed bool

	of func(result.Comparison) (ratio float64, ok bool)
}

// The figures that have bars. Of times the least is taken, as what else the
// machine does only ever adds to them.
var (
	fasterThanUpstream  = Figure{"upstream's wall / blobsweep's", true, true, leastOf(result.Upstream, result.Blobsweep, result.Wall)}
	cheaperThanUpstream = Figure{"upstream's CPU / blobsweep's", true, true, leastOf(result.Upstream, result.Blobsweep, result.CPU)}
	wallOfWalk          = Figure{"wall / the walk's", false, true, leastOf(result.Blobsweep, result.Walk, result.Wall)}
	cpuOfWalk           = Figure{"CPU / the walk's", false, true, leastOf(result.Blobsweep, result.Walk, result.CPU)}
	wallOfCPU           = Figure{"wall / CPU", false, true, wallPerCPU}
	requestsOfWalk      = Figure{"requests / the walk's", false, false, leastOf(result.Blobsweep, result.Walk, result.Requests)}
	requestsOfFloor     = Figure{"requests / the floor", false, false, requestsPerFloor}
	callsOfWalk         = Figure{"system calls / the walk's", false, false, callsPerWalk}
)

func leastOf(who, to result.Collector, what func(result.Run) float64) func(result.Comparison) (float64, bool) {
	return func(c result.Comparison) (float64, bool) {
		a, _, knownA := c.Spread(who, what)
		b, _, knownB := c.Spread(to, what)
		if !knownA || !knownB || b <= 0 {
			return 0, false
		}
		return a / b, true
	}
}

// wallPerCPU is that of the run that waited least.
func wallPerCPU(c result.Comparison) (float64, bool) {
	least, _, ok := c.Spread(result.Blobsweep, func(r result.Run) float64 { return r.Wall / max(r.CPU, 1e-6) })
	return least, ok
}

func requestsPerFloor(c result.Comparison) (float64, bool) {
	_, most, ok := c.Spread(result.Blobsweep, result.Requests)
	return most / float64(max(c.FloorRequests, 1)), ok && c.FloorRequests > 0
}

func callsPerWalk(c result.Comparison) (float64, bool) {
	a, knownA := c.Calls(result.Blobsweep)
	b, knownB := c.Calls(result.Walk)
	return float64(a) / float64(max(b, 1)), knownA && knownB
}

// Verdict is what came of a bar.
type Verdict struct {
	Bar
	// Name is that of the comparison.
	Name  string
	Value float64
	// Known is false where nobody could measure it: without strace there is no
	// count of system calls. A bar holds then.
	Known bool
}

// Holds reports whether the bar does.
func (v Verdict) Holds() bool {
	switch {
	case !v.Known:
		return true
	case v.Figure.AtLeast:
		return v.Value >= v.Limit
	}
	return v.Value <= v.Limit
}

// String is a line that says what a bar is about.
func (v Verdict) String() string {
	return fmt.Sprintf("%s: %s is %.2f, and must be %s %g: %s", v.Name, v.Figure.Name, v.Value, v.word(), v.Limit, v.Why)
}

func (v Verdict) word() string {
	if v.Figure.AtLeast {
		return "at least"
	}
	return "at most"
}

// judge compares a comparison with its bars.
func judge(c result.Comparison, bars []Bar) []Verdict {
	verdicts := make([]Verdict, len(bars))
	for i, b := range bars {
		verdicts[i] = Verdict{Bar: b, Name: c.Name()}
		verdicts[i].Value, verdicts[i].Known = b.Figure.of(c)
	}
	return verdicts
}

// WriteVerdicts writes a table of bars.
func WriteVerdicts(w io.Writer, verdicts []Verdict) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	name := ""
	for _, v := range verdicts {
		if v.Name != name {
			name = v.Name
			if _, err := fmt.Fprintf(table, "%s\n", name); err != nil {
				return err
			}
		}
		value, outcome := fmt.Sprintf("%.2f", v.Value), "holds"
		switch {
		case !v.Known:
			value, outcome = "-", "not measured"
		case !v.Holds():
			outcome = "MISSED"
		}
		if _, err := fmt.Fprintf(table, "  %s\t%s\t%s %g\t%s\t%s\n", v.Figure.Name, value, v.word(), v.Limit, outcome, v.Why); err != nil {
			return err
		}
	}
	return table.Flush()
}
