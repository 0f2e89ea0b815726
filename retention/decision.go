package retention

import (
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// Kind is what a decision is about.
type Kind string

// The kinds.
const (
	// Tag is a tag of the usual kind.
	Tag Kind = "tag"
	// ReferrerTag is a tag that belongs to another manifest, its subject: those
	// of cosign, and the tags of referrers (sha256-<hex>).
	ReferrerTag Kind = "referrer-tag"
	// Manifest is an untagged manifest.
	Manifest Kind = "manifest"
)

// Decision says of one tag or untagged manifest whether it stays, and why.
type Decision struct {
	Kind       Kind
	Repository string
	// Tag is empty for a manifest.
	Tag string
	// Digest is what the tag names, empty when its link is broken; or the
	// manifest's own.
	Digest digest.Digest
	Keep   bool
	// Number is that of the rule that decided, from 1, and Rule names it. They are
	// zero and empty where no rule is about the repository.
	Number int
	Rule   string
	// Reason says why, in words that follow "stays: " or "goes: ".
	Reason string
}

// Options of a decision. The zero value is the safest.
type Options struct {
	// Now is what ages are told by; zero means the time of the call.
	Now time.Time
	// Grace is the age up to which nothing goes; zero means sweep.DefaultGrace.
	// It is not used when Offline is set.
	Grace time.Duration
	// Offline says that no registry writes to the storage, so that what is recent
	// may go as well.
	Offline bool
}

func (o Options) resolve() Options {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	switch {
	case o.Offline:
		o.Grace = 0
	case o.Grace <= 0:
		o.Grace = sweep.DefaultGrace
	}
	return o
}

// recent reports whether what was pushed at a time stays for that alone: it is
// young, or of the future, or nobody knows when it was (law 6).
func (o Options) recent(pushed time.Time) bool {
	return pushed.IsZero() || !pushed.Before(o.Now.Add(-o.Grace))
}

// Decide says of every tag and every untagged manifest of a repository whether
// it stays: tags first, then manifests, both sorted. The order of what is in the
// repository makes no difference.
//
// An untagged manifest is a revision that no tag leads to, and that refers to
// none of those that tags lead to. What only tags that go lead to is not among
// them: package release removes it with the tags.
func (p *Policy) Decide(r *catalog.Repository, opts Options) []Decision {
	d := &decider{Repository: r, opts: opts.resolve(), policy: p, rule: &Rule{}}
	if d.number = p.For(r.Name); d.number > 0 {
		d.rule = &p.Rules[d.number-1]
		d.label = p.label(d.number - 1)
	}
	d.sort()
	d.tags()
	d.manifests()
	return d.decisions
}

// Emptied returns the repositories that some decisions leave without any tag of
// the usual kind that can be pulled, sorted as they come.
func Emptied(decisions []Decision) []string {
	var names []string
	goes, stays := false, false
	for i, d := range decisions {
		if d.Kind != Manifest {
			goes = goes || !d.Keep && d.Digest != ""
			stays = stays || d.Keep && d.Kind == Tag && d.Digest != ""
		}
		if i == len(decisions)-1 || decisions[i+1].Repository != d.Repository {
			if goes && !stays {
				names = append(names, d.Repository)
			}
			goes, stays = false, false
		}
	}
	return names
}
