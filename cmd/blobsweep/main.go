// Command blobsweep reclaims space in container registries at the level of
// their storage.
//
// It parses flags, opens the registry, and hands over to package blobsweep;
// what it prints comes from internal/text. Only the report goes to standard
// output. See blobsweep --help for the flags and the exit statuses.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// gcPercent trades memory for time: a run makes little that lasts and much that
// does not. GOGC in the environment has the last word.
const gcPercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, func() {
		stop() // the next signal kills, as it would without us
		fmt.Fprintln(os.Stderr, "blobsweep: stopping; once more to stop at once")
	})()

	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		return complain(stderr, err)
	}
	return statusDone
}
