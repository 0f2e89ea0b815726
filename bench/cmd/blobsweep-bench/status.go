package main

import (
	"errors"
	"fmt"
	"io"
)

// Exit statuses. They are part of the command's contract.
const (
	statusDone   = 0
	statusFailed = 1
	statusUsage  = 2
)

// failure is an error with an exit status.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usagef is an error in the command line. It names the remedy.
func usagef(format string, args ...any) error {
	return &failure{statusUsage, fmt.Errorf(format, args...)}
}

// failed is what went wrong while working.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &failure{statusFailed, err}
}

// complain prints an error and returns the exit status. An error that has no
// status is the flag parser's own: the command line is wrong.
func complain(stderr io.Writer, err error) int {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{statusUsage, fmt.Errorf("%w; see blobsweep-bench --help", err)}
	}
	if _, err := fmt.Fprintf(stderr, "blobsweep-bench: %v\n", f.err); err != nil {
		return max(f.status, statusFailed) // nowhere left to say it
	}
	return f.status
}
