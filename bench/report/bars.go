package report

import (
	"github.com/blobsweep/blobsweep/bench/result"
)

// bars compare collectors by groups, on a logarithmic axis.
type bars struct {
	title, about string
	x            axis
	who          []result.Collector
	groups       []group
}

type group struct {
	name, about string
	values      map[result.Collector]float64
	notes       map[result.Collector]string // behind the value
}

const (
	barHeight, barGap = 15.0, 3.0
	groupGap          = 20.0
	barsLeft          = 182.0
	barsRight         = chartWidth - 190
	barsTop           = 94.0
)

// svg draws the bars.
func (b bars) svg() []byte {
	height := barsTop + groupGap/2
	for _, g := range b.groups {
		height += b.height(g) + groupGap
	}
	bottom := height - groupGap/2
	c := &canvas{width: chartWidth, height: bottom + marginBottom}
	heads(c, b.title, b.about, b.who)
	for _, v := range b.x.minor {
		x := b.x.at(v, barsLeft, barsRight)
		c.line(x, barsTop, x, bottom, hair, 1)
	}
	for _, v := range b.x.ticks {
		x := b.x.at(v, barsLeft, barsRight)
		c.line(x, barsTop, x, bottom, rule, 1)
		c.text(x, bottom+18, style{size: tickSize, colour: faint, anchor: middle}, b.x.format(v))
	}
	y := barsTop + groupGap/2
	for _, g := range b.groups {
		b.group(c, g, y)
		y += b.height(g) + groupGap
	}
	c.line(barsLeft, barsTop, barsLeft, bottom, faint, 1)
	c.text((barsLeft+barsRight)/2, bottom+42, style{size: textSize, colour: ink, anchor: middle}, b.x.label)
	return c.svg(b.title)
}

// height is that of a group: of its bars, or of its name.
func (b bars) height(g group) float64 {
	return max(float64(len(g.values))*(barHeight+barGap)-barGap, 2*labelHeight)
}

func (b bars) group(c *canvas, g group, y float64) {
	center := y + b.height(g)/2
	c.text(barsLeft-10, center-2, style{size: textSize, colour: ink, anchor: right, bold: true}, g.name)
	c.text(barsLeft-10, center+13, style{size: tickSize, colour: faint, anchor: right}, g.about)
	for _, who := range b.who {
		value, ok := g.values[who]
		if !ok {
			continue
		}
		end := b.x.at(value, barsLeft, barsRight)
		c.rect(barsLeft, y, end-barsLeft, barHeight, appearanceOf(who).colour)
		label := b.x.format(value)
		if note := g.notes[who]; note != "" {
			label += ", " + note
		}
		c.text(end+6, y+barHeight-3.5, style{size: tickSize, colour: ink, anchor: left, bold: who == result.Blobsweep}, label)
		y += barHeight + barGap
	}
}
