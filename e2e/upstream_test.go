package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/opencontainers/go-digest"
	"github.com/sirupsen/logrus"
)

func TestMain(m *testing.M) {
	logrus.SetOutput(io.Discard) // the registry logs through it
	// Flags of the command line have the last word.
	err := errors.Join(forgetAWS(), flag.Set("rapid.checks", "500"), flag.Set("rapid.nofailfile", "true"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := errors.Join(stopGateway(), removeCommand()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// forgetAWS clears the environment of what the SDKs look for in it. The older
// one would also change Go's shared HTTP client as AWS_CA_BUNDLE says.
func forgetAWS() error {
	var errs []error
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			errs = append(errs, os.Unsetenv(name))
		}
	}
	return errors.Join(errs...)
}

// upstreamDrivers are Distribution's own drivers, each over a new storage.
var upstreamDrivers = map[string]func(t testing.TB) driver.StorageDriver{
	"inmemory":   func(testing.TB) driver.StorageDriver { return inmemory.New() },
	"filesystem": func(t testing.TB) driver.StorageDriver { return onDisk(t.TempDir()) },
}

func onDisk(root string) driver.StorageDriver {
	return filesystem.New(filesystem.DriverParameters{RootDirectory: root, MaxThreads: 100})
}

// fill writes a tree through a driver, which sets the times.
func fill(d driver.StorageDriver, tree *fixture.Tree) error {
	for key, file := range tree.Files {
		if err := d.PutContent(context.Background(), "/"+key, file.Content); err != nil {
			return err
		}
	}
	return nil
}

// keys lists every file of a driver, by a walk that is not blobsweep's.
func keys(d driver.StorageDriver) ([]string, error) {
	var keys []string
	err := d.Walk(context.Background(), "/", func(info driver.FileInfo) error {
		if !info.IsDir() {
			keys = append(keys, info.Path()[1:])
		}
		return nil
	})
	slices.Sort(keys)
	return keys, err
}

// blobs lists the digests of a driver's blobs.
func blobs(d driver.StorageDriver) (map[digest.Digest]bool, error) {
	found := map[digest.Digest]bool{}
	all, err := keys(d)
	for _, key := range all {
		if p, ok := layout.Parse(key); ok && p.Kind == layout.BlobData {
			found[p.Digest] = true
		}
	}
	return found, err
}

// collectUpstream runs the collector that the registry carries.
func collectUpstream(d driver.StorageDriver, dryRun, removeUntagged bool) error {
	ctx := context.Background()
	registry, err := storage.NewRegistry(ctx, d, storage.EnableDelete)
	if err != nil {
		return err
	}
	return storage.MarkAndSweep(ctx, d, registry, storage.GCOpts{
		DryRun:         dryRun,
		RemoveUntagged: removeUntagged,
		Quiet:          true,
	})
}
