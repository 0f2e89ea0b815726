package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// isFault tells the kinds of finding that break something from those that a
// registry can have and be whole. A symbolic link is a fault when what lies behind
// it may tell what is needed.
func (c *Check) isFault(f mark.Finding) bool {
	switch f.Kind {
	case mark.Stranger, mark.UnknownManifest, mark.OddRepository, mark.VersionedBucket, mark.VersioningUnknown:
		return false
	case mark.Symlink:
		return slices.Contains(c.catalog.Findings, f) || slices.Contains(c.plan.BlockedBy(), sweep.BlockedSymlinkedReferences)
	}
	return true
}

// found takes a finding of a check. It is called under the lock.
func (c *Check) found(f Finding) { c.findings = append(c.findings, f) }

// foundElsewhere takes the findings of a catalog or a plan, those that are not
// known yet.
func (c *Check) foundElsewhere(all []mark.Finding) {
	type name struct {
		kind            mark.FindingKind
		repository, key string
	}
	known := map[name]bool{}
	for _, f := range c.findings {
		known[name{f.Kind, f.Repository, f.Key}] = true
	}
	for _, f := range all {
		n := name{f.Kind, f.Repository, f.Key}
		if known[n] {
			continue
		}
		known[n] = true
		own := Finding{Finding: f}
		if path, ok := layout.Parse(f.Key); ok {
			own.Digest = path.Digest
		}
		c.found(own)
	}
}

// judge says of every finding whether it is a fault and, of one that no step of a
// repair mends, why it is left.
func (c *Check) judge() {
	mends := map[string]bool{}
	for _, s := range c.report.Repairs {
		mends[s.Key] = true
	}
	for i := range c.findings {
		f := &c.findings[i]
		f.Fault = c.isFault(f.Finding)
		f.Breaks = []string{}
		switch {
		case !f.Fault:
		case f.Kind == mark.BrokenLink && mends[f.Key]:
			f.Repairable = true
		default:
			f.WhyNot = c.whyNot(f)
		}
	}
}

// whyNot says why nothing is done about a fault.
func (c *Check) whyNot(f *Finding) string {
	switch f.Kind {
	case mark.MissingBlob, mark.DanglingRevision:
		return "the bytes are gone, and nothing here can bring them back"
	case mark.CorruptBlob, mark.CorruptManifest, mark.SizeMismatch:
		return "the right bytes are not known, and the wrong ones may be all that is left"
	case mark.MissingLayerLink:
		return "a link gives access to a blob, and only a push shows that the repository may have it"
	case mark.DanglingTag:
		return "what the tag should name is not known, and a tag is never removed"
	case mark.BrokenLink:
		return c.whyNotLink(f)
	case mark.EmptyRegistry:
		return "there is nothing to mend"
	case mark.Symlink:
		return "a symbolic link is never followed and never touched"
	}
	return "what it references cannot be known"
}

// candidatesShown is how many digests of a history are named.
const candidatesShown = 3

func (c *Check) whyNotLink(f *Finding) string {
	path, ok := layout.Parse(f.Key)
	if !ok {
		return "its key is not one that a registry writes"
	}
	own := c.byName[path.Repository]
	switch {
	case path.Kind == layout.TagLink && own != nil:
		tag, err := own.Tag(path.Tag)
		if err != nil || len(tag.History) == 0 {
			return "what the tag named is not known: it has no history"
		}
		return "what the tag named is not known, and its history does not tell: it has " + some(tag.History)
	case path.Kind == layout.TagLink:
		return "what the tag named is not known"
	case !ofSHA256(path.Digest):
		return "under this algorithm the path does not tell what the link held"
	case slices.ContainsFunc(c.broken, func(b brokenLink) bool { return b.path == path && b.holds != "" }):
		return "it holds another digest than its name says, and which is right is not known"
	case path.Kind == layout.RevisionLink:
		return "the manifest's bytes are not there, or do not hash to the digest"
	case path.Kind == layout.TagIndexLink:
		return "its revision is not linked or not stored, and it is too young to go"
	}
	return "the blob is not stored"
}

func some(digests []digest.Digest) string {
	var names []string
	for _, d := range digests[:min(len(digests), candidatesShown)] {
		names = append(names, string(d))
	}
	if more := len(digests) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// verified reports whether the bytes of a manifest are those that its digest
// names.
func verified(m *catalog.Manifest) bool {
	return m != nil && (m.State == catalog.Understood || m.State == catalog.Unknown)
}
