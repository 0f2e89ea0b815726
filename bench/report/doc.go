// Package report shows measurements: as a table for people, in Go's benchmark
// format, as plots, and as the page docs/benchmarks.md. The same measurements
// give the same bytes.
package report
