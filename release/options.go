package release

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/blobsweep/blobsweep/sweep"
)

// Target is what shall go in one repository.
type Target struct {
	Repository string
	// All is everything: tags, revisions, layer links, uploads.
	All bool
	// Tags are named by tag, Revisions by digest.
	Tags, Revisions []Choice
}

// Choice is something that was chosen, and why: the reason is that of its
// [Step]. Empty, it is "named".
type Choice struct{ Name, Reason string }

// Options of a [Plan]. The zero value is the safest.
type Options struct {
	// UntagOnly removes tags alone, and leaves revisions.
	UntagOnly bool
	// Force lets revisions go that are named by digest and that tags or indexes
	// still name: those tags go first, those indexes stay and lack a child.
	Force bool
	// Offline says that no registry writes to this storage meanwhile: there is no
	// grace period, and nothing is looked at again.
	Offline bool
	// Grace is the age below which nothing goes that was not named but would
	// follow, the manifest of an older tag included that was pushed again; zero means sweep.DefaultGrace (law 6). It is not used when Offline
	// is set.
	Grace time.Duration
	// AcceptRisk names blockers that shall not stop the plan (law 16).
	AcceptRisk []sweep.Blocker
	// Workers bounds the requests in flight; zero means what the driver
	// suggests, or else a number that suits the machine.
	Workers int
	// Logger receives what happens along the way; nil discards it.
	Logger *slog.Logger
	// Progress, when set, is told how far the work is, never concurrently. It
	// must return quickly.
	Progress func(sweep.Progress)
	// OnRemoved, when set, is told of every revision link and layer link that is
	// gone, or may be; never concurrently. It must return quickly.
	OnRemoved func(sweep.Removal)
	// Now is what ages are told by; zero means the time of the call.
	Now time.Time
}

// resolve fills in the defaults.
func (o Options) resolve() (Options, error) {
	if o.Grace < 0 {
		return o, fmt.Errorf("a negative grace period (%v)", o.Grace)
	}
	for _, risk := range o.AcceptRisk {
		if !slices.Contains(sweep.Blockers(), risk) {
			return o, fmt.Errorf("no blocker is named %q; there are %v", risk, sweep.Blockers())
		}
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	o.Grace = cmp.Or(o.Grace, sweep.DefaultGrace)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// recent reports whether something that was last changed at a time stays for
// its age (law 6): also offline what is of no known time, or of after the start.
func (o Options) recent(changed time.Time) bool {
	since := o.Now
	if !o.Offline {
		since = since.Add(-o.Grace)
	}
	return changed.IsZero() || !changed.Before(since)
}
