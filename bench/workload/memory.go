package workload

import (
	"context"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/distribution/distribution/v3/registry/storage/driver"
)

// Memory is a Sink that fills a driver of blobsweep's that keeps objects in
// memory.
func Memory(d *memory.Driver) Sink { return memorySink{d} }

type memorySink struct{ driver *memory.Driver }

// Put implements [Sink].
func (s memorySink) Put(ctx context.Context, o Object) error {
	return s.driver.Put(ctx, o.Key, o.Content, o.ModTime)
}

// StorageDriver is a Sink that fills any storage driver of Distribution, below
// its own root. The times of the objects are those of writing.
func StorageDriver(d driver.StorageDriver) Sink { return storageSink{d} }

type storageSink struct{ driver driver.StorageDriver }

// Put implements [Sink].
func (s storageSink) Put(ctx context.Context, o Object) error {
	return s.driver.PutContent(ctx, "/"+o.Key, o.Content)
}

// Workers implements [Parallel].
func (s storageSink) Workers() int { return 4 }
