package compare

import (
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/bench/result"
)

// measurements are of a comparison in which blobsweep is twice as fast as
// upstream, and the walk four times as fast.
func measurements() result.Comparison {
	return result.Comparison{
		Storage: Filesystem, Shape: "small", Blobs: 4000, FloorRequests: 100,
		Runs: []result.Run{
			{Collector: result.Walk, Wall: 1, CPU: 0.5, Requests: 50},
			{Collector: result.Walk, Wall: 9, CPU: 0.5, Requests: 50}, // something else went on
			{Collector: result.Blobsweep, Wall: 4, CPU: 2, Requests: 110},
			{Collector: result.Blobsweep, Wall: 2, CPU: 2, Requests: 110},
			{Collector: result.Upstream, Wall: 4, CPU: 10, Requests: 1000},
			{Collector: result.Walk, Wall: 90, CPU: 90, SystemCalls: 300},
			{Collector: result.Blobsweep, Wall: 90, CPU: 90, SystemCalls: 600},
		},
	}
}

func TestFigures(t *testing.T) {
	for figure, want := range map[*Figure]float64{
		&fasterThanUpstream: 2, &cheaperThanUpstream: 5, &wallOfWalk: 2, &cpuOfWalk: 4,
		&wallOfCPU: 1, &requestsOfWalk: 2.2, &requestsOfFloor: 1.1, &callsOfWalk: 2,
	} {
		if got, ok := figure.of(measurements()); !ok || got != want {
			t.Errorf("%s: %v, %v, want %v", figure.Name, got, ok, want)
		}
		if got, ok := figure.of(result.Comparison{}); ok {
			t.Errorf("%s: %v of nothing", figure.Name, got)
		}
	}
}

func TestVerdicts(t *testing.T) {
	c := measurements()
	bars := []Bar{{fasterThanUpstream, 2, "a"}, {fasterThanUpstream, 2.1, "b"}, {requestsOfFloor, 1.1, "c"}, {requestsOfFloor, 1.09, "d"}}
	verdicts := judge(c, bars)
	for i, want := range []bool{true, false, true, false} {
		if got := verdicts[i].Holds(); got != want {
			t.Errorf("%s: %v", verdicts[i], got)
		}
	}
	// Only times are worth another look, and only if nothing else is wrong.
	for want, list := range map[bool][][]Verdict{
		true:  {verdicts[1:2], verdicts[:3]},
		false: {nil, verdicts[:1], verdicts[3:], verdicts},
	} {
		for _, v := range list {
			if worthAnother(v) != want {
				t.Errorf("worth another look: %v, of %v", !want, v)
			}
		}
	}
	c.Runs = c.Runs[:5]
	verdicts = append(verdicts, judge(c, []Bar{{callsOfWalk, 1, "e"}})...)
	var b strings.Builder
	if err := WriteVerdicts(&b, verdicts); err != nil {
		t.Fatal(err)
	}
	const want = `filesystem/small/4000/default/dry-run
  upstream's wall / blobsweep's  2.00  at least 2    holds         a
  upstream's wall / blobsweep's  2.00  at least 2.1  MISSED        b
  requests / the floor           1.10  at most 1.1   holds         c
  requests / the floor           1.10  at most 1.09  MISSED        d
  system calls / the walk's      -     at most 1     not measured  e
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

// Each case of the gate has bars, so that none is measured in vain, and no part
// of the page has the name of another.
func TestSuites(t *testing.T) {
	for _, trial := range ci {
		for _, c := range trial.cases {
			if len(c.bars) == 0 {
				t.Errorf("%+v has no bar", c.Case)
			}
		}
	}
	seen := map[string]bool{}
	for _, p := range Parts() {
		if seen[p.Name] || p.About == "" || len(p.registries) == 0 {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
	}
}
