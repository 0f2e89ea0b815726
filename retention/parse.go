package retention

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/blobsweep/blobsweep/internal/when"
	"go.yaml.in/yaml/v4"
)

// MaxPolicySize is the largest policy that is read, in bytes.
const MaxPolicySize = 1 << 20

// maxErrors is how many mistakes are told at once.
const maxErrors = 10

// Parse reads a policy in YAML; name is what errors call it. It is strict: what
// is not known, given twice or of the wrong kind is an error. The error tells
// up to ten mistakes, each on a line of its own with the number of its line and
// the rule.
func Parse(name string, content []byte) (*Policy, error) {
	p := &parser{file: name}
	policy := p.policy(content)
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return policy, nil
}

type parser struct {
	file string
	rule string // what errors begin with
	errs []error
}

// fail notes a mistake. What is noted after the first ten is left out.
func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	if len(p.errs) < maxErrors {
		p.errs = append(p.errs, fmt.Errorf("%s:%d: %s%w", p.file, n.Line, p.rule, fmt.Errorf(format, args...)))
	}
}

func (p *parser) policy(content []byte) *Policy {
	if len(content) > MaxPolicySize {
		p.errs = append(p.errs, fmt.Errorf("%s: more than %d bytes", p.file, MaxPolicySize))
		return nil
	}
	documents, err := load(content)
	switch {
	case err != nil:
		p.errs = append(p.errs, p.syntax(err))
		return nil
	case len(documents) == 0 || len(documents[0].Content) != 1:
		p.errs = append(p.errs, fmt.Errorf("%s: there is nothing in it; a policy has rules", p.file))
		return nil
	case len(documents) > 1:
		p.fail(documents[1], "a second document; a policy is one")
	}
	root := documents[0].Content[0]
	policy := &Policy{}
	var rules *yaml.Node
	p.mapping(root, "a policy", fields{
		{"protect", func(n *yaml.Node) { policy.Protect = p.patterns(n, ParseTagPattern) }},
		{"rules", func(n *yaml.Node) { rules = n }},
	})
	if rules == nil {
		if len(p.errs) == 0 {
			p.fail(root, "it has no rules")
		}
		return nil
	}
	p.rules(rules, policy)
	return policy
}

// load reads documents, one more than there should be at most.
func load(content []byte) (documents []*yaml.Node, err error) {
	loader, err := yaml.NewLoader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	for range 2 {
		var n yaml.Node
		switch err := loader.Load(&n); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, err
		}
		documents = append(documents, &n)
	}
	return documents, nil
}

// syntax says where something is no YAML.
func (p *parser) syntax(err error) error {
	var at *yaml.LoadError
	if !errors.As(err, &at) {
		return fmt.Errorf("%s: %w", p.file, err)
	}
	text, line := at.Message, at.Mark.Line
	if at.ContextMark.Line > 0 {
		line = at.ContextMark.Line // where it begins
	}
	if strings.Contains(text, "alphabetic or numeric character") || strings.Contains(text, "unknown anchor") {
		text += `; a pattern that begins with * or & has to be quoted: "*"`
	}
	if line == 0 {
		return fmt.Errorf("%s: %s", p.file, short(text))
	}
	return fmt.Errorf("%s:%d: %s", p.file, line, short(text))
}

func (p *parser) rules(n *yaml.Node, policy *Policy) {
	nodes, ok := p.list(n, maxRules, "rules", "  - name: releases")
	if !ok {
		return
	}
	policy.Rules = make([]Rule, len(nodes))
	for i, node := range nodes {
		r := &policy.Rules[i]
		r.Name = nameIn(node)
		p.rule = label(i+1, r.Name) + ": "
		p.oneRule(node, r)
		if slices.ContainsFunc(policy.Rules[:i], func(other Rule) bool { return r.Name != "" && other.Name == r.Name }) {
			p.fail(node, "there is a rule of this name already")
		}
	}
	p.rule = ""
}

// nameIn looks for the name of a rule, which all errors in it tell.
func nameIn(n *yaml.Node) string {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if value := n.Content[i+1]; n.Content[i].Value == "name" && value.Kind == yaml.ScalarNode && len(value.Value) <= maxName {
			return value.Value
		}
	}
	return ""
}

