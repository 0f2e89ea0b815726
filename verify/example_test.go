package verify_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/verify"
)

// Two faults: one that breaks a tag, and one that can be mended.
func ExampleNew() {
	ctx := context.Background()
	tree := fixture.New(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	tree.Tag("shop/web", "v1", tree.Image("shop/web", "v1", "base", "v1").Digest)
	tree.Tag("shop/web", "v2", tree.Image("shop/web", "v2", "base", "v2").Digest)
	lost := tree.Layer("shop/web", "v2")
	delete(tree.Files, layout.BlobKey(lost.Digest))
	empty := layout.Path{Kind: layout.LayerLink, Repository: "shop/web", Digest: tree.Layer("shop/web", "base").Digest}
	tree.Add(empty, nil)
	driver := memory.New() // in earnest, that of a directory or bucket
	if err := tree.Write(ctx, driver); err != nil {
		log.Fatal(err)
	}

	check, err := verify.New(ctx, driver, verify.Options{Blobs: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range check.Report().Findings {
		fmt.Println(f.Kind, "breaks", f.Breaks, "can be mended:", f.Repairable)
	}
	if err := check.Repair(ctx, driver); err != nil {
		log.Fatal(err)
	}
	for _, f := range check.Report().Findings {
		fmt.Println(f.Kind, "was mended:", f.Repaired)
	}

	// Output:
	// broken-link breaks [shop/web:v1 shop/web:v2] can be mended: true
	// missing-blob breaks [shop/web:v2] can be mended: false
	// broken-link was mended: true
	// missing-blob was mended: false
}
