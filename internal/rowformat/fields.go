package rowformat

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"
)

// fields are those that a template uses of a row.
type fields struct {
	known []string
	used  map[string]bool
	all   bool // the row as a whole
}

// fieldsOf returns the names of a row's fields and methods.
func fieldsOf(row any) []string {
	var names []string
	t := reflect.TypeOf(row)
	for i := range t.NumField() {
		names = append(names, t.Field(i).Name)
	}
	for i := range t.NumMethod() {
		names = append(names, t.Method(i).Name)
	}
	return names
}

// walk collects the fields below a node. Dot tells whether dot is the row there:
// inside of a range or with it is something else.
func (f *fields) walk(node parse.Node, dot bool) error {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		return walkEach(f, n.Nodes, dot)
	case *parse.ActionNode:
		return f.walk(n.Pipe, dot)
	case *parse.TemplateNode:
		return f.walk(n.Pipe, dot)
	case *parse.PipeNode:
		if n == nil {
			return nil
		}
		return walkEach(f, n.Cmds, dot)
	case *parse.CommandNode:
		return walkEach(f, n.Args, dot)
	case *parse.IfNode:
		return f.branch(&n.BranchNode, dot, dot)
	case *parse.RangeNode:
		return f.branch(&n.BranchNode, dot, false)
	case *parse.WithNode:
		return f.branch(&n.BranchNode, dot, false)
	case *parse.ChainNode:
		return f.walk(n.Node, dot)
	case *parse.DotNode:
		f.all = f.all || dot
	case *parse.FieldNode:
		if dot {
			return f.use(n.Ident[0])
		}
	case *parse.VariableNode:
		switch {
		case n.Ident[0] != "$":
		case len(n.Ident) > 1:
			return f.use(n.Ident[1])
		default:
			f.all = true
		}
	}
	return nil
}

func walkEach[N parse.Node](f *fields, nodes []N, dot bool) error {
	for _, n := range nodes {
		if err := f.walk(n, dot); err != nil {
			return err
		}
	}
	return nil
}

// branch walks what is done to a pipe's value, and what is done without one.
func (f *fields) branch(n *parse.BranchNode, dot, inside bool) error {
	if err := f.walk(n.Pipe, dot); err != nil {
		return err
	}
	if err := f.walk(n.List, inside); err != nil {
		return err
	}
	return f.walk(n.ElseList, dot)
}

func (f *fields) use(name string) error {
	if !slices.Contains(f.known, name) {
		return fmt.Errorf("there is no field .%s; the fields are %s", name, list(f.known))
	}
	f.used[name] = true
	return nil
}

// list names fields as templates do.
func list(names []string) string { return "." + strings.Join(names, " .") }
