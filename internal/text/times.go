package text

import (
	"time"

	"github.com/dustin/go-humanize"
)

// NotKnown stands for a time or a size that is not known, as in docker.
const NotKnown = "N/A"

// Since tells how long ago something was: "3 weeks ago".
func Since(t, now time.Time) string {
	if t.IsZero() {
		return NotKnown
	}
	return humanize.RelTime(t, now, "ago", "from now")
}

// At is a time as RFC 3339 has it, in UTC.
func At(t time.Time) string {
	if t.IsZero() {
		return NotKnown
	}
	return t.UTC().Format(time.RFC3339)
}

// Clean makes text safe to print: as it is, or quoted where it holds what is
// not printable.
func Clean(s string) string { return clean(s) }
