package release

import (
	"errors"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// Kind is what a step removes, or what stays.
type Kind string

// The kinds, in the order of removal.
const (
	// Tag is a tag with its history.
	Tag Kind = "tag"
	// TagIndexEntry is an entry in the history of a tag that stays, or an
	// earlier one of a tag that went.
	TagIndexEntry Kind = "tag-index-entry"
	// Manifest is the link of a revision.
	Manifest Kind = "manifest"
	// LayerLink and Upload go with [Target.All].
	LayerLink Kind = "layer-link"
	Upload    Kind = "upload"
)

// Step is one thing that goes.
type Step struct {
	Kind       Kind
	Repository string
	// Tag is set of a tag, and of an entry of its history.
	Tag string
	// Digest is what the tag names (empty when that is not known), or that of
	// the entry, manifest or layer link.
	Digest digest.Digest
	// Upload is its ID. A plan knows the number of uploads only: before the
	// execution there is one step for all of them, with Count.
	Upload string
	Count  int
	Reason string
}

// Cause is why something stays.
type Cause string

// The causes.
const (
	// ByTag: another tag names it.
	ByTag Cause = "tag"
	// ByBrokenTag: a tag that cannot be read may name it (law 15).
	ByBrokenTag Cause = "broken-tag"
	// ByManifest: a manifest that stays needs it, an index mostly.
	ByManifest Cause = "manifest"
	// BySubject: it refers to a manifest that stays (law 1).
	BySubject Cause = "subject"
	// ByAge: it is recent (law 6).
	ByAge Cause = "recent"
	// ByDoubt: what it needs is not known, or what might need it (laws 3, 4).
	ByDoubt Cause = "doubt"
	// ByChange: it changed since the catalog was read.
	ByChange Cause = "changed"
	// Sparse is no removal that was held back: an index that stays, and of which
	// a child goes by force.
	Sparse Cause = "sparse"
)

// Kept is something that was asked for, or would follow, and stays.
type Kept struct {
	Kind       Kind
	Repository string
	Tag        string
	Digest     digest.Digest
	Upload     string
	Cause      Cause
	// By is the tag or digest that keeps it, where there is one.
	By string
	// Reason says it in words.
	Reason string
}

// ErrNamed says that something was to go by digest that tags or indexes still
// name; the error is a [*RefusedError].
var ErrNamed = errors.New("still named")

// Plan is what goes, what stays, and why. Its methods other than Execute only
// read it, and must not be called while Execute runs.
type Plan struct {
	opts     Options
	works    []*work
	executed atomic.Bool
	steps    []Step
	kept     []Kept
	blocked  []sweep.Blocker
	done     []Step
	left     []Step
	failed   []sweep.Failure
}

// Steps yields what goes, in the order of removal.
func (p *Plan) Steps() iter.Seq[Step] { return slices.Values(p.steps) }

// Kept yields what was asked for, or would follow, and stays. After the
// execution it has what stayed for what was found then as well.
func (p *Plan) Kept() iter.Seq[Kept] { return slices.Values(p.kept) }

// BlockedBy names what forbids to execute the plan (law 16). Risks that were
// accepted are not among them.
func (p *Plan) BlockedBy() []sweep.Blocker { return slices.Clone(p.blocked) }

// Done yields what the backend confirmed to be gone, in the order of removal.
func (p *Plan) Done() iter.Seq[Step] { return slices.Values(p.done) }

// Left yields what was planned, is still there, and is neither kept nor failed:
// what an execution that was interrupted did not come to.
func (p *Plan) Left() iter.Seq[Step] { return slices.Values(p.left) }

// Failed names every key that could not be deleted (law 10), and those that were
// left in place because something that refers to them could not be.
func (p *Plan) Failed() []sweep.Failure { return slices.Clone(p.failed) }
