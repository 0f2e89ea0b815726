package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/retention"
	"github.com/spf13/cobra"
)

const pruneLong = `prune removes tags and untagged manifests by a retention policy, and tells for each
why it goes or stays. Blobs stay until a collection: say --gc to collect at once, or
run blobsweep gc. Try a policy with -d first.

A policy is a list of rules in YAML. For each repository the first rule decides
whose repositories match:

  protect: [latest, stable]          # in all repositories, whatever a rule says
  rules:
    - name: services
      repositories: ["services/**"]  # globs, or regexp:EXPRESSION; for the whole name
      keep:                          # a tag stays if one of these keeps it
        - newest: 10
          of: ["v*"]                 # other tags are not counted
        - younger-than: 30d
        - tags: ["prod-*"]
        - semver: {majors: 3, minors-of-each: 2, patches-of-each: 1}
      untagged:
        older-than: 30d              # what no tag, index or referrer rule keeps
      dangling-referrers: true       # signatures and the like without their subject

What a rule does not speak of stays: without keep, all tags. With "tags", keep is
about those alone. protect in a rule wins over everything in it. A tag stays that is
younger than the grace period, was pushed nobody knows when, or whose link is broken.
With "age: created", newest and younger-than go by when the image was created.

Of versions, prereleases push out no release; 1 and 1.2 stay with their major and
minor. Tags of cosign (sha256-<hex>.sig, .att, .sbom) and of referrers (sha256-<hex>)
follow their subject: they are not counted, and go by dangling-referrers alone.

With a tag goes its manifest, if nothing else needs it, and what only that led to.
A policy that takes all tags of a repository needs --allow-empty. When prune is
interrupted, manifests whose tags are gone already are untagged, and go in another
run by "untagged".

--schema prints the JSON schema of policies, for editors.`

// prune is one run of prune.
type prune struct {
	*flags
	rule       ruleFlags
	policyFile string
	allowEmpty bool
	collects   bool // --gc
	schema     bool
	opts       blobsweep.Options
	policy     *retention.Policy
}

