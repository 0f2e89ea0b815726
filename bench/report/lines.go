package report

import (
	"slices"

	"github.com/blobsweep/blobsweep/bench/result"
)

// point is a measurement in a plot.
type point struct{ x, y float64 }

// series is what one collector did, by size.
type series struct {
	who    result.Collector
	points []point // by x
}

// chart is a plot of lines with logarithmic axes.
type chart struct {
	title, about string
	x, y         axis
	series       []series
	// ratio, if set, compares the first two series at the last place that both
	// have: what to write for how many times.
	ratio func(times float64) string
}

const (
	chartWidth, chartHeight              = 820.0, 480.0
	marginLeft, marginRight              = 84.0, 190.0
	marginTop, marginBottom              = 108.0, 62.0
	labelHeight                          = 16.0
	plotLeft, plotRight                  = marginLeft, chartWidth - marginRight
	plotTop, plotBottom                  = marginTop, chartHeight - marginBottom
	titleSize, textSize, tickSize, inset = 17.0, 12.0, 11.5, 12.0
)

// svg draws the chart.
func (ch chart) svg() []byte {
	c := &canvas{width: chartWidth, height: chartHeight}
	var who []result.Collector
	for _, s := range ch.series {
		who = append(who, s.who)
	}
	heads(c, ch.title, ch.about, who)
	ch.grid(c)
	ch.compare(c)
	for _, s := range slices.Backward(ch.series) { // the first on top
		look := appearanceOf(s.who)
		var points [][2]float64
		for _, p := range s.points {
			points = append(points, ch.place(p))
		}
		c.polyline(points, look)
		for _, p := range points {
			c.marker(p[0], p[1], look)
		}
	}
	ch.ends(c)
	return c.svg(ch.title)
}

// heads writes what is above a plot.
func heads(c *canvas, title, about string, who []result.Collector) {
	c.text(inset, 30, style{size: titleSize, colour: ink, anchor: left, bold: true}, title)
	c.text(inset, 50, style{size: textSize, colour: faint, anchor: left}, about)
	c.legend(inset, 74, who)
}

func (ch chart) place(p point) [2]float64 {
	return [2]float64{ch.x.at(p.x, plotLeft, plotRight), ch.y.at(p.y, plotBottom, plotTop)}
}

func (ch chart) grid(c *canvas) {
	for _, v := range ch.y.minor {
		y := ch.y.at(v, plotBottom, plotTop)
		c.line(plotLeft, y, plotRight, y, hair, 1)
	}
	for _, v := range ch.x.minor {
		x := ch.x.at(v, plotLeft, plotRight)
		c.line(x, plotTop, x, plotBottom, hair, 1)
	}
	for _, v := range ch.y.ticks {
		y := ch.y.at(v, plotBottom, plotTop)
		c.line(plotLeft, y, plotRight, y, rule, 1)
		c.text(plotLeft-8, y+4, style{size: tickSize, colour: faint, anchor: right}, ch.y.format(v))
	}
	for _, v := range ch.x.ticks {
		x := ch.x.at(v, plotLeft, plotRight)
		c.line(x, plotTop, x, plotBottom, rule, 1)
		c.text(x, plotBottom+18, style{size: tickSize, colour: faint, anchor: middle}, ch.x.format(v))
	}
	c.line(plotLeft, plotBottom, plotRight, plotBottom, faint, 1)
	c.text(inset, plotTop-12, style{size: textSize, colour: ink, anchor: left}, ch.y.label)
	c.text((plotLeft+plotRight)/2, plotBottom+42, style{size: textSize, colour: ink, anchor: middle}, ch.x.label)
}

// compare draws how far apart the first two series are.
func (ch chart) compare(c *canvas) {
	if ch.ratio == nil || len(ch.series) < 2 {
		return
	}
	for _, a := range slices.Backward(ch.series[0].points) {
		at := slices.IndexFunc(ch.series[1].points, func(b point) bool { return b.x == a.x })
		if at < 0 {
			continue
		}
		b := ch.series[1].points[at]
		from, to := ch.place(a), ch.place(b)
		c.add(`<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="1.2" stroke-dasharray="3 3"/>`,
			number(from[0]), number(from[1]), number(to[0]), number(to[1]), faint)
		c.text(from[0]-7, (from[1]+to[1])/2+4, style{size: textSize, colour: ink, anchor: right, bold: true}, ch.ratio(b.y/a.y))
		return
	}
}

// ends writes at the end of each line whose it is and what it came to, one below
// the other where they would touch.
func (ch chart) ends(c *canvas) {
	type label struct {
		x, y  float64
		who   result.Collector
		value string
	}
	var labels []label
	for _, s := range ch.series {
		last := s.points[len(s.points)-1]
		at := ch.place(last)
		labels = append(labels, label{at[0], at[1], s.who, ch.y.format(last.y)})
	}
	slices.SortStableFunc(labels, func(a, b label) int { return int(a.y - b.y) })
	lowest := plotTop - labelHeight
	for _, l := range labels {
		y := max(l.y, lowest+2*labelHeight)
		lowest = y
		look := appearanceOf(l.who)
		c.text(l.x+12, y-2, style{size: textSize, colour: look.colour, anchor: left, bold: true}, labelOf(l.who))
		c.text(l.x+12, y+labelHeight-4, style{size: tickSize, colour: faint, anchor: left}, l.value)
	}
}
