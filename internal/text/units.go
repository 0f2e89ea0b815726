package text

import (
	"strings"
	"time"
	"unicode"

	"github.com/blobsweep/blobsweep/internal/when"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/dustin/go-humanize"
)

// Count prints a number with separators: 13,641.
func Count(n int64) string { return humanize.Comma(n) }

// Bytes prints a number of bytes in binary units: 496 KiB.
func Bytes(n int64) string {
	return humanize.IBytes(uint64(max(0, n)))
}

// Span prints a duration as people write it, no finer than it matters: 7d,
// 1h30m, 2.4s.
func Span(d time.Duration) string { return when.Span(d) }

// Numbered is a count with its noun: "1 blob", "1,014 blobs".
func Numbered[N int | int64](n N, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "ry"):
		return Count(int64(n)) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return Count(int64(n)) + " " + noun + "s"
}

// clean makes text safe to print: as it is, or quoted where it holds what is
// not printable.
func clean(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) {
		return storage.DisplayKey(s)
	}
	return s
}

// Name makes the name of a repository or tag safe to print.
func Name(s string) string { return clean(s) }
