package scale

import (
	"errors"
	"runtime"
	"testing"

	"github.com/blobsweep/blobsweep"
)

func TestPlan(t *testing.T) {
	const blobs = 50_000
	got, err := Plan(t.Context(), blobs, Options{})
	if runtime.GOOS != "linux" {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Fatal(err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if got.Blobs != blobs || got.Marked+got.Eligible != blobs || got.Manifests == 0 || got.Eligible < blobs/orphansOf {
		t.Errorf("%+v", got)
	}
	if got.Wall <= 0 || got.CPU <= 0 || got.Peak <= got.DriverBytes || got.BytesPerDigest <= 8 || got.BytesPerDigest > 16 {
		t.Errorf("%+v", got)
	}
}

// A plan that is not the right one gives no figures.
func TestWrongPlansAreErrors(t *testing.T) {
	d := open(t, small)
	run, err := blobsweep.Plan(t.Context(), d, blobsweep.Options{Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.check(run, run.Report()); err != nil {
		t.Errorf("the right one: %v", err)
	}
	for name, change := range map[string]func(*Driver, *blobsweep.Report){
		"a count":     func(_ *Driver, r *blobsweep.Report) { r.Blobs.Marked-- },
		"a finding":   func(_ *Driver, r *blobsweep.Report) { r.Findings = make([]blobsweep.Finding, 1) },
		"the orphans": func(d *Driver, _ *blobsweep.Report) { d.orphans.salt++ },
	} {
		other, report := open(t, small), run.Report()
		change(other, &report)
		if err := other.check(run, report); !errors.Is(err, ErrWrong) {
			t.Errorf("%s is wrong: %v", name, err)
		}
	}
}
