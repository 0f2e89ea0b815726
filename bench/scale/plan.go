package scale

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/bench/result"
)

// Options of a [Plan].
type Options struct {
	// DeleteUntagged makes tags the roots, so that every tag is read.
	DeleteUntagged bool
	// Workers bounds the requests in flight; zero is the collector's default.
	Workers int
	// Progress, when set, is told how far the work is.
	Progress func(blobsweep.Progress)
}

// ErrWrong says that a plan was not what it must be, so its figures do not
// count.
var ErrWrong = errors.New("the plan is wrong")

// Plan plans the collection of a registry of so many blobs, and measures it in
// this process, which should do nothing else: the peak of memory is the process',
// the collector's and what the made-up registry itself holds. Making that up is
// not measured. The commit is left to the caller.
//
// It fails with [ErrWrong] when the plan is to remove anything but the orphans.
func Plan(ctx context.Context, blobs int64, opts Options) (result.Scale, error) {
	d, err := New(ctx, blobs)
	if err != nil {
		return result.Scale{}, err
	}
	before := held()
	if err := resetPeak(); err != nil {
		return result.Scale{}, err
	}
	started := time.Now()
	cpu, err := processorTime()
	if err != nil {
		return result.Scale{}, err
	}
	var log bytes.Buffer
	run, err := blobsweep.Plan(ctx, d, blobsweep.Options{
		Offline: true, DeleteUntagged: opts.DeleteUntagged, Workers: opts.Workers, Progress: opts.Progress,
		Registry: fmt.Sprintf("%d blobs that are made up", blobs),
		Logger:   slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		return result.Scale{}, err
	}
	wall := time.Since(started)
	cpuAfter, err := processorTime()
	if err != nil {
		return result.Scale{}, err
	}
	peak, err := peakMemory()
	if err != nil {
		return result.Scale{}, err
	}
	each, err := bytesPerDigest(&log)
	if err != nil {
		return result.Scale{}, err
	}
	report := run.Report()
	if err := d.check(run, report); err != nil {
		return result.Scale{}, err
	}
	return result.Scale{
		MeasuredAt: started.UTC().Truncate(time.Second),
		Blobs:      report.Blobs.Total, Manifests: report.Manifests.Total, Marked: report.Blobs.Marked, Eligible: report.Blobs.Eligible,
		Wall: wall.Seconds(), CPU: (cpuAfter - cpu).Seconds(), Peak: peak,
		BytesPerDigest: each, DriverBytes: before,
	}, nil
}

// bytesPerDigest reads in a log what the mark set has come to.
func bytesPerDigest(log io.Reader) (float64, error) {
	for decoder := json.NewDecoder(log); ; {
		var line struct {
			Message      string `json:"msg"`
			Digests      int64  `json:"digests"`
			MarkSetBytes int64  `json:"markSetBytes"`
		}
		if err := decoder.Decode(&line); err != nil {
			return 0, fmt.Errorf("reading the size of the mark set in the log of the plan: %w", err)
		}
		if line.Message == "planned" && line.Digests > 0 {
			return float64(line.MarkSetBytes) / float64(line.Digests), nil
		}
	}
}

// check compares a plan with what the registry was made of.
func (d *Driver) check(run *blobsweep.Run, report blobsweep.Report) error {
	got := [...]int64{
		int64(report.Repositories), int64(report.Tags), report.Manifests.Total, report.LayerLinks.Total, report.Blobs.Total,
		report.Blobs.Marked, report.Blobs.Eligible, report.Manifests.Eligible, report.LayerLinks.Eligible,
		int64(len(report.Findings)), int64(len(report.BlockedBy)),
	}
	want := [len(got)]int64{
		d.shape.repositories, d.shape.manifests(), d.shape.manifests(), d.shape.used(), d.shape.blobs(),
		d.shape.blobs() - d.shape.orphans, d.shape.orphans,
	}
	if got != want {
		return fmt.Errorf("%w: counted %d, want %d (repositories, tags, manifests, layer links, blobs; "+
			"marked; eligible blobs, manifests, layer links; findings, blockers)", ErrWrong, got, want)
	}
	next := int64(0) // both are in the order of digests
	for c := range run.Candidates() {
		if s, ok := sumOf(c.Digest); !ok || next == d.shape.orphans || s != d.orphans.at(next) {
			return fmt.Errorf("%w: it removes %s, which is not an orphan", ErrWrong, c.Digest)
		}
		next++
	}
	if next != d.shape.orphans {
		return fmt.Errorf("%w: it removes %d of %d orphans", ErrWrong, next, d.shape.orphans)
	}
	return nil
}

// held is how many bytes are on the heap that something still needs.
func held() int64 {
	runtime.GC()
	runtime.GC() // what a sync.Pool holds goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
