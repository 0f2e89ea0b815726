package e2e

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/blobsweep/blobsweep"
	bridge "github.com/blobsweep/blobsweep/drivers/distribution"
	"github.com/blobsweep/blobsweep/drivers/distribution/compat"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/distribution/distribution/v3"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
)

// sampleRegistry is a registry over a StorageDriver: the tag main was pushed
// twice, and the only image of old/prototype has lost its tag.
func sampleRegistry(ctx context.Context) (distribution.Namespace, driver.StorageDriver) {
	tree := fixture.New(time.Now()) // a StorageDriver sets the times itself
	tree.Tag("shop/web", "main", tree.Image("shop/web", "monday", "base", "monday").Digest)
	tree.Tag("shop/web", "main", tree.Image("shop/web", "tuesday", "base", "tuesday").Digest)
	tree.Image("old/prototype", "1")
	d := inmemory.New()
	if err := fill(d, tree); err != nil {
		log.Fatal(err)
	}
	registry, err := storage.NewRegistry(ctx, d)
	if err != nil {
		log.Fatal(err)
	}
	return registry, d
}

// printCatalog prints the repositories that a registry shows its users.
func printCatalog(ctx context.Context, registry distribution.Namespace) {
	if err := registry.(distribution.RepositoryEnumerator).Enumerate(ctx, func(name string) error {
		fmt.Println("in the catalog:", name)
		return nil
	}); err != nil {
		log.Fatal(err)
	}
}

// A registry collects the storage that it holds, whatever the StorageDriver.
// Nothing may write meanwhile: only then are Offline and PruneDirectories right.
func Example_embedded() {
	ctx := context.Background()
	registry, storageDriver := sampleRegistry(ctx)
	printCatalog(ctx, registry)

	// The registry is read-only from here on.
	driver := bridge.New(storageDriver, bridge.Options{PruneDirectories: true})
	report, err := blobsweep.Collect(ctx, driver, blobsweep.Options{
		DeleteUntagged: true,
		Offline:        true,
		Registry:       driver.Name(),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("collected:", report.Registry)
	fmt.Println("manifests:", report.Manifests.Removed, "of", report.Manifests.Total)
	fmt.Println("layer links:", report.LayerLinks.Removed, "of", report.LayerLinks.Total)
	fmt.Println("blobs:", report.Blobs.Removed, "of", report.Blobs.Total)
	printCatalog(ctx, registry)
	// Output:
	// in the catalog: old/prototype
	// in the catalog: shop/web
	// collected: inmemory
	// manifests: 2 of 3
	// layer links: 4 of 7
	// blobs: 6 of 10
	// in the catalog: shop/web
}

// A fork that calls upstream's collector changes an import and nothing else:
// compat takes the place of registry/storage.
func Example_dropIn() {
	ctx := context.Background()
	registry, storageDriver := sampleRegistry(ctx)
	printCatalog(ctx, registry)

	opts := compat.GCOpts{DryRun: false, RemoveUntagged: true}
	if err := compat.MarkAndSweep(ctx, storageDriver, registry, opts); err != nil {
		log.Fatal(err)
	}
	fmt.Println("collected")
	printCatalog(ctx, registry)
	// Output:
	// in the catalog: old/prototype
	// in the catalog: shop/web
	// collected
	// in the catalog: shop/web
}
