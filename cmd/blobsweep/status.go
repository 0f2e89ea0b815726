package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Exit statuses. They are part of the command's contract.
const (
	statusDone    = 0
	statusFailed  = 1
	statusUsage   = 2
	statusBlocked = 3
	statusPartial = 4
)

// failure is an error with an exit status, and with hints where there is
// something to do about it. Without an error it is a status alone: the report
// has said everything.
type failure struct {
	status int
	err    error
	hints  []string
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit status %d", f.status)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// usagef is an error in the command line.
func usagef(format string, args ...any) *failure {
	return &failure{status: statusUsage, err: fmt.Errorf(format, args...)}
}

// failed is what went wrong while working.
func failed(err error, hints ...string) *failure {
	return &failure{status: statusFailed, err: err, hints: hints}
}

func (f *failure) hint(hints ...string) *failure {
	f.hints = append(f.hints, hints...)
	return f
}

// complain prints an error and returns the exit status. An error that has no
// status is the flag parser's own: the command line is wrong.
func complain(stderr io.Writer, err error) int {
	var f *failure
	if !errors.As(err, &f) {
		f = usagef("%w", err).hint("See blobsweep --help.")
	}
	if f.err == nil {
		return f.status
	}
	lines := []string{"blobsweep: " + printable(oneLine(f.err.Error()))}
	for _, hint := range f.hints {
		lines = append(lines, printable(hint))
	}
	if _, err := fmt.Fprintln(stderr, strings.Join(lines, "\n")); err != nil {
		return max(f.status, statusFailed) // nowhere left to say it
	}
	return f.status
}

// printable escapes what a terminal would obey: messages tell names from storage,
// and there can be anything in them.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
	}
	return b.String()
}

// oneLine joins the lines of a message that has several.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
