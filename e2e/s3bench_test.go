package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
)

// latency is what the benchmark adds to each request: that of a store in the
// same region.
const latency = 5 * time.Millisecond

// BenchmarkS3DryRun times a dry run of blobsweep against one of the registry's
// own collector, in turn, on the same bucket of a real server that is some
// milliseconds away. It fails when blobsweep sends many more requests than it
// must. BLOBSWEEP_BENCH_S3 is the size of the registry, in manifests and blobs:
// 621x2861, or 3040x13641.
func BenchmarkS3DryRun(b *testing.B) {
	w := workload{manifests: 60, blobs: 276}
	if value := os.Getenv("BLOBSWEEP_BENCH_S3"); value != "" {
		if _, err := fmt.Sscanf(value, "%dx%d", &w.manifests, &w.blobs); err != nil {
			b.Fatalf("BLOBSWEEP_BENCH_S3=%q: %v; write 621x2861", value, err)
		}
	}
	for name, deleteUntagged := range map[string]bool{"Default": false, "DeleteUntagged": true} {
		b.Run(name, func(b *testing.B) { benchmarkS3(b, w, deleteUntagged) })
	}
}

func benchmarkS3(b *testing.B, w workload, deleteUntagged bool) {
	tree := w.tree(b)
	bucket := newBucket(b)
	if err := tree.WriteDir(bucket.dir); err != nil {
		b.Fatal(err)
	}
	p := newProxy(b, bucket.endpoint)
	p.delay = latency
	bucket = bucket.through(p)

	var ours, upstream time.Duration
	var sent [2]int
	for b.Loop() {
		p.reset(nil)
		ours += clock(b, func() error {
			run, err := blobsweep.Plan(b.Context(), bucket.open(b, ""), blobsweep.Options{DeleteUntagged: deleteUntagged})
			if err != nil {
				return err
			}
			found := run.Report().Counts
			if int(found.Blobs.Total) != w.blobs || int(found.Manifests.Total) != w.manifests || found.Blobs.Eligible == 0 {
				return fmt.Errorf("of %d manifests and %d blobs %+v", w.manifests, w.blobs, found)
			}
			return nil
		})
		checkPlanRequests(b, p, tree, deleteUntagged)
		sent[0] += len(p.requests())

		p.reset(nil)
		upstream += clock(b, func() error { return collectUpstream(bucket.upstream(b, ""), true, deleteUntagged) })
		sent[1] += len(p.requests())
	}
	b.ReportMetric(upstream.Seconds()/ours.Seconds(), "x-faster")
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms/blobsweep")
	b.ReportMetric(float64(upstream.Milliseconds())/float64(b.N), "ms/upstream")
	b.ReportMetric(float64(sent[0])/float64(b.N), "requests/blobsweep")
	b.ReportMetric(float64(sent[1])/float64(b.N), "requests/upstream")
	b.ReportMetric(float64(floor(tree, deleteUntagged)), "requests/floor")
}
