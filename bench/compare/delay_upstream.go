package compare

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/distribution/distribution/v3/registry/storage/driver"
)

// slowUpstream adds a delay to each operation of Distribution's driver of
// filesystems, and counts them.
type slowUpstream struct {
	driver.StorageDriver
	delay      time.Duration
	operations atomic.Int64
}

func (s *slowUpstream) wait() {
	s.operations.Add(1)
	time.Sleep(s.delay)
}

func (s *slowUpstream) GetContent(ctx context.Context, path string) ([]byte, error) {
	s.wait()
	return s.StorageDriver.GetContent(ctx, path)
}

func (s *slowUpstream) Reader(ctx context.Context, path string, offset int64) (io.ReadCloser, error) {
	s.wait()
	return s.StorageDriver.Reader(ctx, path, offset)
}

func (s *slowUpstream) Stat(ctx context.Context, path string) (driver.FileInfo, error) {
	s.wait()
	return s.StorageDriver.Stat(ctx, path)
}

func (s *slowUpstream) List(ctx context.Context, path string) ([]string, error) {
	s.wait()
	return s.StorageDriver.List(ctx, path)
}

func (s *slowUpstream) Delete(ctx context.Context, path string) error {
	s.wait()
	return s.StorageDriver.Delete(ctx, path)
}

// Walk is that of the driver of filesystems, by operations that are delayed.
func (s *slowUpstream) Walk(ctx context.Context, path string, f driver.WalkFn, options ...func(*driver.WalkOptions)) error {
	return driver.WalkFallback(ctx, s, path, f, options...)
}
