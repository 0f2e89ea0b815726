package result

import "slices"

// Timed are the runs of one collector whose figures count: those in which no
// system calls were counted, as counting takes most of the time.
func (c Comparison) Timed(who Collector) []Run {
	var runs []Run
	for _, r := range c.Runs {
		if r.Collector == who && r.SystemCalls == 0 {
			runs = append(runs, r)
		}
	}
	return runs
}

// Wall picks the time of a run, in seconds, for [Comparison.Median].
func Wall(r Run) float64 { return r.Wall }

// CPU picks the processor time, in seconds.
func CPU(r Run) float64 { return r.CPU }

// Server picks the processor time of the S3 server and the proxy, in seconds.
func Server(r Run) float64 { return r.Server }

// Peak picks the largest resident memory, in bytes.
func Peak(r Run) float64 { return float64(r.Peak) }

// Requests picks the number of requests.
func Requests(r Run) float64 { return float64(r.Requests) }

// Median is the middle figure of the timed runs of one collector, or the mean
// of the two in the middle. It is not ok where there are none.
func (c Comparison) Median(who Collector, what func(Run) float64) (median float64, ok bool) {
	return middle(c.figures(who, what))
}

// Spread is the smallest and the largest figure of the timed runs of one
// collector. It is not ok where there are none.
func (c Comparison) Spread(who Collector, what func(Run) float64) (least, most float64, ok bool) {
	figures := c.figures(who, what)
	if len(figures) == 0 {
		return 0, 0, false
	}
	return slices.Min(figures), slices.Max(figures), true
}

// Calls is how many system calls one collector made, the median where they were
// counted more than once. It is not ok where nobody counted.
func (c Comparison) Calls(who Collector) (calls int64, ok bool) {
	var counted []float64
	for _, r := range c.Runs {
		if r.Collector == who && r.SystemCalls > 0 {
			counted = append(counted, float64(r.SystemCalls))
		}
	}
	median, ok := middle(counted)
	return int64(median), ok
}

// Ratio tells how many times the figure of one collector another one has, by
// their medians: Ratio(Upstream, Blobsweep, Wall) is 30 where blobsweep is 30
// times faster. It is not ok where either has no such figure, or it is zero.
func (c Comparison) Ratio(who, to Collector, what func(Run) float64) (ratio float64, ok bool) {
	a, knownA := c.Median(who, what)
	b, knownB := c.Median(to, what)
	if !knownA || !knownB || a <= 0 || b <= 0 {
		return 0, false
	}
	return a / b, true
}

// Collectors are those that did a run, in the order in which they are shown:
// blobsweep, upstream, the walk, and others as they come.
func (c Comparison) Collectors() []Collector {
	var all []Collector
	for _, who := range []Collector{Blobsweep, Upstream, Walk} {
		if slices.ContainsFunc(c.Runs, func(r Run) bool { return r.Collector == who }) {
			all = append(all, who)
		}
	}
	for _, r := range c.Runs {
		if !slices.Contains(all, r.Collector) {
			all = append(all, r.Collector)
		}
	}
	return all
}

func (c Comparison) figures(who Collector, what func(Run) float64) []float64 {
	var all []float64
	for _, r := range c.Timed(who) {
		all = append(all, what(r))
	}
	return all
}

func middle(figures []float64) (median float64, ok bool) {
	if len(figures) == 0 {
		return 0, false
	}
	slices.Sort(figures)
	half := len(figures) / 2
	if len(figures)%2 == 1 {
		return figures[half], true
	}
	return (figures[half-1] + figures[half]) / 2, true
}
