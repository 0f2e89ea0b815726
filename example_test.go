package blobsweep_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
)

// sampleRegistry writes a small registry into a temporary directory: the tag
// main was pushed twice, the image 1.0 was deleted over the API, and an upload
// broke off.
func sampleRegistry() (root string) {
	root, err := os.MkdirTemp("", "registry-")
	if err != nil {
		log.Fatal(err)
	}
	tree := fixture.New(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC))
	tree.Tag("shop/web", "main", tree.Image("shop/web", "monday", "base", "monday").Digest)
	tree.Tag("shop/web", "main", tree.Image("shop/web", "tuesday", "base", "tuesday").Digest)
	old := tree.Image("shop/web", "1.0", "base", "1.0")
	tree.Tag("shop/web", "1.0", old.Digest)
	tree.DeleteManifest("shop/web", old.Digest)
	tree.Upload("shop/web", "4b6ba7b8-10d5-4f3e-9c1a-00c04fd430c8", tree.Now)
	if err := tree.WriteDir(root); err != nil {
		log.Fatal(err)
	}
	return root
}

// Collect a directory: plan, and remove what was planned.
func ExampleCollect() {
	root := sampleRegistry() // in earnest, /var/lib/registry
	defer os.RemoveAll(root)

	driver, err := filesystem.New(root)
	if err != nil {
		log.Fatal(err)
	}
	defer driver.Close()

	report, err := blobsweep.Collect(context.Background(), driver, blobsweep.Options{})
	switch {
	case errors.Is(err, blobsweep.ErrBlocked):
		log.Fatalf("nothing was deleted: %v %v", err, report.Findings)
	case errors.Is(err, blobsweep.ErrPartial):
		log.Printf("the rest is done; a rerun tries again: %v %v", err, report.Failed)
	case err != nil:
		log.Fatal(err)
	}
	fmt.Println("blobs:", report.Blobs.Total, "found,", report.Blobs.Marked, "in use,", report.Blobs.Removed, "removed")
	fmt.Println("layer links removed:", report.LayerLinks.Removed)
	fmt.Println("uploads removed:", report.Uploads.Removed)
	fmt.Println("bytes reclaimed:", report.Bytes.Reclaimed)
	// Output:
	// blobs: 10 found, 7 in use, 3 removed
	// layer links removed: 2
	// uploads removed: 1
	// bytes reclaimed: 613
}

// Plan only: everything that would go, with the reason, in the order of
// removal. With DeleteUntagged, tags are the roots.
func ExamplePlan() {
	root := sampleRegistry()
	defer os.RemoveAll(root)

	driver, err := filesystem.New(root)
	if err != nil {
		log.Fatal(err)
	}
	defer driver.Close()

	run, err := blobsweep.Plan(context.Background(), driver, blobsweep.Options{DeleteUntagged: true})
	if err != nil {
		log.Fatal(err) // planning is all or nothing
	}
	for c := range run.Candidates() {
		if c.Kind == sweep.EmptyDirectory {
			continue
		}
		what := c.Upload
		if c.Digest != "" {
			what = c.Digest.Encoded()[:12]
		}
		fmt.Printf("%-15s %-8s %-12.12s %s\n", c.Kind, c.Repository, what, c.Reason)
	}
	report := run.Report()
	fmt.Printf("%d of %d bytes would be reclaimed\n", report.Bytes.Reclaimable, report.Bytes.Total)
	// Output:
	// tag-index-entry shop/web 168b92da5923 its revision is not linked any more
	// manifest        shop/web 168b92da5923 untagged
	// layer-link      shop/web 17d52c0afe1e no manifest of the repository needs it
	// layer-link      shop/web 4bc7748f2643 no manifest of the repository needs it
	// layer-link      shop/web aaf16d62b466 no manifest of the repository needs it
	// layer-link      shop/web b728881b8d1f no manifest of the repository needs it
	// blob                     168b92da5923 unreferenced
	// blob                     17d52c0afe1e unreferenced
	// blob                     4bc7748f2643 unreferenced
	// blob                     97c676e906c4 unreferenced
	// blob                     aaf16d62b466 unreferenced
	// blob                     b728881b8d1f unreferenced
	// upload          shop/web 4b6ba7b8-10d abandoned since 2020-01-02
	// 1233 of 1865 bytes would be reclaimed
}

// Turn progress into metrics. The callback runs at each change of phase and
// several times a second in between; gauges are all it should set.
func ExampleProgress() {
	root := sampleRegistry()
	defer os.RemoveAll(root)

	driver, err := filesystem.New(root)
	if err != nil {
		log.Fatal(err)
	}
	defer driver.Close()

	var done expvar.Map // to be published as blobsweep_done, by phase
	var reclaimed expvar.Int
	_, err = blobsweep.Collect(context.Background(), driver, blobsweep.Options{
		Progress: func(p blobsweep.Progress) {
			value := new(expvar.Int)
			value.Set(p.Done)
			done.Set(string(p.Phase), value)
			reclaimed.Set(p.Bytes)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	done.Do(func(phase expvar.KeyValue) { fmt.Printf("%s: %s\n", phase.Key, phase.Value) })
	fmt.Println("bytes reclaimed:", &reclaimed)
	// Output:
	// listing blobs: 10
	// marking manifests: 2
	// removing blobs: 3
	// removing empty directories: 4
	// removing layer links: 2
	// removing revision links: 0
	// removing tag index entries: 0
	// removing uploads: 1
	// bytes reclaimed: 613
}