// newPrune makes the command prune.
func newPrune() *cobra.Command {
	p := &prune{flags: defaultFlags()}
	cmd := &cobra.Command{
		Use:   "prune [flags] REGISTRY",
		Short: "Remove tags and untagged manifests by a policy",
		Long:  pruneLong + "\n\n" + registryHelp + "\n\n" + pruneStatuses,
		Example: `  blobsweep prune -d --policy policy.yaml config.yml       explain every decision
  blobsweep prune --gc --policy policy.yaml config.yml     remove, and collect
  blobsweep prune --repositories 'ci/**' --keep-younger 14d config.yml
  blobsweep prune -d --repositories '**' --keep-newest 10 --protect latest config.yml
  blobsweep prune --repositories '**' --dangling-referrers --untagged-older-than 30d config.yml
  blobsweep prune -d -o json --policy policy.yaml config.yml | jq '.decisions[] | select(.keep | not)'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if p.schema && len(args) == 0 {
				return nil
			}
			return registryAnd(0, 0, "one REGISTRY")(cmd, args)
		},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if p.schema {
			if _, err := fmt.Fprint(cmd.OutOrStdout(), retention.Schema()); err != nil {
				return failed(err)
			}
			return nil
		}
		if err := p.check(cmd); err != nil {
			return err
		}
		return withRegistry(cmd, args[0], access{p.quiet, p.maxRequests}, func(ctx context.Context, s *session) error {
			l := &letting{flags: p.flags, opts: p.opts, collects: p.collects}
			return l.start(ctx, s, func(ctx context.Context) error { return p.run(ctx, l) })
		})
	}
	set := cmd.Flags()
	set.SortFlags = false
	set.StringVar(&p.policyFile, "policy", "", "file of the policy, in YAML; - for standard input")
	p.rule.register(set)
	set.BoolVarP(&p.dryRun, "dry-run", "d", false, "explain every decision; delete nothing")
	set.BoolVar(&p.allowEmpty, "allow-empty", false, "all tags of a repository may go")
	set.BoolVar(&p.collects, "gc", false, "collect afterwards, as blobsweep gc does")
	set.BoolVar(&p.schema, "schema", false, "print the JSON schema of policies, and do nothing else")
	p.registerOutput(set)
	p.registerSafety(set)
	p.registerEffort(set)
	p.cache.register(cmd)
	return cmd
}

const pruneStatuses = exitStatuses + `

Status 2 is also that of a policy with a mistake, and of one that matches no
repository; status 3 that of one that takes all tags of a repository, where
--allow-empty is missing.`

// check looks at the flags, and reads the policy.
func (p *prune) check(cmd *cobra.Command) (err error) {
	if p.opts, err = p.lettingOptions(cmd, p.collects); err != nil {
		return err
	}
	given := p.rule.given(cmd)
	switch {
	case p.policyFile != "" && len(given) > 0:
		return usagef("--policy and %s exclude each other", strings.Join(given, ", ")).
			hint("Put it into a rule of the policy, or leave out --policy.")
	case p.policyFile != "":
		p.policy, err = readPolicy(cmd, p.policyFile)
	default:
		p.policy, err = p.rule.policy(given)
	}
	return err
}

// run decides, and removes what goes.
func (p *prune) run(ctx context.Context, l *letting) error {
	c, err := p.read(ctx, l)
	if err != nil {
		return err
	}
	var decisions []retention.Decision
	for _, r := range c.Repositories {
		decisions = append(decisions, p.policy.Decide(r, retention.Options{
			Now: l.startedAt, Grace: p.opts.Grace, Offline: p.opts.Offline,
		})...)
	}
	opts := l.release()
	opts.Now = l.startedAt
	plan, err := release.New(c, retention.Targets(decisions), opts)
	if err != nil {
		return failed(fmt.Errorf("%w; nothing was deleted", err))
	}
	var emptied []string
	if !p.allowEmpty {
		emptied = retention.Emptied(decisions)
	}
	refusal := refuseEmpty(emptied)
	if refusal != nil && !p.dryRun {
		return refusal
	}
	p.print(l, c, plan, decisions, emptied)
	if err := l.run(ctx, c, plan); err != nil {
		return err
	}
	return refusal
}

// refuseEmpty is the error of a policy that takes all tags of repositories.
func refuseEmpty(names []string) error {
	if len(names) == 0 {
		return nil
	}
	return (&failure{status: statusBlocked, err: fmt.Errorf("every tag of %s would go; nothing was deleted", some(names))}).
		hint("If that is meant, say --allow-empty; -d explains it.")
}

// maxNames is how many names an error tells.
const maxNames = 10

// some joins names for a sentence, and counts those that are too many.
func some(names []string) string {
	quoted := make([]string, 0, maxNames+1)
	for i, name := range names {
		if i == maxNames {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-maxNames))
			break
		}
		quoted = append(quoted, text.Name(name))
	}
	return strings.Join(quoted, ", ")
}

// read reads the repositories that the policy decides for, and warns of rules
// that decide for none.
func (p *prune) read(ctx context.Context, l *letting) (*catalog.Catalog, error) {
	opts := l.catalog()
	names, err := catalog.Names(ctx, l.Driver, opts)
	if err != nil {
		return nil, p.unread(ctx, err)
	}
	decides := make([]bool, len(p.policy.Rules))
	opts.Repositories = []string{}
	for _, name := range names {
		if number := p.policy.For(name); number > 0 {
			decides[number-1] = true
			opts.Repositories = append(opts.Repositories, name)
		}
	}
	if len(opts.Repositories) == 0 {
		return nil, noneMatches(names)
	}
	if err := p.warn(l, decides); err != nil {
		return nil, err
	}
	opts.Images = p.policy.NeedsImages()
	c, err := catalog.Read(ctx, l.Driver, opts)
	if err != nil {
		return nil, p.unread(ctx, err)
	}
	return c, nil
}

func (p *prune) unread(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return failed(errInterrupted)
	}
	return failed(fmt.Errorf("%w; nothing was deleted", err))
}

func noneMatches(names []string) error {
	if len(names) == 0 {
		return usagef("the registry has no repositories").
			hint("Is this the whole storage of the registry, mounted where it should be?")
	}
	return usagef("no rule matches a repository; there are %s", some(names)).
		hint("Patterns are for the whole name: team/** are team and all below it, team/* only what is directly below.")
}

// warn tells of rules that decide for no repository.
func (p *prune) warn(l *letting, decides []bool) error {
	for i, used := range decides {
		if used {
			continue
		}
		if _, err := fmt.Fprintf(l.stderr, "blobsweep: rule %d %q decides for no repository: none matches, or earlier rules match them all\n",
			i+1, p.policy.Rules[i].Name); err != nil {
			return failed(fmt.Errorf("a warning could not be printed: %w", err))
		}
	}
	return nil
}

// print says how the plan is told.
func (p *prune) print(l *letting, c *catalog.Catalog, plan *release.Plan, decisions []retention.Decision, emptied []string) {
	details := func() text.PruneDetails {
		return text.PruneDetails{
			Registry: l.Name, Policy: p.policyFile, Grace: p.grace0(), Rules: p.summary(c, plan),
			Plan: plan, Findings: c.Findings, Emptied: emptied,
		}
	}
	l.text = func(d text.ReleaseDetails) error {
		if p.dryRun {
			return text.Decisions(l.stdout, decisions, details())
		}
		if len(plan.BlockedBy()) > 0 {
			return text.Pruned(l.stdout, details())
		}
		err := text.Release(l.stdout, plan, d)
		if err == nil {
			err = text.Pruned(l.stdout, details())
		}
		return err
	}
	l.document = func(r *lettingReport) any {
		return p.report(r, c, plan, decisions, emptied)
	}
}

// grace0 is the grace period in force: none when the registry is offline.
func (p *prune) grace0() time.Duration {
	if p.opts.Offline {
		return 0
	}
	return p.opts.Grace
}

// summary counts by rule what went, or would.
func (p *prune) summary(c *catalog.Catalog, plan *release.Plan) []text.PruneRule {
	rows := make([]text.PruneRule, len(p.policy.Rules))
	for i, r := range p.policy.Rules {
		rows[i].Label = fmt.Sprintf("rule %d %q", i+1, r.Name)
	}
	of := map[string]*text.PruneRule{}
	for _, r := range c.Repositories {
		row := &rows[p.policy.For(r.Name)-1]
		row.Repositories++
		row.TagsStay += len(r.Tags)
		of[r.Name] = row
	}
	steps := plan.Done()
	if p.dryRun {
		steps = plan.Steps()
	}
	for s := range steps {
		switch s.Kind {
		case release.Tag:
			of[s.Repository].TagsGo++
			of[s.Repository].TagsStay--
		case release.Manifest:
			of[s.Repository].Manifests++
		}
	}
	return slices.DeleteFunc(rows, func(r text.PruneRule) bool { return r.Repositories == 0 })
}
