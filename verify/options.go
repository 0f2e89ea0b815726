package verify

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/sweep"
)

// Options of [New]. The zero value reads no blob that is no manifest.
type Options struct {
	// Blobs asks to read and hash every blob, and to read every link. The driver
	// must be a storage.Opener.
	Blobs bool
	// MaxBandwidth bounds what Blobs reads, in bytes per second; zero means no
	// limit.
	MaxBandwidth int64

	// Offline and Grace say what is too young for a repair to remove, as those of
	// a collection do; links are written whatever their age.
	Offline bool
	Grace   time.Duration

	// MaxManifestSize is the largest manifest that is read, in bytes; zero means
	// mark.DefaultMaxManifestSize.
	MaxManifestSize int64
	// Workers bounds the requests in flight; zero means what the driver suggests,
	// or else a number that suits the machine.
	Workers int
	// Registry is the name that reports show.
	Registry string
	// Logger receives what happens along the way; nil discards it.
	Logger *slog.Logger
	// Progress, when set, is told now and then how far the work is, never
	// concurrently. It must return quickly.
	Progress func(sweep.Progress)
	// Now is the start of the run; zero means the time of the call.
	Now time.Time
}

// The phases of a check that a collection does not have.
const (
	// PhaseManifests counts the manifests read.
	PhaseManifests sweep.Phase = "reading manifests"
	// PhaseHash counts bytes.
	PhaseHash sweep.Phase = "hashing blobs"
)

func (o Options) resolve(r storage.Reader) (Options, error) {
	switch {
	case o.MaxBandwidth < 0:
		return o, fmt.Errorf("a negative bandwidth (%d)", o.MaxBandwidth)
	case o.MaxManifestSize < 0:
		return o, fmt.Errorf("a negative manifest size (%d)", o.MaxManifestSize)
	}
	o.MaxManifestSize = cmp.Or(o.MaxManifestSize, mark.DefaultMaxManifestSize)
	o.Workers = parallel.Workers(o.Workers, r)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(sweep.Progress) {}
	}
	return o, nil
}

// sweep translates the options for a plan.
func (o Options) sweep(progress func(sweep.Progress)) sweep.Options {
	return sweep.Options{
		Offline: o.Offline, Grace: o.Grace, MaxManifestSize: o.MaxManifestSize,
		Workers: o.Workers, Logger: o.Logger, Progress: progress, Now: o.Now,
	}
}