func (p *parser) oneRule(n *yaml.Node, r *Rule) {
	given := p.mapping(n, "a rule", fields{
		{"name", func(n *yaml.Node) { p.name(n) }},
		{"repositories", func(n *yaml.Node) { r.Repositories = p.patterns(n, ParsePattern) }},
		{"tags", func(n *yaml.Node) { r.Tags = p.patterns(n, ParseTagPattern) }},
		{"keep", func(n *yaml.Node) { r.Keep = p.keep(n) }},
		{"protect", func(n *yaml.Node) { r.Protect = p.patterns(n, ParseTagPattern) }},
		{"age", func(n *yaml.Node) { r.Age = Age(p.word(n, string(Pushed), string(Created))) }},
		{"untagged", func(n *yaml.Node) { r.Untagged = p.untagged(n) }},
		{"dangling-referrers", func(n *yaml.Node) { r.DanglingReferrers = p.truth(n) }},
	})
	if given == nil {
		return
	}
	if !given["name"] {
		p.fail(n, "it has no name, by which decisions are explained")
	}
	if !given["repositories"] {
		p.fail(n, `it has no repositories; for all of them, write repositories: ["**"]`)
	}
	if given["tags"] && !given["keep"] {
		p.fail(n, "tags says which tags keep is about, and there is no keep: without it all tags stay")
	}
}

func (p *parser) name(n *yaml.Node) {
	name, ok := p.text(n, "a name")
	switch {
	case !ok:
	case name == "" || len(name) > maxName:
		p.fail(n, "a name has 1 to %d bytes", maxName)
	case strings.ContainsFunc(name, func(c rune) bool { return c == unicode.ReplacementChar || !unicode.IsPrint(c) }):
		p.fail(n, "the name %q holds what cannot be printed", name)
	}
}

func (p *parser) keep(n *yaml.Node) []Clause {
	nodes, ok := p.list(n, maxPatterns, "clauses", "  - newest: 10")
	if !ok {
		return nil
	}
	clauses := make([]Clause, len(nodes))
	before := p.rule
	for i, node := range nodes {
		p.rule = fmt.Sprintf("%sclause %d: ", before, i+1)
		clauses[i] = p.clause(node)
	}
	p.rule = before
	return clauses
}

func (p *parser) clause(n *yaml.Node) (c Clause) {
	mistakes := len(p.errs)
	p.mapping(n, "a clause", fields{
		{"newest", func(n *yaml.Node) { c.Newest = p.count(n) }},
		{"younger-than", func(n *yaml.Node) {
			if c.YoungerThan = p.age(n); c.YoungerThan == 0 && len(p.errs) == mistakes {
				p.fail(n, "nothing is younger than %s", resolved(n).Value)
			}
		}},
		{"tags", func(n *yaml.Node) { c.Tags = p.patterns(n, ParseTagPattern) }},
		{"semver", func(n *yaml.Node) { c.Semver = p.semver(n) }},
		{"of", func(n *yaml.Node) { c.Of = p.patterns(n, ParseTagPattern) }},
	})
	if len(p.errs) == mistakes {
		if err := c.check(); err != nil {
			p.fail(n, "%w", err)
		}
	}
	return c
}

func (p *parser) semver(n *yaml.Node) *Semver {
	s := &Semver{}
	given := p.mapping(n, "semver", fields{
		{"majors", func(n *yaml.Node) { s.Majors = p.count(n) }},
		{"minors-of-each", func(n *yaml.Node) { s.Minors = p.count(n) }},
		{"patches-of-each", func(n *yaml.Node) { s.Patches = p.count(n) }},
		{"prereleases", func(n *yaml.Node) {
			s.Prereleases = Prereleases(p.word(n, string(PrereleasesWithRelease), string(PrereleasesAhead), string(PrereleasesNone)))
		}},
	})
	if given != nil && len(given) == 0 {
		p.fail(n, "semver says nothing; write majors: 3, for instance")
	}
	return s
}

func (p *parser) untagged(n *yaml.Node) *Untagged {
	u := &Untagged{}
	given := p.mapping(n, "untagged", fields{
		{"older-than", func(n *yaml.Node) { u.OlderThan = p.age(n) }},
	})
	if given != nil && !given["older-than"] {
		p.fail(n, "untagged says nothing; write older-than: 30d, for instance")
	}
	return u
}

// field is what a mapping may hold.
type field struct {
	name string
	read func(*yaml.Node)
}

type fields []field

