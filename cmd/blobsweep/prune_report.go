package main

import (
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/retention"
	"github.com/opencontainers/go-digest"
)

// pruneReport is what prune prints as JSON: every decision, and what was done.
type pruneReport struct {
	*lettingReport
	// Policy is the name of its file; empty when it was made of flags.
	Policy string `json:"policy"`
	Grace  string `json:"grace"`
	// Rules are those that decide for a repository.
	Rules []pruneRule `json:"rules"`
	// Emptied are the repositories that the policy would leave without a tag, where
	// --allow-empty is missing.
	Emptied   []string        `json:"emptied"`
	Decisions []pruneDecision `json:"decisions"`
}

// pruneRule counts what a rule decides, and what went by it, or would.
type pruneRule struct {
	Rule         string `json:"rule"`
	Repositories int    `json:"repositories"`
	TagsGo       int    `json:"tagsGo"`
	TagsStay     int    `json:"tagsStay"`
	ManifestsGo  int    `json:"manifestsGo"`
}

type pruneDecision struct {
	Kind       retention.Kind `json:"kind"`
	Repository string         `json:"repository"`
	Tag        string         `json:"tag"`
	Digest     digest.Digest  `json:"digest"`
	Keep       bool           `json:"keep"`
	Rule       string         `json:"rule"`
	Reason     string         `json:"reason"`
}

func (p *prune) report(r *lettingReport, c *catalog.Catalog, plan *release.Plan, decisions []retention.Decision, emptied []string) pruneReport {
	report := pruneReport{
		lettingReport: r, Policy: p.policyFile, Grace: p.grace0().String(),
		Rules: []pruneRule{}, Emptied: append([]string{}, emptied...), Decisions: []pruneDecision{},
	}
	for _, row := range p.summary(c, plan) {
		report.Rules = append(report.Rules, pruneRule{row.Label, row.Repositories, row.TagsGo, row.TagsStay, row.Manifests})
	}
	for _, d := range decisions {
		report.Decisions = append(report.Decisions, pruneDecision{d.Kind, d.Repository, d.Tag, d.Digest, d.Keep, d.Rule, d.Reason})
	}
	return report
}
