package report

import (
	"math"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
)

// seconds prints a time to three digits: "842 µs", "35.1 ms", "0.842 s",
// "20.0 s", "1,234 s".
func seconds(s float64) string {
	switch {
	case s < 1e-6:
		return digits(s*1e9) + " ns"
	case s < 1e-3:
		return digits(s*1e6) + " µs"
	case s < 0.1:
		return digits(s*1e3) + " ms"
	}
	return digits(s) + " s"
}

// digits prints a number to three digits, or to the unit where it has more.
func digits(n float64) string {
	switch size := math.Abs(n); {
	case size == 0:
		return "0"
	case size >= 99.95:
		return humanize.Comma(int64(math.Round(n)))
	case size >= 9.995:
		return strconv.FormatFloat(n, 'f', 1, 64)
	case size >= 0.9995:
		return strconv.FormatFloat(n, 'f', 2, 64)
	}
	return strconv.FormatFloat(n, 'f', 3, 64)
}

// bytes prints a number of bytes: "84 MiB", "2.4 GiB".
func bytes(n float64) string { return humanize.IBytes(uint64(math.Round(max(0, n)))) }

// count prints a number with separators: "13,641".
func count[N int | int64 | float64](n N) string { return humanize.Comma(int64(math.Round(float64(n)))) }

// day prints the date of a measurement.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
