package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/internal/when"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/dustin/go-humanize"
)

// age is the value of a flag that is a duration: as Go writes it, with days
// besides.
type age time.Duration

// String implements pflag.Value.
func (a *age) String() string { return text.Span(time.Duration(*a)) }

// Type implements pflag.Value.
func (a *age) Type() string { return "duration" }

// Set implements pflag.Value.
func (a *age) Set(s string) error {
	d, err := when.Age(s)
	if err != nil {
		return err
	}
	*a = age(d)
	return nil
}

// size is the value of a flag that is a number of bytes, with a unit or not.
type size int64

// String implements pflag.Value.
func (n *size) String() string { return strings.ReplaceAll(text.Bytes(int64(*n)), " ", "") }

// Type implements pflag.Value.
func (n *size) Type() string { return "size" }

// maxSize bounds what is read into memory at once.
const maxSize = 1 << 30

// Set implements pflag.Value.
func (n *size) Set(s string) error {
	bytes, err := humanize.ParseBytes(s)
	switch {
	case err != nil:
		return errors.New("it is no size; write 8MiB or 8388608")
	case bytes == 0:
		return errors.New("it must be more than nothing")
	case bytes > maxSize:
		return errors.New("it is more than 1GiB, and a manifest is read into memory")
	}
	*n = size(bytes)
	return nil
}

// risks is the value of --accept-risk: the blockers that shall not stop a plan.
type risks []sweep.Blocker

// String implements pflag.Value.
func (r *risks) String() string { return names(*r) }

// Type implements pflag.Value.
func (r *risks) Type() string { return "name" }

// Set implements pflag.Value.
func (r *risks) Set(s string) error {
	if !slices.Contains(sweep.Blockers(), sweep.Blocker(s)) {
		return fmt.Errorf("there is no such risk; the risks are %s", names(sweep.Blockers()))
	}
	*r = append(*r, sweep.Blocker(s))
	return nil
}

func names(blockers []sweep.Blocker) string {
	var names []string
	for _, b := range blockers {
		names = append(names, string(b))
	}
	return strings.Join(names, ", ")
}

// format is the value of --output.
type format string

const (
	formatText format = "text"
	formatJSON format = "json"
)

// String implements pflag.Value.
func (f *format) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *format) Type() string { return "text|json" }

// Set implements pflag.Value.
func (f *format) Set(s string) error {
	if s != string(formatText) && s != string(formatJSON) {
		return errors.New("it must be text or json")
	}
	*f = format(s)
	return nil
}
