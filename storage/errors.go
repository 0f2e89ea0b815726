package storage

import (
	"errors"
	"fmt"
)

// Errors that drivers wrap, for errors.Is.
var (
	// ErrNotFound says that a named key does not exist. It is never returned
	// for any other reason.
	ErrNotFound = errors.New("not found")
	// ErrTooLarge says that an object is larger than the limit of a Get.
	ErrTooLarge = errors.New("larger than the limit")
	// ErrIrregular says that a key is, or leads through, something that is
	// neither an object nor a directory: a symbolic link, a socket, a device.
	ErrIrregular = errors.New("not a regular file or directory, or behind a symbolic link")
	// ErrNotEmpty says that a directory still holds something.
	ErrNotEmpty = errors.New("directory not empty")
)

// Error names the operation and the key that failed.
type Error struct {
	Op  string // "list", "get", "stat", "delete", "rmdir", "write"
	Key string
	Err error
}

// Error implements error. Keys that are no plain text are quoted; an empty one,
// of an operation on the whole backend, is left out.
func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s %s: %v", e.Op, DisplayKey(e.Key), e.Err)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// DeleteError names the keys that a Delete could not remove.
type DeleteError struct {
	Failed []*Error
}

// Error implements error.
func (e *DeleteError) Error() string {
	switch len(e.Failed) {
	case 0:
		return "keys could not be deleted, and it is not known which"
	case 1:
		return e.Failed[0].Error()
	}
	return fmt.Sprintf("%d keys could not be deleted, the first: %v", len(e.Failed), e.Failed[0])
}

// Unwrap gives the error of each key.
func (e *DeleteError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		errs[i] = f
	}
	return errs
}
