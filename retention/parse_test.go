package retention

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	p := parse(t, `
protect: [latest, "regexp:prod-.*"]
rules:
- name: everything
  repositories: ["team/**", other]
  tags: ["v*"]
  keep:
  - newest: 10
    of: ["v1*"]
  - younger-than: 1d12h
  - tags: [a, b]
  - semver: {majors: 3, minors-of-each: 2, patches-of-each: 1, prereleases: ahead}
  protect: [stable]
  age: created
  untagged:
    older-than: 0d
  dangling-referrers: true
- name: nothing
  repositories: ["**"]
`)
	if len(p.Protect) != 2 || len(p.Rules) != 2 || !p.NeedsImages() {
		t.Fatalf("%+v", p)
	}
	r := p.Rules[0]
	if len(r.Repositories) != 2 || len(r.Tags) != 1 || len(r.Protect) != 1 || r.Age != Created || r.Untagged == nil || !r.DanglingReferrers {
		t.Errorf("%+v", r)
	}
	want := Semver{3, 2, 1, PrereleasesAhead}
	if len(r.Keep) != 4 || r.Keep[0].Newest != 10 || len(r.Keep[0].Of) != 1 || r.Keep[1].YoungerThan != 36*time.Hour ||
		len(r.Keep[2].Tags) != 2 || *r.Keep[3].Semver != want {
		t.Errorf("%+v", r.Keep)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

// anchored is a policy with an anchor, which YAML allows.
const anchored = `
rules:
- name: one
  repositories: &all ["**"]
  keep: &keep [{newest: 1}]
- name: two
  repositories: *all
  keep: *keep
`

func TestParseAliases(t *testing.T) {
	if p := parse(t, anchored); len(p.Rules[1].Keep) != 1 || len(p.Rules[1].Repositories) != 1 {
		t.Errorf("%+v", p.Rules[1])
	}
}

// rule puts a mistake into the second rule, from line 5 on.
func rule(body string) string {
	return "rules:\n- name: first\n  repositories: [a]\n\n- name: second\n  repositories: [b]\n" + body + "\n"
}

func TestParseErrors(t *testing.T) {
	in := `p.yaml:7: rule 2 "second": `
	for content, want := range map[string]string{
		"":                                             "p.yaml: there is nothing in it; a policy has rules",
		"# rules:":                                     "p.yaml: there is nothing in it; a policy has rules",
		"---":                                          "p.yaml:2: a policy is needed, with protect, rules; this is empty",
		"[]":                                           "p.yaml:1: a policy is needed, with protect, rules; this is a list",
		"protect: [a]":                                 "p.yaml:1: it has no rules",
		"rules: []":                                    "p.yaml:1: the list of rules is empty",
		"rules: {}":                                    `p.yaml:1: a list of rules is needed, such as "- name: releases"; this is a mapping`,
		"rule: []":                                     `p.yaml:1: a policy has no field "rule"; it has protect, rules`,
		"rules:\n- a":                                  "p.yaml:2: rule 1: a rule is needed, with name, repositories, tags, keep, protect, age, untagged, dangling-referrers; this is text",
		"rules:\n- name: x":                            `p.yaml:2: rule 1 "x": it has no repositories; for all of them, write repositories: ["**"]`,
		"rules:\n- repositories: [a]":                  "p.yaml:2: rule 1: it has no name, by which decisions are explained",
		"a: b: c":                                      "p.yaml:1: mapping values are not allowed in this context",
		"rules:\n\ta":                                  "p.yaml:2: found character that cannot start any token",
		rule("") + "---\na: b":                         "p.yaml:8: a second document; a policy is one",
		rule("  keep: [{newest: 1}"):                   "p.yaml:7: did not find expected ',' or ']'",
		rule("  repositories: [b]"):                    in + "repositories is there twice",
		rule("  keeep: []"):                            in + `a rule has no field "keeep"; it has name, repositories, tags, keep, protect, age, untagged, dangling-referrers`,
		rule("  <<: {a: b}"):                           in + `a rule has no field "<<"; it has name, repositories, tags, keep, protect, age, untagged, dangling-referrers`,
		rule("  ? [a]\n  : b"):                         in + "a field of a rule is a word, one of name, repositories, tags, keep, protect, age, untagged, dangling-referrers; this is a list",
		rule("  protect: a"):                           in + `protect: a list of patterns is needed, such as "[\"v*\"]"; this is text`,
		rule("  protect: []"):                          in + "protect: the list of patterns is empty",
		rule("  protect: [1.10]"):                      in + `protect: a pattern is text, and YAML takes this for a number: put it in quotes, "1.10"`,
		rule("  protect: [[a]]"):                       in + "protect: a pattern is needed; this is a list",
		rule("  protect: [~]"):                         in + "protect: a pattern is needed; this is empty",
		rule("  protect: ['']"):                        in + "protect: an empty pattern matches nothing",
		rule("  protect: ['regexp:']"):                 in + "protect: an empty pattern matches nothing",
		rule("  protect: ['regexp:(']"):                in + "protect: error parsing regexp: missing closing ): `(`",
		rule("  protect: ['regexp:a)|(b']"):            in + "protect: error parsing regexp: unexpected ): `a)|(b`",
		rule("  protect: ['a[']"):                      in + `protect: "a[" is no pattern: a bracket or brace is not closed, or is empty`,
		rule("  protect: ['!pr-*']"):                   in + `protect: "!pr-*": no name holds a '!'; a regular expression begins with "regexp:"`,
		rule("  protect: ['^v.*$']"):                   in + `protect: "^v.*$": no name holds a '^'; a regular expression begins with "regexp:"`,
		rule("  protect: [a/b]"):                       in + `protect: "a/b": no tag holds a slash`,
		rule("  protect: [*]"):                         `p.yaml:7: did not find expected alphabetic or numeric character; a pattern that begins with * or & has to be quoted: "*"`,
		rule("  protect: [*all]"):                      `p.yaml:7: unknown anchor 'all' referenced; a pattern that begins with * or & has to be quoted: "*"`,
		rule("  age: modified"):                        in + `age: there is no "modified"; there are pushed, created`,
		rule("  tags: [a]"):                            `p.yaml:5: rule 2 "second": tags says which tags keep is about, and there is no keep: without it all tags stay`,
		rule("  keep: {newest: 1}"):                    in + `keep: a list of clauses is needed, such as "- newest: 10"; this is a mapping`,
		rule("  keep: []"):                             in + "keep: the list of clauses is empty",
		rule("  keep: [{newest: 1}, {newest: 0}]"):     in + `keep: clause 2: newest: a whole number from 1 to 1000000 is needed; this is "0"`,
		rule("  keep: [{newest: ten}]"):                in + `keep: clause 1: newest: a whole number from 1 to 1000000 is needed; this is "ten"`,
		rule("  keep: [{newest: '1'}]"):                in + `keep: clause 1: newest: a whole number from 1 to 1000000 is needed; this is "1"`,
		rule("  keep: [{newest: 1.5}]"):                in + `keep: clause 1: newest: a whole number from 1 to 1000000 is needed; this is "1.5"`,
		rule("  keep: [{newest: 99999999999}]"):        in + `keep: clause 1: newest: a whole number from 1 to 1000000 is needed; this is "99999999999"`,
		rule("  keep: [{newest: 1, tags: [a]}]"):       in + "keep: clause 1: exactly one of newest, younger-than, tags and semver is needed",
		rule("  keep: [{of: [a]}]"):                    in + "keep: clause 1: exactly one of newest, younger-than, tags and semver is needed",
		rule("  keep: [{}]"):                           in + "keep: clause 1: exactly one of newest, younger-than, tags and semver is needed",
		rule("  keep: [{tags: [a], of: [b]}]"):         in + "keep: clause 1: of says nothing beside tags: put all patterns into tags",
		rule("  keep: [{younger-than: 30}]"):           in + `keep: clause 1: younger-than: an age with its unit is needed, such as 12h or 30d; this is "30"`,
		rule("  keep: [{younger-than: soon}]"):         in + `keep: clause 1: younger-than: "soon": it is no duration; write 90m, 12h or 7d`,
		rule("  keep: [{younger-than: -1d}]"):          in + `keep: clause 1: younger-than: "-1d": it is negative; an age such as 90m, 12h or 7d is needed`,
		rule("  keep: [{younger-than: 0h}]"):           in + "keep: clause 1: younger-than: nothing is younger than 0h",
		rule("  keep: [{semver: {}}]"):                 in + "keep: clause 1: semver: semver says nothing; write majors: 3, for instance",
		rule("  keep: [{semver: 3}]"):                  in + "keep: clause 1: semver: semver is needed, with majors, minors-of-each, patches-of-each, prereleases; this is a number",
		rule("  keep: [{semver: {prereleases: all}}]"): in + `keep: clause 1: semver: prereleases: there is no "all"; there are with-release, ahead, none`,
		rule("  untagged: 30d"):                        in + "untagged: untagged is needed, with older-than; this is text",
		rule("  untagged: {}"):                         in + "untagged: untagged says nothing; write older-than: 30d, for instance",
		rule("  untagged: {older: 1d}"):                in + `untagged: untagged has no field "older"; it has older-than`,
		rule("  dangling-referrers: yes"):              in + `dangling-referrers: true or false is needed; this is "yes"`,
		rule("  dangling-referrers: TRUE"):             in + `dangling-referrers: true or false is needed; this is "TRUE"`,
		rule("- name: first\n  repositories: [a]"):     `p.yaml:7: rule 3 "first": there is a rule of this name already`,
		rule("- name: \"a\\e\"\n  repositories: [a]"):  "p.yaml:7: rule 3 \"a\\x1b\": name: the name \"a\\x1b\" holds what cannot be printed",
		rule("- name: ''\n  repositories: [a]"):        "p.yaml:7: rule 3: name: a name has 1 to 100 bytes",
	} {
		p, err := Parse("p.yaml", []byte(content))
		if err == nil {
			t.Errorf("no error of\n%s", content)
			continue
		}
		if first, _, _ := strings.Cut(err.Error(), "\n"); first != want || p != nil {
			t.Errorf("%s\n%s\nwant\n%s", content, first, want)
		}
	}
}

// Several mistakes are told at once, but not any number of them.
func TestParseTellsSeveral(t *testing.T) {
	_, err := Parse("p.yaml", []byte(rule("  keeep: 1\n  age: 3\n  untagged: {older-than: 1}")))
	if got := len(strings.Split(fmt.Sprint(err), "\n")); got != 3 {
		t.Errorf("%d errors, want 3:\n%v", got, err)
	}
	_, err = Parse("p.yaml", []byte(rule(strings.Repeat("  a: b\n", 50))))
	if got := len(strings.Split(fmt.Sprint(err), "\n")); got != maxErrors {
		t.Errorf("%d errors, want %d", got, maxErrors)
	}
}

func TestParseLimits(t *testing.T) {
	many := "rules:" + strings.Repeat("\n- {name: a, repositories: [a]}", maxRules+1)
	for _, content := range []string{strings.Repeat("#", MaxPolicySize+1), many, rule("  protect: ['" + strings.Repeat("a", maxPattern+1) + "']"),
		rule("  protect: [" + strings.Repeat("a,", maxPatterns+1) + "]"), strings.Repeat("[", 100000), strings.Repeat("{a: ", 100000)} {
		if _, err := Parse("p.yaml", []byte(content)); err == nil || len(err.Error()) > 400 {
			t.Errorf("%.60s: %v", content, err)
		}
	}
}

// examples are the policies of the documents.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../docs/policies/*.yaml")
	if err != nil || len(names) < 4 {
		t.Fatalf("%v, %v", names, err)
	}
	contents := map[string][]byte{}
	for _, name := range names {
		if contents[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return contents
}

func TestExamples(t *testing.T) {
	for name, content := range examples(t) {
		if _, err := Parse(name, content); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, content := range examples(f) {
		f.Add(content)
	}
	f.Add([]byte(anchored))
	f.Add([]byte(rule("  keep: [{semver: {majors: 1}}]\n  age: created\n  protect: ['regexp:a+', 'b{c,d}[e-f]*?']")))
	f.Add([]byte("rules: &a [*a]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := Parse("p.yaml", content)
		if (p == nil) != (err != nil) {
			t.Fatalf("%v and %v", p, err)
		}
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if len(line) > 2*maxPattern+1000 {
					t.Errorf("an error of %d bytes", len(line))
				}
			}
			return
		}
		if err := p.Check(); err != nil {
			t.Errorf("what was read is not sound: %v", err)
		}
		b := repository("team/app")
		b.tags(90*day, "v1.0.0", "v1.1.0", "latest", signed("v1.0.0", ".sig"))
		b.manifest("lone", 90*day)
		for _, d := range b.decide(p) {
			if d.Reason == "" || d.Number == 0 && !d.Keep {
				t.Errorf("%+v", d)
			}
		}
	})
}
