package report

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/blobsweep/blobsweep/bench/result"
)

// canvas collects the elements of a picture. It has a white ground of its own,
// so that it can be read on a dark page too.
type canvas struct {
	width, height float64
	body          strings.Builder
}

const (
	fonts = `system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif`
	ink   = "#1f2328"
	faint = "#59636e"
	rule  = "#d8dee4"
	hair  = "#eef1f4"
)

// Anchors of a text.
const (
	left   = "start"
	middle = "middle"
	right  = "end"
)

// style is how a text looks.
type style struct {
	size   float64
	colour string
	anchor string
	bold   bool
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(&c.body, format+"\n", args...) }

func (c *canvas) text(x, y float64, s style, text string) {
	weight := ""
	if s.bold {
		weight = ` font-weight="600"`
	}
	c.add(`<text x="%s" y="%s" font-size="%s" fill="%s" text-anchor="%s"%s>%s</text>`,
		number(x), number(y), number(s.size), s.colour, s.anchor, weight, html.EscapeString(text))
}

func (c *canvas) line(x1, y1, x2, y2 float64, colour string, width float64) {
	c.add(`<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="%s"/>`,
		number(x1), number(y1), number(x2), number(y2), colour, number(width))
}

func (c *canvas) rect(x, y, width, height float64, colour string) {
	c.add(`<rect x="%s" y="%s" width="%s" height="%s" rx="2" fill="%s"/>`,
		number(x), number(y), number(width), number(height), colour)
}

// polyline joins points, each a pair of coordinates.
func (c *canvas) polyline(points [][2]float64, look appearance) {
	var all []string
	for _, p := range points {
		all = append(all, number(p[0])+","+number(p[1]))
	}
	dashes := ""
	if look.dashes != "" {
		dashes = ` stroke-dasharray="` + look.dashes + `"`
	}
	c.add(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round"%s/>`,
		strings.Join(all, " "), look.colour, dashes)
}

// marker draws the sign of a collector around a point.
func (c *canvas) marker(x, y float64, look appearance) {
	const r = 4.5
	switch look.sign {
	case square:
		c.add(`<rect x="%s" y="%s" width="%s" height="%s" fill="%s" stroke="#ffffff" stroke-width="1.5"/>`,
			number(x-r), number(y-r), number(2*r), number(2*r), look.colour)
	case diamond:
		c.add(`<path d="M%s %s l%s %s l-%s %s l-%s -%s z" fill="%s" stroke="#ffffff" stroke-width="1.5"/>`,
			number(x), number(y-r-1), number(r+1), number(r+1), number(r+1), number(r+1), number(r+1), number(r+1), look.colour)
	default:
		c.add(`<circle cx="%s" cy="%s" r="%s" fill="%s" stroke="#ffffff" stroke-width="1.5"/>`,
			number(x), number(y), number(r+0.5), look.colour)
	}
}

// svg gives the whole picture. The title is for those who cannot see it too.
func (c *canvas) svg(title string) []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]s" height="%[2]s" viewBox="0 0 %[1]s %[2]s" font-family="%[3]s" role="img">
<title>%[4]s</title>
<rect width="%[1]s" height="%[2]s" rx="6" fill="#ffffff"/>
%[5]s</svg>
`, number(c.width), number(c.height), fonts, html.EscapeString(title), c.body.String())
}

// sign tells collectors apart where colours do not.
type sign uint8

const (
	circle sign = iota
	square
	diamond
)

// appearance is how a collector is drawn.
type appearance struct {
	colour string
	sign   sign
	dashes string
}

// appearances keep apart for those who do not see all colours.
func appearanceOf(who result.Collector) appearance {
	switch who {
	case result.Blobsweep:
		return appearance{colour: "#0969da"}
	case result.Upstream:
		return appearance{colour: "#bc4c00", sign: square}
	case result.Walk:
		return appearance{colour: "#6e7781", sign: diamond, dashes: "2 6"}
	}
	return appearance{colour: "#8250df", dashes: "8 5"}
}

// legend draws the signs of collectors in a row that begins at a place.
func (c *canvas) legend(x, y float64, who []result.Collector) {
	for _, collector := range who {
		look := appearanceOf(collector)
		c.marker(x+5, y-4, look)
		label := labelOf(collector)
		c.text(x+15, y, style{size: 12, colour: ink, anchor: left}, label)
		x += 38 + 6.3*float64(len(label))
	}
}

// labelOf tells who a collector is.
func labelOf(who result.Collector) string {
	switch who {
	case result.Upstream:
		return "registry garbage-collect"
	case result.Walk:
		return "bare walk"
	}
	return string(who)
}
