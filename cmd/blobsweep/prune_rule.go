package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/retention"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ruleFlags are a policy of one rule.
type ruleFlags struct {
	repositories patterns
	tags         tagPatterns
	newest       int
	younger      age
	keepTags     tagPatterns
	semver       retention.Semver
	prereleases  string
	protect      tagPatterns
	age          string
	untagged     age
	dangling     bool
	names        []string // of the flags
}

// register declares the flags.
func (r *ruleFlags) register(set *pflag.FlagSet) {
	before := map[string]bool{}
	set.VisitAll(func(f *pflag.Flag) { before[f.Name] = true })
	set.Var(&r.repositories, "repositories", "instead of --policy: which repositories a rule is about, '**' for all; may be repeated")
	set.Var(&r.tags, "tags", "which tags --keep-... is about; others stay; may be repeated")
	set.IntVar(&r.newest, "keep-newest", 0, "keep so many of the newest tags")
	set.Var(&r.younger, "keep-younger", "keep tags that are younger")
	set.Var(&r.keepTags, "keep-tags", "keep tags that match; may be repeated")
	set.IntVar(&r.semver.Majors, "semver-majors", 0, "keep releases of so many majors")
	set.IntVar(&r.semver.Minors, "semver-minors", 0, "of so many minors of each of them")
	set.IntVar(&r.semver.Patches, "semver-patches", 0, "and so many patches of each of those")
	set.StringVar(&r.prereleases, "semver-prereleases", "with-release", "which prereleases stay: with-release, ahead, none")
	set.Var(&r.protect, "protect", "tags that stay in any case; may be repeated")
	set.StringVar(&r.age, "age", "pushed", "what the age of a tag goes by: pushed, created")
	set.Var(&r.untagged, "untagged-older-than", "remove untagged manifests that are older")
	set.BoolVar(&r.dangling, "dangling-referrers", false, "remove what belongs to a manifest that is gone")
	set.VisitAll(func(f *pflag.Flag) {
		if !before[f.Name] {
			r.names = append(r.names, f.Name)
		}
	})
	set.Lookup("keep-younger").DefValue = "0"
	set.Lookup("untagged-older-than").DefValue = "0"
}

// given returns those that are on the command line.
func (r *ruleFlags) given(cmd *cobra.Command) (given flagNames) {
	for _, name := range r.names {
		if cmd.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	return given
}

// flagNames are flags that were given.
type flagNames []string

// has reports whether one that begins so was given.
func (g flagNames) has(prefix string) bool {
	for _, name := range g {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// policy makes a policy of the flags that were given.
func (r *ruleFlags) policy(given flagNames) (*retention.Policy, error) {
	keeps := given.has("--keep-") || given.has("--semver-")
	removes := given.has("--untagged-older-than") || r.dangling
	switch {
	case !keeps && !removes:
		return nil, usagef("there is nothing to do by: say --policy FILE, or what a rule keeps or removes").
			hint("For instance: --repositories 'ci/**' --keep-newest 10. See blobsweep prune --help.")
	case len(r.repositories) == 0:
		return nil, usagef("no --repositories: which are the rule about?").hint("For all of them, say --repositories '**'.")
	case given.has("--tags") && !keeps:
		return nil, usagef("--tags says which tags --keep-... is about, and there is none")
	}
	rule := retention.Rule{
		Name: "flags", Repositories: r.repositories, Tags: r.tags, Protect: r.protect,
		Age: retention.Age(r.age), DanglingReferrers: r.dangling,
	}
	if given.has("--keep-newest") {
		if r.newest < 1 {
			return nil, usagef("--keep-newest %d: at least 1 is needed", r.newest)
		}
		rule.Keep = append(rule.Keep, retention.Clause{Newest: r.newest})
	}
	if given.has("--keep-younger") {
		if r.younger == 0 {
			return nil, usagef("--keep-younger 0 keeps nothing")
		}
		rule.Keep = append(rule.Keep, retention.Clause{YoungerThan: time.Duration(r.younger)})
	}
	if given.has("--keep-tags") {
		rule.Keep = append(rule.Keep, retention.Clause{Tags: r.keepTags})
	}
	if given.has("--semver-") {
		r.semver.Prereleases = retention.Prereleases(r.prereleases)
		rule.Keep = append(rule.Keep, retention.Clause{Semver: &r.semver})
	}
	if given.has("--untagged-older-than") {
		rule.Untagged = &retention.Untagged{OlderThan: time.Duration(r.untagged)}
	}
	p := &retention.Policy{Rules: []retention.Rule{rule}}
	if err := p.Check(); err != nil {
		return nil, &failure{status: statusUsage, err: err}
	}
	return p, nil
}

// readPolicy reads the policy of a file, or of standard input. Its mistakes have
// a line each.
func readPolicy(cmd *cobra.Command, name string) (*retention.Policy, error) {
	var content []byte
	var err error
	if name == "-" {
		content, err = io.ReadAll(io.LimitReader(cmd.InOrStdin(), retention.MaxPolicySize+1))
		name = "standard input"
	} else {
		content, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, &failure{status: statusUsage, err: fmt.Errorf("--policy: %w", err)}
	}
	policy, err := retention.Parse(name, content)
	if err != nil {
		first, rest, more := strings.Cut(err.Error(), "\n")
		f := usagef("%s", first)
		if more {
			return nil, f.hint(strings.Split(rest, "\n")...)
		}
		return nil, f
	}
	return policy, nil
}

// patterns is the value of a flag that takes patterns of repositories.
type patterns []retention.Pattern

// String implements pflag.Value.
func (p *patterns) String() string { return joinPatterns(*p) }

// Type implements pflag.Value.
func (p *patterns) Type() string { return "pattern" }

// Set implements pflag.Value.
func (p *patterns) Set(s string) error {
	parsed, err := retention.ParsePattern(s)
	if err == nil {
		*p = append(*p, parsed)
	}
	return err
}

// tagPatterns is the value of a flag that takes patterns of tags.
type tagPatterns []retention.Pattern

// String implements pflag.Value.
func (p *tagPatterns) String() string { return joinPatterns(*p) }

// Type implements pflag.Value.
func (p *tagPatterns) Type() string { return "pattern" }

// Set implements pflag.Value.
func (p *tagPatterns) Set(s string) error {
	parsed, err := retention.ParseTagPattern(s)
	if err == nil {
		*p = append(*p, parsed)
	}
	return err
}

func joinPatterns(patterns []retention.Pattern) string {
	texts := make([]string, len(patterns))
	for i, p := range patterns {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}
