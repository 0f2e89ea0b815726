package retention

import (
	"fmt"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/when"
	"github.com/opencontainers/go-digest"
)

// manifests decides on untagged manifests, and on the tags whose subject
// decides. It finds what stays for its own sake, and what that leads to; what is
// left of them goes.
func (d *decider) manifests() {
	e := newEdges(d.Repository)
	tagged, stays := reach{}, reach{}
	named := map[digest.Digest]bool{} // by tags, or it may be
	var starts []digest.Digest
	for i := range d.Tags {
		tag := &d.Tags[i]
		may := d.MayName(*tag)
		for _, digest := range may {
			named[digest] = true
		}
		e.follow(tagged, may, nil)
		if !d.decisions[i].Keep {
			continue
		}
		starts = append(starts, may...)
		if d.opts.recent(tag.Pushed) {
			starts = append(starts, tag.History...) // an entry may be as recent
		}
	}
	isTagged := func(r catalog.Revision) bool { return tagged.has(r.Digest) || tagged.has(r.Holds) }
	own := map[digest.Digest]string{}
	for _, revision := range d.Revisions {
		if why := d.ownReason(revision, isTagged(revision), e.subjects[revision.Digest]); why != "" {
			own[revision.Digest] = why
		}
	}
	d.keepLeaders(e, own, isTagged)
	for _, revision := range d.Revisions {
		if own[revision.Digest] != "" {
			starts = append(starts, revision.Digest)
		}
	}
	e.follow(stays, starts, d.followers())
	d.settleFollowers(stays)

	for _, revision := range d.Revisions {
		subject := e.subjects[revision.Digest]
		switch {
		case !isTagged(revision):
			d.settleManifest(revision, own[revision.Digest], stays, subject)
		case d.rule.DanglingReferrers && subject != "" && !named[revision.Digest] && !stays.has(revision.Digest):
			// Something tagged leads to it, and goes.
			d.settleManifest(revision, "", stays, subject)
		}
	}
}

// ownReason says why a revision stays whether or not something leads to it; empty
// when it need not.
func (d *decider) ownReason(r catalog.Revision, tagged bool, subject digest.Digest) string {
	dangles := d.rule.DanglingReferrers && subject != ""
	m := d.Manifests[r.Digest]
	switch {
	case d.number == 0:
		return "no rule is about this repository"
	case d.Odd:
		return "no registry gives such a name to a repository, so nothing in it is removed"
	case m == nil || m.State != catalog.Understood && m.State != catalog.Absent:
		return "what it needs is not known"
	case d.opts.recent(r.Pushed):
		return d.recently(r.Pushed)
	case dangles && d.doubt != "":
		return "whether its subject is gone cannot be told: " + d.doubt
	case dangles && !strings.HasPrefix(string(subject), "sha256:"):
		return "whether its subject is gone cannot be told: it is named by another algorithm than sha256"
	case dangles, tagged:
		return "" // its subject decides, or tags do
	case d.rule.Untagged == nil:
		return "the rule says nothing of untagged manifests"
	case d.opts.Now.Sub(r.Pushed) <= d.rule.Untagged.OlderThan:
		return fmt.Sprintf("untagged, but pushed %s, within %s", d.date(r.Pushed), when.Span(d.rule.Untagged.OlderThan))
	}
	return ""
}

// keepLeaders keeps the untagged manifests with which something would go that
// stays for its own sake: what a manifest needs and what refers to it goes with
// it, so it is as young as the youngest of them.
func (d *decider) keepLeaders(e edges, own map[digest.Digest]string, isTagged func(catalog.Revision) bool) {
	var queue []digest.Digest
	old := map[digest.Digest]bool{}
	for _, r := range d.Revisions {
		switch {
		case isTagged(r):
		case own[r.Digest] != "":
			queue = append(queue, r.Digest)
		default:
			old[r.Digest] = true
		}
	}
	if len(old) == 0 {
		return
	}
	leaders := e.leaders()
	seen := map[digest.Digest]bool{}
	for len(queue) > 0 {
		from := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, leader := range leaders(from) {
			if seen[leader] {
				continue
			}
			seen[leader] = true
			queue = append(queue, leader)
			if old[leader] && own[leader] == "" {
				own[leader] = fmt.Sprintf("%s would go with it, and stays", from)
			}
		}
	}
}

// settleManifest adds the decision on an untagged manifest.
func (d *decider) settleManifest(r catalog.Revision, own string, stays reach, subject digest.Digest) {
	to := d.decision(Manifest, "", r.Digest)
	by, keep := stays[r.Digest]
	to.Keep = keep
	switch {
	case own != "":
		to.Reason = own
	case keep && by.from == "":
		to.Reason = "a tag may have named it within the grace period"
	case keep && by.refers:
		to.Reason = fmt.Sprintf("it refers to %s, which stays", by.from)
	case keep:
		to.Reason = fmt.Sprintf("%s needs it", by.from)
	case subject != "" && d.rule.DanglingReferrers:
		to.Reason = d.gone(subject)
	default:
		to.Reason = fmt.Sprintf("untagged, pushed %s, not within %s", d.date(r.Pushed), when.Span(d.rule.Untagged.OlderThan))
	}
	d.decisions = append(d.decisions, to)
}

// followers are what tags that stay with their subject name, by the subject.
func (d *decider) followers() map[digest.Digest][]digest.Digest {
	followers := map[digest.Digest][]digest.Digest{}
	for _, f := range d.following {
		followers[f.subject] = append(followers[f.subject], d.Tags[f.at].Digest)
	}
	return followers
}

// settleFollowers decides on tags by their subjects.
func (d *decider) settleFollowers(stays reach) {
	for _, f := range d.following {
		to := &d.decisions[f.at]
		if to.Keep = stays.has(f.subject); to.Keep {
			to.Reason = fmt.Sprintf("it belongs to %s, which stays", f.subject)
		} else {
			to.Reason = d.gone(f.subject)
		}
	}
}

// gone says what became of a subject that does not stay.
func (d *decider) gone(subject digest.Digest) string {
	if _, linked := d.Revision(subject); linked {
		return fmt.Sprintf("its subject %s goes", subject)
	}
	return fmt.Sprintf("its subject %s is gone", subject)
}
