package compare

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/bench/workload"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Subcommand { // this is one run
		if err := Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func lay(t *testing.T, storage string, spec workload.Spec) *Registry {
	t.Helper()
	r, err := Lay(t.Context(), storage, spec, Options{Dir: t.TempDir(), Log: func(line string) { t.Log(line) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Whatever is compared, the results are those of the truth, and everything is
// measured that can be.
func TestCompare(t *testing.T) {
	for storage, cases := range map[string][]Case{
		Filesystem: {
			{Rounds: 1, SystemCalls: true},
			{Rounds: 2, UpstreamRounds: 1, DeleteUntagged: true, Execute: true},
			{Rounds: 1, Delay: time.Microsecond, Workers: 1},
		},
		S3: {
			{Rounds: 1, ColdUpstream: true},
			{Rounds: 1, UpstreamRounds: -1, DeleteUntagged: true, Execute: true, Delay: time.Millisecond},
		},
	} {
		spec := workload.Spec{Shape: "typical", Blobs: 500, Seed: 1}
		if storage == S3 { // where upstream takes its time
			spec = workload.Spec{Shape: "many-small", Blobs: 120, Seed: 1}
		}
		r := lay(t, storage, spec)
		for _, c := range cases {
			comparison, err := r.Compare(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			for _, who := range r.collectors(c) {
				runs := comparison.Timed(who)
				if len(runs) != c.rounds(who) {
					t.Errorf("%s: %d runs of %s", comparison.Name(), len(runs), who)
				}
				for _, run := range runs {
					counted := who != result.Upstream || storage == S3 || c.Delay > 0
					if run.Wall <= 0 || run.CPU <= 0 || run.Peak <= 0 || (run.Requests > 0) != counted {
						t.Errorf("%s: %+v", comparison.Name(), run)
					}
				}
			}
			if (comparison.FloorRequests > 0) != (storage == S3) || comparison.Storage != storage || comparison.Medium == "" {
				t.Errorf("%+v", comparison)
			}
			if requests, ok := comparison.Median(result.Blobsweep, result.Requests); storage == S3 && (!ok || requests < float64(comparison.FloorRequests)) {
				t.Errorf("%s: %v requests, and the floor is %d", comparison.Name(), requests, comparison.FloorRequests)
			}
		}
	}
}

// A collector that leaves something, or takes too much, has no figures.
func TestWrongResultsAreErrors(t *testing.T) {
	r := lay(t, Filesystem, workload.Spec{Shape: "small", Blobs: 400, Seed: 1})
	truth := r.truth
	for _, c := range []Case{{Rounds: 1}, {Rounds: 1, Execute: true}} {
		for name, change := range map[string]func(*workload.Removal){
			"removed without need": func(r *workload.Removal) { r.Blobs = r.Blobs[1:] },
			"not removed":          func(r *workload.Removal) { r.Blobs = append(r.Blobs[:len(r.Blobs):len(r.Blobs)], "sha256:f") },
		} {
			r.truth = truth
			change(&r.truth.Default)
			_, err := r.Compare(t.Context(), c)
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "blobsweep") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
