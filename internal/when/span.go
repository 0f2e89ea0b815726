package when

import (
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Span prints a duration as people write it, no finer than it matters: 7d,
// 1h30m, 2.4s.
func Span(d time.Duration) string {
	switch {
	case d >= Day && d%Day == 0:
		return humanize.Comma(int64(d/Day)) + "d"
	case d >= time.Minute:
		d = d.Round(time.Second)
	case d >= time.Second:
		d = d.Round(100 * time.Millisecond)
	case d >= time.Millisecond:
		d = d.Round(time.Millisecond)
	default:
		d = d.Round(time.Microsecond)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
