package e2e

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// BenchmarkDryRun times a dry run of blobsweep against one of the registry's
// own collector, in turn, on the same directory, and fails when the ratio is
// too small. BLOBSWEEP_BENCH_BLOBS sets the size of the registry.
func BenchmarkDryRun(b *testing.B) {
	const want = 5
	root := b.TempDir()
	total := grow(b, root)
	var ours, upstream time.Duration
	for b.Loop() {
		ours += clock(b, func() error { return planDirectory(b, root, total) })
		upstream += clock(b, func() error { return collectUpstream(onDisk(root), true, false) })
	}
	ratio := upstream.Seconds() / ours.Seconds()
	b.ReportMetric(ratio, "x-faster")
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms/blobsweep")
	b.ReportMetric(float64(upstream.Milliseconds())/float64(b.N), "ms/upstream")
	if ratio < want {
		b.Errorf("%.1f times as fast as upstream, want %d", ratio, want)
	}
}

func clock(b *testing.B, run func() error) time.Duration {
	b.Helper()
	start := time.Now()
	if err := run(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func planDirectory(b *testing.B, root string, blobs int) error {
	d, err := filesystem.New(root)
	if err != nil {
		return err
	}
	run, err := blobsweep.Plan(b.Context(), d, blobsweep.Options{Offline: true})
	if err != nil {
		return err
	}
	report := run.Report()
	if int(report.Blobs.Total) != blobs || report.Blobs.Eligible == 0 {
		return fmt.Errorf("of %d blobs %+v", blobs, report.Blobs)
	}
	return d.Close()
}

// grow writes a registry of some 3,000 blobs: repositories of tagged images
// that share base layers, one in ten deleted. It returns the number of blobs.
func grow(b *testing.B, root string) int {
	b.Helper()
	size := 3000
	if value := os.Getenv("BLOBSWEEP_BENCH_BLOBS"); value != "" {
		var err error
		if size, err = strconv.Atoi(value); err != nil {
			b.Fatal(err)
		}
	}
	tree := fixture.New(time.Now().Add(-time.Hour))
	for i := range size / 4 { // an image is a manifest, a configuration, two layers
		repository := fmt.Sprintf("team-%d/app-%d", i%5, i%30)
		name := fmt.Sprint("image ", i)
		image := tree.Image(repository, name, "base 1", fmt.Sprint("base of ", repository), name+" a", name+" b")
		tree.Tag(repository, fmt.Sprint("v", i), image.Digest)
		if i%10 == 0 {
			tree.DeleteManifest(repository, image.Digest)
		}
	}
	if err := tree.WriteDir(root); err != nil {
		b.Fatal(err)
	}
	return len(tree.BlobDigests())
}
