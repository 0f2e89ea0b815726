package report

import (
	"io"
	"strings"
	"unicode/utf8"
)

// grid is a table of cells. The first columns hold names and are set to the
// left, all others hold numbers and are set to the right.
type grid struct {
	head  []string
	rows  [][]string
	names int // how many columns hold names
}

func (g *grid) row(cells ...string) { g.rows = append(g.rows, cells) }

// compact leaves out the columns in which no row has anything.
func (g grid) compact() grid {
	to := grid{names: g.names, rows: make([][]string, len(g.rows))}
	for column, head := range g.head {
		used := false
		for _, row := range g.rows {
			used = used || row[column] != ""
		}
		if !used {
			if column < g.names {
				to.names--
			}
			continue
		}
		to.head = append(to.head, head)
		for i, row := range g.rows {
			to.rows[i] = append(to.rows[i], row[column])
		}
	}
	return to
}

func (g grid) widths() []int {
	widths := make([]int, len(g.head))
	for _, row := range append([][]string{g.head}, g.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

// text writes the grid for a terminal, each line after an indent.
func (g grid) text(w io.Writer, indent string) error {
	widths := g.widths()
	var b strings.Builder
	for _, row := range append([][]string{g.head}, g.rows...) {
		line := indent
		for i, cell := range row {
			if i > 0 {
				line += "  "
			}
			line += g.padded(i, cell, widths[i])
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (g grid) padded(column int, cell string, width int) string {
	space := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
	if column < g.names {
		return cell + space
	}
	return space + cell
}

// markdown gives the grid as a table of a page.
func (g grid) markdown() string {
	var b strings.Builder
	line := func(cells []string) {
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	line(g.head)
	b.WriteByte('|')
	for i := range g.head {
		if i < g.names {
			b.WriteString("---|")
		} else {
			b.WriteString("---:|")
		}
	}
	b.WriteByte('\n')
	for _, row := range g.rows {
		line(row)
	}
	return b.String()
}
