package text

import (
	"strings"
	"unicode/utf8"
)

// table holds rows of a name, a number and a remark, which may be missing.
type table [][]string

func (t *table) row(cells ...string) { *t = append(*t, cells) }

// write prints the rows: names to the left, numbers to the right, remarks
// wrapped under themselves.
func (t table) write(b *strings.Builder) {
	var name, number int
	for _, row := range t {
		name = max(name, utf8.RuneCountInString(row[0]))
		number = max(number, utf8.RuneCountInString(row[1]))
	}
	for _, row := range t {
		line := row[0] + strings.Repeat(" ", name-utf8.RuneCountInString(row[0])+
			2+number-utf8.RuneCountInString(row[1])) + row[1]
		if len(row) < 3 || row[2] == "" {
			b.WriteString("  " + line + "\n")
			continue
		}
		column := 2 + utf8.RuneCountInString(line) + 2
		wrapAfter(b, "  "+line+"  ", column, row[2])
	}
}

// wrap prints text between column first, on its first line, and [Width], with
// rest columns of indent on the lines that follow.
func wrap(b *strings.Builder, first, rest int, text string) {
	wrapAfter(b, strings.Repeat(" ", first), rest, text)
}

func wrapAfter(b *strings.Builder, head string, indent int, text string) {
	b.WriteString(head)
	at, begun := utf8.RuneCountInString(head), false
	for word := range strings.FieldsSeq(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case begun && at+1+length > Width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		case begun:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at, begun = at+length, true
	}
	b.WriteByte('\n')
}
