package drivers

import (
	"errors"
	"fmt"
	"io/fs"
)

// ErrUsage says that a registry cannot be opened for a reason that whoever
// named it can mend. It is for errors.Is; the message of the error that wraps
// it tells the reason and the remedy.
var ErrUsage = errors.New("the registry cannot be opened as it is named")

// usageError is an ErrUsage with a message of its own.
type usageError struct {
	message string
	cause   error // may be nil
}

func usage(cause error, format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), cause}
}

func (e *usageError) Error() string { return e.message }

// Is makes every usageError an ErrUsage.
func (e *usageError) Is(target error) bool { return target == ErrUsage }

// Unwrap gives what the operating system or the parser said.
func (e *usageError) Unwrap() error { return e.cause }

// unreadable is the error for a path that is there and cannot be looked at.
func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return usage(err, "%s cannot be read: permission denied; run as the user that runs the registry", path)
	}
	return fmt.Errorf("open %s: %w", path, err)
}
