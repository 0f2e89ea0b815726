package retention

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// suffixes are what cosign adds to the tag of a subject. Without one it is the
// tag of referrers, of the distribution specification's fallback.
var suffixes = []string{"", "sig", "att", "sbom"}

// subjectOf tells tags that belong to another manifest from others, by their
// name: sha256-<hex>, with or without something after a dot. The subject is empty
// where it cannot be told: of digests under another algorithm the name holds but
// a part, and what other suffixes mean is not known.
func subjectOf(tag string) (subject digest.Digest, belongs bool) {
	algorithm, rest, ok := strings.Cut(tag, "-")
	if !ok || !layout.ValidAlgorithm(algorithm) {
		return "", false
	}
	hex, suffix, _ := strings.Cut(rest, ".")
	if len(hex) < 64 || !layout.IsHex(hex) {
		return "", false
	}
	if algorithm == "sha256" && len(hex) == 64 && slices.Contains(suffixes, suffix) && !strings.HasSuffix(rest, ".") {
		return digest.Digest(algorithm + ":" + hex), true
	}
	return "", true
}

// follower is a tag that stays if its subject does.
type follower struct {
	at      int // of the tag and its decision
	subject digest.Digest
}

// follow decides on a tag that belongs to a subject, or leaves that for when it
// is known whether the subject stays.
func (d *decider) follow(i int, subject digest.Digest) {
	to, pushed := &d.decisions[i], d.Tags[i].Pushed
	to.Keep = true
	switch {
	case !d.rule.DanglingReferrers:
		to.Reason = "it belongs to another manifest, and the rule says nothing of dangling referrers"
	case subject == "":
		to.Reason = "it belongs to another manifest, and to which cannot be told"
	case d.opts.recent(pushed):
		to.Reason = d.recently(pushed)
	case d.doubt != "":
		to.Reason = fmt.Sprintf("whether %s is gone cannot be told: %s", subject, d.doubt)
	default:
		to.Keep = false // until the subject is seen to stay
		d.following = append(d.following, follower{i, subject})
	}
}

// whyDoubt says why nothing can be said to be gone; empty when it can.
func (d *decider) whyDoubt() string {
	if d.Hides {
		return "a symbolic link hides tags or manifests"
	}
	if d.Unreadable {
		return "a manifest or link cannot be read"
	}
	for i := range d.Tags {
		if d.Tags[i].Broken {
			return fmt.Sprintf("the link of tag %s is broken", d.Tags[i].Name)
		}
	}
	for _, m := range d.Manifests {
		switch m.State {
		case catalog.Corrupt, catalog.Oversized, catalog.Irregular:
			return "a manifest cannot be read"
		}
	}
	for _, revision := range d.Revisions {
		if d.Manifests[revision.Digest] == nil {
			return "a manifest was not read"
		}
	}
	return ""
}
