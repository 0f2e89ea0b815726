// Package compare measures blobsweep, the collector that a registry carries, and
// a bare walk, in turn and on the same registry.
//
// A [Registry] is laid out once, and compared on for each [Case]. Each run is in
// a process of its own: the program runs itself again, with [Subcommand] as its
// only argument, which it hands to [Serve]. So one run has no part in the heap of
// another, and the peak of memory is that of the collector.
//
// What a collector removes is compared with the truth that package workload
// tells. A result that differs is an error, never a figure.
//
// [CI] and [Parts] say what is compared to hold a change to its bars, and for
// docs/benchmarks.md.
package compare
