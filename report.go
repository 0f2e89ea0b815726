package blobsweep

import (
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// Report is what a collection found and did. Its JSON form is stable: fields
// are added, never renamed or removed, and lists are never null.
type Report struct {
	Registry       string `json:"registry"`
	DryRun         bool   `json:"dryRun"`
	DeleteUntagged bool   `json:"deleteUntagged"`
	// Grace is the grace period in force, as time.Duration prints it.
	Grace string `json:"grace"`

	Counts

	// Requests is what was sent to the backend, where the driver counts it.
	Requests storage.Requests `json:"requests"`
	// Findings are the faults met on the way. None of them lost data.
	Findings []Finding `json:"findings"`
	// BlockedBy names what forbids to execute the plan (law 16).
	BlockedBy []Blocker `json:"blockedBy"`
	// Failed names every key that could not be deleted (law 10).
	Failed []Failure `json:"failed"`

	StartedAt time.Time `json:"startedAt"`
	// Seconds is how long planning and execution took together.
	Seconds float64 `json:"seconds"`
}
