package catalog_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// What images share, and what the removal of one would free.
func ExampleCatalog_Weigh() {
	ctx := context.Background()
	tree := fixture.New(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	tree.Tag("shop/web", "v1", tree.Image("shop/web", "v1", "base", "v1").Digest)
	tree.Tag("shop/web", "v2", tree.Image("shop/web", "v2", "base", "v2").Digest)
	driver := memory.New() // in earnest, that of a directory or bucket
	if err := tree.Write(ctx, driver); err != nil {
		log.Fatal(err)
	}

	c, err := catalog.Read(ctx, driver, catalog.Options{})
	if err != nil {
		log.Fatal(err)
	}
	r, err := c.Repository("shop/web")
	if err != nil {
		log.Fatal(err)
	}
	weights := c.Weigh()
	for _, tag := range r.Tags {
		if w, ok := weights.Image(r.Name, tag.Digest); ok {
			fmt.Println(tag.Name, w.Blobs, "blobs, shares some:", w.Unique < w.Size)
		}
	}

	// Output:
	// v1 4 blobs, shares some: true
	// v2 4 blobs, shares some: true
}
