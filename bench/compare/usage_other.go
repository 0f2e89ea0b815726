//go:build !unix

package compare

import "time"

// processorTime is not known here.
func processorTime() (time.Duration, error) { return 0, nil }
