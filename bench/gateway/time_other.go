//go:build !linux

package gateway

import (
	"errors"
	"time"
)

// ProcessorTime is not known on this platform.
func (g *Gateway) ProcessorTime() (time.Duration, error) { return 0, errors.ErrUnsupported }
