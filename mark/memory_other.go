//go:build !unix

package mark

import "errors"

// mapMemory has no memory outside of Go's heap to give on this platform.
func mapMemory(int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapMemory([]byte) error { return errors.ErrUnsupported }
