package blobsweep

import (
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/sweep"
)

// The types of a report and a plan, under this package's name. Their constants
// are in the packages that define them.
type (
	// Progress tells how far a collection is.
	Progress = sweep.Progress
	// Candidate is one thing that a plan removes.
	Candidate = sweep.Candidate
	// Counts are the figures of a plan and of its execution.
	Counts = sweep.Counts
	// Failure is a key that could not be removed.
	Failure = sweep.Failure
	// Removal is something that is gone.
	Removal = sweep.Removal
	// Blocker names a reason why a plan must not be executed.
	Blocker = sweep.Blocker
	// Finding is a fault in the tree that the run met and survived.
	Finding = mark.Finding
)
