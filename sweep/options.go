package sweep

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
)

// Defaults of [Options].
const (
	DefaultGrace            = time.Hour
	DefaultUploadsOlderThan = 7 * 24 * time.Hour
	// DefaultMaxManifestSize is the limit that registries put on the
	// manifests they accept.
	DefaultMaxManifestSize = mark.DefaultMaxManifestSize
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
	OnRemoved        func(Removal)

	// Now is the start of the run; zero means the time of the call. Nothing
	// modified at or after it is removed.
	Now time.Time
}

// resolve fills in the defaults, for a backend.
func (o Options) resolve(r storage.Reader) (Options, error) {
	switch {
	case o.Grace < 0:
		return o, fmt.Errorf("a negative grace period (%v)", o.Grace)
	case o.MaxManifestSize < 0:
		return o, fmt.Errorf("a negative manifest size (%d)", o.MaxManifestSize)
	}
	for _, risk := range o.AcceptRisk {
		if !slices.Contains(Blockers(), risk) {
			return o, fmt.Errorf("no blocker is named %q; there are %v", risk, Blockers())
		}
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	o.Grace = cmp.Or(o.Grace, DefaultGrace)
	if o.Offline {
		o.Grace = 0
	}
	o.UploadsOlderThan = max(cmp.Or(o.UploadsOlderThan, DefaultUploadsOlderThan), 0)
	o.MaxManifestSize = cmp.Or(o.MaxManifestSize, DefaultMaxManifestSize)
	o.Workers = parallel.Workers(o.Workers, r)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
