package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/retention"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// policySchema is that of retention policies, by which what is written in YAML
// is checked.
func policySchema(t *testing.T) func(content string) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(retention.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("policy.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("policy.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(content string) error {
		var value any
		if err := yaml.Unmarshal([]byte(content), &value); err != nil {
			t.Fatalf("%s\n%v", content, err)
		}
		inJSON, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(inJSON)))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(instance)
	}
}

// rule is a policy of one rule.
func rule(body string) string { return "rules:\n- name: one\n  repositories: [\"**\"]\n" + body + "\n" }

// TestPolicySchema: the schema and Parse take what is sound, and what the schema
// refuses Parse refuses.
func TestPolicySchema(t *testing.T) {
	validate := policySchema(t)
	sound := []string{
		rule(""),
		rule("  keep: [{newest: 1, of: ['v*', 'regexp:a b/!']}, {younger-than: 1d12h}, {younger-than: 1.5h}, {younger-than: '+1us'}, {tags: ['[!a]', '{a,b}', 'a\\*']}]"),
		rule("  keep: [{semver: {majors: 1, minors-of-each: 1000000, patches-of-each: 1, prereleases: none}, of: [a]}]\n  age: created\n  tags: [a]\n  protect: [b]"),
		rule("  untagged: {older-than: 0h}\n  dangling-referrers: true"),
		"protect: [a]\n" + rule("- {name: two, repositories: ['a/**', '*-[^a]', 'regexp:\\w+']}"),
	}
	names, err := filepath.Glob("../docs/policies/*.yaml")
	if err != nil || len(names) < 4 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sound = append(sound, string(content))
	}
	for _, content := range sound {
		if err := validate(content); err != nil {
			t.Errorf("the schema refuses\n%s\n%v", content, err)
		}
		if _, err := retention.Parse("policy.yaml", []byte(content)); err != nil {
			t.Errorf("Parse refuses\n%s\n%v", content, err)
		}
	}
	for _, content := range []string{
		"[]", "rules: []", "rules: {}", "protect: [a]", "rule: []", "rules: [a]",
		"rules: [{name: a}]", "rules: [{repositories: [a]}]", "rules: [{name: '', repositories: [a]}]",
		"rules: [{name: 1, repositories: [a]}]", "rules: [{name: a, repositories: a}]", "rules: [{name: a, repositories: []}]",
		"rules: [{name: a, repositories: ['a b']}]", "rules: [{name: a, repositories: ['']}]", "rules: [{name: a, repositories: ['regexp:']}]",
		"rules: [{name: " + strings.Repeat("a", 101) + ", repositories: [a]}]",
		"rule: 1\n" + rule(""), "protect: [a/b]\n" + rule(""), "protect: [1.10]\n" + rule(""),
		rule("  keeep: []"), rule("  tags: [a]"), rule("  keep: []"), rule("  keep: {newest: 1}"), rule("  keep: [{}]"),
		rule("  keep: [{newest: 0}]"), rule("  keep: [{newest: '1'}]"), rule("  keep: [{newest: 1.5}]"), rule("  keep: [{newest: 1000001}]"),
		rule("  keep: [{newest: 1, tags: [a]}]"), rule("  keep: [{of: [a]}]"), rule("  keep: [{tags: [a], of: [a]}]"), rule("  keep: [{newest: 1, off: [a]}]"),
		rule("  keep: [{younger-than: 30}]"), rule("  keep: [{younger-than: soon}]"), rule("  keep: [{younger-than: -1d}]"), rule("  keep: [{younger-than: '1 d'}]"),
		rule("  keep: [{semver: {}}]"), rule("  keep: [{semver: 3}]"), rule("  keep: [{semver: {major: 3}}]"), rule("  keep: [{semver: {prereleases: all}}]"),
		rule("  protect: a"), rule("  protect: ['a#']"), rule("  protect: [" + strings.Repeat("a, ", 1001) + "]"), rule("  age: modified"),
		rule("  untagged: 30d"), rule("  untagged: {}"), rule("  untagged: {older-than: 1}"), rule("  untagged: {older-than: 1d, than: 2}"),
		rule("  dangling-referrers: 'yes'"), rule("  dangling-referrers: yes"), rule("  dangling-referrers: 1"),
	} {
		if validate(content) == nil {
			t.Errorf("the schema takes\n%s", content)
		}
		if _, err := retention.Parse("policy.yaml", []byte(content)); err == nil {
			t.Errorf("Parse takes\n%s", content)
		}
	}
}
