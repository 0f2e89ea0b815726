package retention

import (
	"github.com/blobsweep/blobsweep/release"
)

// Targets are what goes by some decisions, for release.New: with it goes what only
// that led to. Decisions of a repository have to be next to each other, as
// [Policy.Decide] returns them.
func Targets(decisions []Decision) []release.Target {
	var targets []release.Target
	for _, d := range decisions {
		if d.Keep {
			continue
		}
		if len(targets) == 0 || targets[len(targets)-1].Repository != d.Repository {
			targets = append(targets, release.Target{Repository: d.Repository})
		}
		t := &targets[len(targets)-1]
		reason := d.Rule + ": " + d.Reason
		if d.Kind == Manifest {
			t.Revisions = append(t.Revisions, release.Choice{Name: string(d.Digest), Reason: reason})
		} else {
			t.Tags = append(t.Tags, release.Choice{Name: d.Tag, Reason: reason})
		}
	}
	return targets
}
