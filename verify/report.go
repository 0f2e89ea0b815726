package verify

import (
	"time"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// Report is what a check found and, once repaired, what was mended. Its JSON form
// is stable: fields are added, never renamed or removed, and lists are never null.
type Report struct {
	Registry string `json:"registry"`
	// Repair says that a repair was made.
	Repair bool `json:"repair"`

	Repositories int64      `json:"repositories"`
	Tags         int64      `json:"tags"`
	Manifests    int64      `json:"manifests"`
	LayerLinks   int64      `json:"layerLinks"`
	Blobs        BlobCounts `json:"blobs"`
	Bytes        ByteCounts `json:"bytes"`
	// AbsentChildren counts the manifests that indexes name and their repositories
	// do not have. That is legal.
	AbsentChildren int64 `json:"absentChildren"`

	// Faults and Notes count findings; those that were repaired are not among the
	// faults.
	Faults int64 `json:"faults"`
	Notes  int64 `json:"notes"`
	// BrokenTags counts the tags that a fault breaks.
	BrokenTags int64 `json:"brokenTags"`

	// Findings are sorted by kind and key.
	Findings []Finding `json:"findings"`
	// Repairs are what a repair does, or did, in its order.
	Repairs []Step `json:"repairs"`
	// BlockedBy names what forbids to remove anything (law 16), and is a fault by
	// itself.
	BlockedBy []sweep.Blocker `json:"blockedBy"`
	// Failed names every key that could not be written or removed.
	Failed []sweep.Failure `json:"failed"`

	Requests  storage.Requests `json:"requests"`
	StartedAt time.Time        `json:"startedAt"`
	Seconds   float64          `json:"seconds"`
}

// BlobCounts count blobs.
type BlobCounts struct {
	Total int64 `json:"total"`
	// Hashed are those that were read to their end, whatever came out.
	Hashed int64 `json:"hashed"`
}

// ByteCounts are bytes of blobs.
type ByteCounts struct {
	Total  int64 `json:"total"`
	Hashed int64 `json:"hashed"`
}

// Whole reports whether nothing is broken.
func (r *Report) Whole() bool { return r.Faults == 0 && len(r.BlockedBy) == 0 }

// Finding is something that a check found.
type Finding struct {
	mark.Finding
	// Digest is that of the blob or manifest that it is about.
	Digest digest.Digest `json:"digest,omitempty"`
	// Fault tells what breaks something from what is only worth knowing.
	Fault bool `json:"fault"`
	// Breaks are the tags that cannot be pulled whole for it, sorted, as
	// REPOSITORY:TAG.
	Breaks []string `json:"breaks"`
	// Repairable says that a repair mends it, and Repaired that one did.
	Repairable bool `json:"repairable"`
	Repaired   bool `json:"repaired"`
	// WhyNot says why a fault is left as it is.
	WhyNot string `json:"whyNot,omitempty"`
}

// StepKind is what a repair does to one key.
type StepKind string

// The kinds of step, in the order of a repair.
const (
	WriteLink       StepKind = "write-link"
	RemoveEntry     StepKind = "remove-tag-index-entry"
	RemoveDirectory StepKind = "remove-empty-directory"
)

// Step is one thing that a repair does.
type Step struct {
	Kind       StepKind      `json:"kind"`
	Repository string        `json:"repository,omitempty"`
	Tag        string        `json:"tag,omitempty"`
	Digest     digest.Digest `json:"digest,omitempty"`
	Key        string        `json:"key"`
	Reason     string        `json:"reason"`
	Done       bool          `json:"done"`
	// WhyNot says why a step was not taken after all.
	WhyNot string `json:"whyNot,omitempty"`
}