func (f fields) String() string {
	names := make([]string, len(f))
	for i := range f {
		names[i] = f[i].name
	}
	return strings.Join(names, ", ")
}

// mapping reads the fields of a mapping and returns which there are; nil when it
// is none.
func (p *parser) mapping(n *yaml.Node, what string, known fields) map[string]bool {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s is needed, with %v; this is %s", what, known, kind(n))
		return nil
	}
	given := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := slices.IndexFunc(known, func(f field) bool { return key.Kind == yaml.ScalarNode && f.name == key.Value })
		switch {
		case at < 0 && key.Kind != yaml.ScalarNode:
			p.fail(key, "a field of %s is a word, one of %v; this is %s", what, known, kind(key))
		case at < 0:
			p.fail(key, "%s has no field %q; it has %v", what, short(key.Value), known)
		case given[key.Value]:
			p.fail(key, "%s is there twice", key.Value)
		default:
			given[key.Value] = true
			p.within(key.Value, func() { known[at].read(value) })
		}
	}
	return given
}

// within reads a field whose name errors tell.
func (p *parser) within(name string, read func()) {
	before := p.rule
	p.rule += name + ": "
	read()
	p.rule = before
}

// list returns the elements of a list that must not be empty.
func (p *parser) list(n *yaml.Node, most int, of, example string) ([]*yaml.Node, bool) {
	n = resolved(n)
	switch {
	case n.Kind != yaml.SequenceNode:
		p.fail(n, "a list of %s is needed, such as %q; this is %s", of, strings.TrimSpace(example), kind(n))
	case len(n.Content) == 0:
		p.fail(n, "the list of %s is empty", of)
	case len(n.Content) > most:
		p.fail(n, "more than %d %s", most, of)
	default:
		return n.Content, true
	}
	return nil, false
}

func (p *parser) patterns(n *yaml.Node, parse func(string) (Pattern, error)) []Pattern {
	nodes, ok := p.list(n, maxPatterns, "patterns", `["v*"]`)
	if !ok {
		return nil
	}
	patterns := make([]Pattern, len(nodes))
	for i, node := range nodes {
		text, ok := p.text(node, "a pattern")
		if !ok {
			continue
		}
		var err error
		if patterns[i], err = parse(text); err != nil {
			p.fail(node, "%w", err)
		}
	}
	return patterns
}

// text reads a string. What YAML takes for something else is refused: 1.10 is
// the number 1.1.
func (p *parser) text(n *yaml.Node, what string) (string, bool) {
	n = resolved(n)
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!str":
		return n.Value, true
	case n.Kind == yaml.ScalarNode && n.Tag != "!!null":
		p.fail(n, "%s is text, and YAML takes this for %s: put it in quotes, %q", what, kind(n), short(n.Value))
	default:
		p.fail(n, "%s is needed; this is %s", what, kind(n))
	}
	return "", false
}

func (p *parser) word(n *yaml.Node, words ...string) string {
	text, ok := p.text(n, "one of "+strings.Join(words, ", "))
	if ok && !slices.Contains(words, text) {
		p.fail(n, "there is no %q; there are %s", short(text), strings.Join(words, ", "))
	}
	return text
}

func (p *parser) count(n *yaml.Node) int {
	n = resolved(n)
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || i < 1 || i > maxCount {
		p.fail(n, "a whole number from 1 to %d is needed; this is %s", maxCount, told(n))
		return 1
	}
	return i
}

func (p *parser) truth(n *yaml.Node) bool {
	n = resolved(n)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
		p.fail(n, "true or false is needed; this is %s", told(n))
	}
	return n.Value == "true"
}

func (p *parser) age(n *yaml.Node) time.Duration {
	n = resolved(n)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		p.fail(n, "an age with its unit is needed, such as 12h or 30d; this is %s", told(n))
		return 0
	}
	d, err := when.Age(n.Value)
	if err != nil {
		p.fail(n, "%q: %w", short(n.Value), err)
	}
	return d
}

// resolved follows an alias to what it stands for, which is never one itself.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// kind says in words what a node is.
func kind(n *yaml.Node) string {
	switch resolved(n).Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch resolved(n).Tag {
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a time"
	}
	return "text"
}

// told is a scalar's text, or what else a node is.
func told(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return strconv.Quote(short(n.Value))
	}
	return kind(n)
}

// short cuts what is too long for a message.
func short(s string) string {
	const most = 200
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
