package blobsweep

import (
	"log/slog"
	"time"

	"github.com/blobsweep/blobsweep/sweep"
)

// Defaults of [Options].
const (
	DefaultGrace            = sweep.DefaultGrace
	DefaultUploadsOlderThan = sweep.DefaultUploadsOlderThan
	DefaultMaxManifestSize  = sweep.DefaultMaxManifestSize
)

// Options say what to collect and how carefully. The zero value is the
// safest: every linked revision is kept, nothing younger than an hour goes.
type Options struct {
	// DeleteUntagged makes tags the roots instead of all linked revisions:
	// manifests that no tag names go, unless an index or a referrer rule keeps
	// them (law 1).
	DeleteUntagged bool

	// Offline says that no registry writes to this storage while the
	// collection runs: it is stopped or read-only. Only then is the grace
	// period zero.
	Offline bool

	// Grace is the age below which nothing is removed (law 6); zero means
	// [DefaultGrace]. It is not used when Offline is set.
	Grace time.Duration

	// UploadsOlderThan is the age at which an unfinished upload counts as
	// abandoned; zero means [DefaultUploadsOlderThan], negative any age past
	// the grace period.
	UploadsOlderThan time.Duration

	// AcceptRisk names blockers (law 16) that shall not stop the plan.
	AcceptRisk []Blocker

	// MaxManifestSize is the largest manifest that is read, in bytes; zero
	// means [DefaultMaxManifestSize]. A larger one blocks the plan, because
	// what it references cannot be known.
	MaxManifestSize int64

	// Workers bounds the requests in flight; zero means what the driver
	// suggests (storage.Concurrent), or else a number that suits the machine.
	Workers int

	// Registry is the name that reports show.
	Registry string

	// Logger receives what happens along the way; nil discards it.
	Logger *slog.Logger

	// Progress, when set, is told how far the work is: at each change of phase
	// and several times a second in between, never concurrently. It must
	// return quickly.
	Progress func(Progress)

	// OnRemoved, when set, is told of every revision link, layer link and blob
	// once it is gone, or may be; never concurrently. It must return quickly:
	// deletions wait for it.
	OnRemoved func(Removal)
}

// sweep translates the options for the planner.
func (o Options) sweep() sweep.Options {
	return sweep.Options{
		DeleteUntagged:   o.DeleteUntagged,
		Offline:          o.Offline,
		Grace:            o.Grace,
		UploadsOlderThan: o.UploadsOlderThan,
		AcceptRisk:       o.AcceptRisk,
		MaxManifestSize:  o.MaxManifestSize,
		Workers:          o.Workers,
		Logger:           o.Logger,
		Progress:         o.Progress,
		OnRemoved:        o.OnRemoved,
	}
}
