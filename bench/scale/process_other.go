//go:build !linux

package scale

import (
	"errors"
	"time"
)

// What follows is measured on Linux alone.

func processorTime() (time.Duration, error) { return 0, errors.ErrUnsupported }
func resetPeak() error                      { return errors.ErrUnsupported }
func peakMemory() (int64, error)            { return 0, errors.ErrUnsupported }
