// Command blobsweep-bench makes up registries and measures collectors on them.
//
// It parses flags; package workload makes the registries, compare and scale
// measure, and report shows. See blobsweep-bench --help.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run executes one command line and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)() // the next signal kills, as it would without us

	root := newRoot(stdin, stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return statusDone
	}
	if ctx.Err() != nil {
		err = failed(fmt.Errorf("interrupted; what was laid out is removed"))
	}
	return complain(stderr, err)
}
