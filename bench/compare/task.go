package compare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/bench/workload"
)

// Subcommand is the argument with which a program that compares runs itself
// again, for one run. It then calls [Serve] and does nothing else.
const Subcommand = "run"

// task is one run, as a process of its own is told.
type task struct {
	Collector result.Collector `json:"collector"`
	// Dir holds docker/registry/v2; empty for a bucket.
	Dir string `json:"dir,omitempty"`
	// Endpoint and Bucket are where to find it on S3.
	Endpoint string `json:"endpoint,omitempty"`
	Bucket   string `json:"bucket,omitempty"`
	// Delay is added to each operation on the directory. On S3 it is the proxy
	// that adds it.
	Delay          time.Duration `json:"delay,omitempty"`
	DeleteUntagged bool          `json:"deleteUntagged,omitempty"`
	Execute        bool          `json:"execute,omitempty"`
	Workers        int           `json:"workers,omitempty"`
	// Removal asks a dry run for what would be removed.
	Removal bool `json:"removal,omitempty"`
}

// answer is what came of it.
type answer struct {
	result.Run
	Removal *workload.Removal `json:"removal,omitempty"`
}

// Serve does the one run that it reads from r, in this process, and writes what
// came of it to w. It changes the process: what upstream prints and logs goes
// nowhere else.
func Serve(ctx context.Context, r io.Reader, w io.Writer) error {
	var t task
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return fmt.Errorf("read what to run (this is for %s itself to call): %w", "blobsweep-bench", err)
	}
	a, err := t.run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(a)
}

func (t task) run(ctx context.Context) (answer, error) {
	switch t.Collector {
	case result.Blobsweep:
		return t.blobsweep(ctx)
	case result.Upstream:
		return t.upstream(ctx)
	case result.Walk:
		return t.walk(ctx)
	}
	return answer{}, fmt.Errorf("there is no collector %q", t.Collector)
}

// measured times f, with the processor time and the peak of memory that go with
// it.
func measured(who result.Collector, f func() (requests int64, err error)) (result.Run, error) {
	runtime.GC() // what was done before is no part of it
	before, err := processorTime()
	if err != nil {
		return result.Run{}, err
	}
	start := time.Now()
	requests, err := f()
	wall := time.Since(start)
	after, cpuErr := processorTime()
	peak, peakErr := peakMemory()
	if err := errors.Join(err, cpuErr, peakErr); err != nil {
		return result.Run{}, err
	}
	return result.Run{
		Collector: who, Wall: wall.Seconds(), CPU: (after - before).Seconds(), Peak: peak, Requests: requests,
	}, nil
}
