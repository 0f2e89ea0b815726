package sweep

import (
	"log/slog"
	"time"
)

// Defaults of [Options].
const (
	DefaultGrace            = time.Hour
	DefaultUploadsOlderThan = 7 * 24 * time.Hour
	// DefaultMaxManifestSize is the limit that registries put on the
	// manifests they accept.
	DefaultMaxManifestSize = 4 << 20
)

// Options of a plan. The zero value is the safe default; the fields are those
// of blobsweep.Options, where they are described.
type Options struct {
	DeleteUntagged   bool
	Offline          bool
	Grace            time.Duration
	UploadsOlderThan time.Duration
	AcceptRisk       []Blocker
	MaxManifestSize  int64
	Workers          int
	Logger           *slog.Logger
	Progress         func(Progress)

	// Now is the start of the run; zero means the time of the call. Nothing
	// modified at or after it is removed.
	Now time.Time
}

// Phase is a part of the work.
type Phase string

// The phases, in order. The last six are those of the execution, in the order
// of law 9.
const (
	PhaseMark        Phase = "marking manifests"
	PhaseBlobs       Phase = "listing blobs"
	PhaseTagIndexes  Phase = "removing tag index entries"
	PhaseRevisions   Phase = "removing revision links"
	PhaseLayerLinks  Phase = "removing layer links"
	PhaseSweepBlobs  Phase = "removing blobs"
	PhaseUploads     Phase = "removing uploads"
	PhaseDirectories Phase = "removing empty directories"
)

// Progress tells how far a plan or its execution is.
type Progress struct {
	Phase Phase
	// Done counts manifests read, blobs listed, or keys removed in this phase.
	Done int64
	// Total is what Done will come to, or zero where that is not known yet.
	Total int64
	// Bytes reclaimed so far.
	Bytes int64
}

// Blocker names a reason why a plan must not be executed (law 16). Its text is
// what --accept-risk takes.
type Blocker string

// The blockers.
const (
	// BlockedNoRepositories: there are blobs but no repositories/ at all, as
	// when a wrong or half-mounted directory is named.
	BlockedNoRepositories Blocker = "no-repositories"
	// BlockedUnreadableManifest: what a manifest references cannot be known.
	BlockedUnreadableManifest Blocker = "unreadable-manifest"
	// BlockedSymlinkedReferences: a symbolic link stands where manifests or
	// tags could lie; they may be live, and links are never followed.
	BlockedSymlinkedReferences Blocker = "symlinked-references"
)

// Blockers lists them all.
func Blockers() []Blocker {
	return []Blocker{BlockedNoRepositories, BlockedUnreadableManifest, BlockedSymlinkedReferences}
}
