package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blobsweep/blobsweep/bench/result"
)

// Names of the plots, which are files beside the page.
const (
	plotTime   = "time.svg"
	plotMemory = "memory.svg"
	plotTags   = "one-repository.svg"
	plotShapes = "shapes.svg"
)

// plots draws what there are measurements for, by file name.
func plots(d result.Document) map[string][]byte {
	all := map[string][]byte{}
	growth := growthOf(d)
	blobs := func(c result.Comparison) float64 { return float64(c.Blobs) }
	tags := func(c result.Comparison) float64 { return float64(c.Tags) }
	times := func(n float64) string { return digits(n) + "x" }
	if lines := seriesOf(growth, blobs, result.Wall); len(lines) > 0 {
		all[plotTime] = chart{
			title: "Time of a dry run by the size of the registry",
			about: about(growth[0]),
			x:     decimal("blobs", valuesOf(lines, xOf), count[float64]), y: decimal("time (log scale)", valuesOf(lines, yOf), tickSeconds),
			series: lines, ratio: times,
		}.svg()
	}
	if lines := seriesOf(growth, blobs, result.Peak); len(lines) > 0 {
		all[plotMemory] = chart{
			title: "Peak memory of a dry run by the size of the registry",
			about: about(growth[0]),
			x:     decimal("blobs", valuesOf(lines, xOf), count[float64]), y: binary("resident memory (log scale)", valuesOf(lines, yOf), bytes),
			series: lines,
		}.svg()
	}
	repository := oneRepositoryOf(d)
	if lines := seriesOf(repository, tags, result.Wall); len(lines) > 0 {
		all[plotTags] = chart{
			title: "Time of a dry run by the tags of one repository",
			about: about(repository[0]),
			x:     decimal("tags", valuesOf(lines, xOf), count[float64]), y: decimal("time (log scale)", valuesOf(lines, yOf), tickSeconds),
			series: lines, ratio: times,
		}.svg()
	}
	if shapes := shapesOf(d); len(shapes) > 0 {
		all[plotShapes] = shapeBars(shapes).svg()
	}
	return all
}

// about says in a line what all comparisons of a plot have in common.
func about(c result.Comparison) string {
	parts := []string{c.Storage, c.Shape}
	if c.Medium != "" {
		parts[0] += " (" + c.Medium + ")"
	}
	if c.DeleteUntagged {
		parts = append(parts, "untagged manifests go")
	}
	return strings.Join(append(parts, "warm caches", "medians"), ", ")
}

// seriesOf gives a line for each collector that has at least two sizes.
func seriesOf(comparisons []result.Comparison, size func(result.Comparison) float64, what func(result.Run) float64) []series {
	var lines []series
	for _, who := range []result.Collector{result.Blobsweep, result.Upstream, result.Walk} {
		s := series{who: who}
		for _, c := range comparisons {
			if y, ok := c.Median(who, what); ok && y > 0 {
				s.points = append(s.points, point{size(c), y})
			}
		}
		slices.SortFunc(s.points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
		if len(s.points) > 1 {
			lines = append(lines, s)
		}
	}
	return lines
}

func xOf(p point) float64 { return p.x }
func yOf(p point) float64 { return p.y }

func valuesOf(lines []series, of func(point) float64) []float64 {
	var all []float64
	for _, s := range lines {
		for _, p := range s.points {
			all = append(all, of(p))
		}
	}
	return all
}

// shapeBars compares the collectors on each shape.
func shapeBars(shapes []result.Comparison) bars {
	b := bars{
		title: "Time of a dry run by the shape of the registry",
		about: "filesystem, warm caches, medians",
		who:   []result.Collector{result.Blobsweep, result.Upstream, result.Walk},
	}
	var values []float64
	for _, c := range shapes {
		g := group{
			name: c.Shape, about: count(c.Blobs) + " blobs",
			values: map[result.Collector]float64{}, notes: map[result.Collector]string{},
		}
		if c.DeleteUntagged {
			g.about += ", -m"
		}
		for _, who := range b.who {
			if wall, ok := c.Median(who, result.Wall); ok && wall > 0 {
				g.values[who] = wall
				values = append(values, wall)
			}
		}
		if ratio, ok := c.Ratio(result.Upstream, result.Blobsweep, result.Wall); ok {
			g.notes[result.Blobsweep] = fmt.Sprintf("%sx faster", digits(ratio))
		}
		b.groups = append(b.groups, g)
	}
	// A bar of the least value has a length too.
	b.x = decimal("time (log scale)", append(values, slices.Min(values)/2), tickSeconds)
	return b
}

// tickSeconds prints a time with as few digits as it has, at most three.
func tickSeconds(s float64) string {
	switch {
	case s < 1e-3:
		return short(s*1e6) + " µs"
	case s < 0.1:
		return short(s*1e3) + " ms"
	}
	return short(s) + " s"
}

func short(n float64) string {
	if n >= 1000 {
		return count(n)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 3, 64), 64)
	if err != nil {
		return digits(n)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
