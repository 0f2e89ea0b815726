package report

import (
	"io"
	"strconv"
	"strings"

	"github.com/blobsweep/blobsweep/bench/result"
	"golang.org/x/perf/benchfmt"
)

// Benchfmt writes every run as a line of Go's benchmark format, which benchstat
// reads: "benchstat -col /collector results.txt" compares the collectors, and
// "benchstat old.txt new.txt" two commits; hence no commit is written. Runs in
// which system calls were counted have that figure alone. An error is that of w.
func Benchfmt(w io.Writer, d result.Document) error {
	to := benchfmt.NewWriter(w)
	for _, c := range d.Comparisons {
		for _, run := range c.Runs {
			line := benchfmt.Result{Config: configuration(d.Machine, c), Name: benchmark(c, run), Iters: 1, Values: values(run)}
			if err := to.Write(&line); err != nil {
				return err
			}
		}
	}
	return nil
}

// configuration is what a run has in common with others.
func configuration(m result.Machine, c result.Comparison) []benchfmt.Config {
	goos, goarch, _ := strings.Cut(m.Platform, "/")
	var all []benchfmt.Config
	for _, pair := range [][2]string{
		{"goos", goos},
		{"goarch", goarch},
		{"pkg", "github.com/blobsweep/blobsweep/bench"},
		{"cpu", m.CPU},
		{"medium", c.Medium},
	} {
		if pair[1] != "" {
			all = append(all, benchfmt.Config{Key: pair[0], Value: []byte(pair[1]), File: true})
		}
	}
	return all
}

// benchmark names a run by what was done and by whom.
func benchmark(c result.Comparison, run result.Run) benchfmt.Name {
	parts := []string{
		"Collect", "storage=" + c.Storage, "shape=" + c.Shape, "blobs=" + strconv.Itoa(c.Blobs),
		"roots=" + c.Roots(), "mode=" + c.Mode(), "delay=" + c.Delay().String(),
	}
	if c.Workers != 0 {
		parts = append(parts, "workers="+strconv.Itoa(c.Workers))
	}
	return benchfmt.Name(strings.Join(append(parts, "collector="+string(run.Collector)), "/"))
}

func values(run result.Run) []benchfmt.Value {
	if run.SystemCalls > 0 {
		return []benchfmt.Value{{Value: float64(run.SystemCalls), Unit: "syscalls/op"}}
	}
	all := []benchfmt.Value{
		{Value: run.Wall * 1e9, Unit: "ns/op"},
		{Value: run.CPU * 1e9, Unit: "cpu-ns/op"},
		{Value: float64(run.Peak), Unit: "peak-B"},
	}
	if run.Requests > 0 {
		all = append(all, benchfmt.Value{Value: float64(run.Requests), Unit: "requests/op"})
	}
	return all
}
