package main

import (
	"os"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/sweep"
)

func TestProgress(t *testing.T) {
	var b strings.Builder
	p := &progress{w: &b}
	p.show(blobsweep.Progress{Phase: sweep.PhaseMark, Done: 10})
	p.show(blobsweep.Progress{Phase: sweep.PhaseMark, Done: 20, Total: 40})
	if _, err := p.Write([]byte("a line of the log\n")); err != nil {
		t.Fatal(err)
	}
	p.show(blobsweep.Progress{Phase: sweep.PhaseSweepBlobs, Done: 1, Total: 9, Bytes: 3 << 20})
	p.show(blobsweep.Progress{Phase: sweep.PhaseSweepBlobs, Done: 9, Total: 9, Bytes: 3 << 20})
	p.done()
	for _, want := range []string{string(sweep.PhaseMark), "a line of the log\n", "removing blobs (3.0 MiB reclaimed)"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing from %q", want, b.String())
		}
	}
	// The line of the log begins a line of its own, and nothing is left of the
	// bar at the end.
	line, _, _ := strings.Cut(b.String(), "a line of the log")
	for name, output := range map[string]string{"log": line, "end": b.String()} {
		if !strings.HasSuffix(output, "\r") && !strings.HasSuffix(output, "\x1b[2K") {
			t.Errorf("%s: the bar was not removed: %q", name, output)
		}
	}
}

func TestPipeIsNoTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if isTerminal(w) || isTerminal(&strings.Builder{}) {
		t.Error("a pipe is taken for a terminal")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
