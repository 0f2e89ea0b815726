package compare

import (
	"context"
	"fmt"
	"net/url"
	"runtime/debug"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/bench/gateway"
	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/bench/workload"
	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/storage"
)

// registry is how the command line names what a task is about.
func (t task) registry() string {
	if t.Dir != "" {
		return t.Dir
	}
	u := url.URL{Scheme: "s3", Host: t.Bucket, RawQuery: url.Values{
		"endpoint": {t.Endpoint}, "path-style": {"true"}, "region": {gateway.Region},
	}.Encode()}
	return u.String()
}

// GCPercent is how far the command lets the heap grow (its main.go says why).
const GCPercent = 200

// blobsweep collects as the command does.
func (t task) blobsweep(ctx context.Context) (a answer, err error) {
	debug.SetGCPercent(GCPercent)
	var plan *blobsweep.Run
	a.Run, err = measured(result.Blobsweep, func() (int64, error) {
		registry, err := drivers.Open(ctx, t.registry(), drivers.Options{})
		if err != nil {
			return 0, err
		}
		var report blobsweep.Report
		if plan, report, err = t.collect(ctx, registry.Driver); err != nil {
			return 0, err
		}
		sent := report.Requests
		return sent.List + sent.Get + sent.Stat + sent.Delete, registry.Close()
	})
	if err != nil || !t.Removal || t.Execute {
		return a, err
	}
	removal, err := workload.RemovalOf(plan.Candidates())
	a.Removal = &removal
	return a, err
}

func (t task) collect(ctx context.Context, d storage.Driver) (*blobsweep.Run, blobsweep.Report, error) {
	if t.Delay > 0 && t.Dir != "" {
		slow, err := delayed(d, t.Delay)
		if err != nil {
			return nil, blobsweep.Report{}, err
		}
		d = slow
	}
	run, err := blobsweep.Plan(ctx, d, blobsweep.Options{
		Offline: true, DeleteUntagged: t.DeleteUntagged, Workers: t.Workers, Registry: t.registry(),
	})
	if err != nil {
		return nil, blobsweep.Report{}, err
	}
	report := run.Report()
	if len(report.BlockedBy) > 0 {
		return nil, report, fmt.Errorf("the plan is blocked by %s: %+v", report.BlockedBy, report.Findings)
	}
	if t.Execute {
		report, err = run.Execute(ctx, d)
	}
	return run, report, err
}
