package rowformat

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"text/template"
)

// Template prints rows of one kind, which are structs of type Row.
type Template[Row any] struct {
	body   *template.Template
	fields fields
	header string // of a table; else empty
	table  bool
}

// parseTemplate reads a template for rows that are like the sample: one of Go,
// "table TEMPLATE" for one in columns with headers, or json. As in docker, \t
// and \n stand for a tab and a line feed.
func parseTemplate[Row any](format string, sample Row, headers func(names []string) any) (*Template[Row], error) {
	t := &Template[Row]{fields: fields{known: fieldsOf(sample), used: map[string]bool{}}}
	source := format
	if rest, ok := strings.CutPrefix(strings.TrimSpace(format), "table"); ok && (rest == "" || strings.ContainsAny(rest[:1], " \t{\\")) {
		t.table, source = true, strings.TrimSpace(rest)
	}
	switch strings.TrimSpace(source) {
	case "":
		return nil, fmt.Errorf("format %q has no template; write '{{.%s}}', with the fields %s",
			format, t.fields.known[0], list(t.fields.known))
	case "json":
		source = "{{json .}}"
	}
	source = strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(source)
	var err error
	if t.body, err = template.New("format").Funcs(functions).Option("missingkey=zero").Parse(source); err != nil {
		return nil, fmt.Errorf("format %q: %w", format, plain(err))
	}
	for _, defined := range t.body.Templates() {
		// What a template that is defined in this one is given is not known here.
		if err := t.fields.walk(defined.Root, defined == t.body); err != nil {
			return nil, fmt.Errorf("format %q: %w", format, err)
		}
	}
	if err := t.body.Execute(io.Discard, sample); err != nil && !strings.Contains(err.Error(), "out of range") {
		return nil, fmt.Errorf("format %q: %w", format, plain(err))
	}
	if t.table {
		err = t.makeHeader(source, headers(t.fields.known))
	}
	if err != nil {
		return nil, fmt.Errorf("format %q: no headers can be made for it, leave out table: %w", format, plain(err))
	}
	return t, nil
}

// makeHeader executes the template on the names of the fields.
func (t *Template[Row]) makeHeader(source string, row any) error {
	// Two sets of functions: those of a template cannot be changed once it ran.
	head, err := template.New("format").Funcs(headerFunctions).Option("missingkey=zero").Parse(source)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := head.Execute(&b, row); err != nil {
		return err
	}
	t.header = b.String()
	return nil
}

// plain is an error of the template package without the name of the template,
// which nobody has given.
func plain(err error) error {
	s := strings.TrimPrefix(err.Error(), "template: format:")
	if place, what, ok := strings.Cut(s, ": executing \"format\" "); ok {
		s = place + ": " + what
	}
	return errors.New(s)
}

// Uses reports whether the template uses one of these fields.
func (t *Template[Row]) Uses(names ...string) bool {
	for _, name := range names {
		if t.fields.all || t.fields.used[name] {
			return true
		}
	}
	return false
}

// Only reports whether it uses none but these.
func (t *Template[Row]) Only(names ...string) bool {
	if t.fields.all {
		return false
	}
	used := len(t.fields.used)
	for _, name := range names {
		if t.fields.used[name] {
			used--
		}
	}
	return used == 0
}

// execute prints the rows, one line each.
func (t *Template[Row]) execute(w io.Writer, rows func(yield func(Row) bool)) (err error) {
	if t.table {
		columns := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		defer func() { err = errors.Join(err, columns.Flush()) }()
		if _, err := fmt.Fprintln(columns, t.header); err != nil {
			return err
		}
		w = columns
	}
	for row := range rows {
		var b strings.Builder
		if err := t.body.Execute(&b, row); err != nil {
			return fmt.Errorf("format: %w", plain(err))
		}
		if _, err := fmt.Fprintln(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}
