package cache_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/cache"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// descriptors is a cache of another kind: what a registry remembers in a map.
type descriptors map[cache.Entry]bool

// Forget implements [cache.Store].
func (d descriptors) Forget(_ context.Context, entries []cache.Entry) (gone cache.Count, left []cache.Entry, err error) {
	for _, e := range entries {
		switch {
		case !d[e]:
		case e.Repository == "":
			gone.Descriptors++
		default:
			gone.Memberships++
		}
		delete(d, e)
	}
	return gone, nil, nil
}

// Collect a registry, and have a cache forget what went.
func ExampleClearer() {
	ctx := context.Background()
	driver := memory.New() // in earnest, that of a directory or a bucket
	tree := fixture.New(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC))
	kept, old := tree.Image("shop/web", "2.0", "base"), tree.Image("shop/web", "1.0", "base")
	tree.DeleteManifest("shop/web", old.Digest)
	if err := tree.Write(ctx, driver); err != nil {
		log.Fatal(err)
	}
	remembered := descriptors{}
	for d := range tree.BlobDigests() {
		remembered[cache.Entry{Digest: d}] = true
		remembered[cache.Entry{Repository: "shop/web", Digest: d}] = true
	}

	clearer := cache.New(remembered, cache.Options{})
	report, err := blobsweep.Collect(ctx, driver, blobsweep.Options{OnRemoved: clearer.Removed})
	cleared, cacheErr := clearer.Finish(ctx) // whatever became of the collection
	if err != nil || cacheErr != nil {
		log.Fatal(err, cacheErr)
	}
	fmt.Println("blobs removed:", report.Blobs.Removed)
	fmt.Println("cleared:", cleared.Descriptors, "descriptors,", cleared.Memberships, "memberships")
	fmt.Println("the image that stays is remembered:", remembered[cache.Entry{Repository: "shop/web", Digest: kept.Digest}])
	// Output:
	// blobs removed: 2
	// cleared: 2 descriptors, 1 memberships
	// the image that stays is remembered: true
}
