package text

import (
	"strings"
	"unicode/utf8"
)

// gap is what lies between two columns.
const gap = "  "

// column is one of a grid.
type column struct {
	header string
	right  bool // numbers
}

// grid is a table with headers, as docker prints them. Cells must be clean.
type grid struct {
	columns []column
	rows    [][]string
}

func (g *grid) widths() []int {
	widths := make([]int, len(g.columns))
	for i, c := range g.columns {
		widths[i] = utf8.RuneCountInString(c.header)
		for _, row := range g.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	return widths
}

// width is how wide the grid gets.
func (g *grid) width() int {
	sum := len(gap) * (len(g.columns) - 1)
	for _, w := range g.widths() {
		sum += w
	}
	return sum
}

// write prints the grid, without headers where there are none.
func (g *grid) write(b *strings.Builder) {
	widths := g.widths()
	headers := make([]string, len(g.columns))
	for i, c := range g.columns {
		headers[i] = c.header
	}
	if strings.Join(headers, "") != "" {
		g.line(b, widths, headers)
	}
	for _, row := range g.rows {
		g.line(b, widths, row)
	}
}

func (g *grid) line(b *strings.Builder, widths []int, cells []string) {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteString(gap)
		}
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if g.columns[i].right {
			line.WriteString(pad + cell)
		} else {
			line.WriteString(cell + pad)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}
