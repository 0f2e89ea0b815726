package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/distribution"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
)

// TestConformance holds the bridge, over Distribution's own drivers, to the
// contract that all drivers of blobsweep keep.
func TestConformance(t *testing.T) {
	t.Parallel()
	run := func(name string, open func(t *testing.T) (driver.StorageDriver, putFunc)) {
		t.Run(name, func(t *testing.T) {
			storagetest.TestDriver(t, func(t *testing.T) storagetest.Harness {
				d, put := open(t)
				return storagetest.Harness{
					Driver: distribution.New(anyName{d}, distribution.Options{PruneDirectories: true}),
					Put: func(ctx context.Context, key string, content []byte, _ time.Time) error {
						return put(ctx, encode("/"+key), content)
					},
				}
			})
		})
	}
	run("inmemory", func(*testing.T) (driver.StorageDriver, putFunc) {
		d := inmemory.New()
		return wholeReads{d}, d.PutContent
	})
	run("filesystem", func(t *testing.T) (driver.StorageDriver, putFunc) {
		root := t.TempDir()
		return onDisk(root), func(_ context.Context, path string, content []byte) error {
			// The driver's own PutContent waits for the disk.
			name := filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				return err
			}
			return os.WriteFile(name, content, 0o644)
		}
	})
}

type putFunc func(ctx context.Context, path string, content []byte) error

// wholeReads reads at once what the driver in memory would read while it is being
// replaced, as no other backend does.
type wholeReads struct{ driver.StorageDriver }

func (d wholeReads) Reader(ctx context.Context, path string, offset int64) (io.ReadCloser, error) {
	content, err := d.GetContent(ctx, path)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(content[min(offset, int64(len(content))):])), nil
}

// anyName lets a driver take keys of any bytes, as the suite has them.
// Distribution's drivers refuse all that is not in [A-Za-z0-9._/-], so other
// bytes, and the underscore, are written as an underscore and two digits.
type anyName struct{ driver.StorageDriver }

func encode(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c != '_' && (c == '/' || driver.PathRegexp.MatchString("/"+string(rune(c))) && c < 0x80) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}

func decode(path string) (string, error) {
	before, rest, ok := strings.Cut(path, "_")
	if !ok {
		return path, nil
	}
	if len(rest) < 2 {
		return "", fmt.Errorf("%q is not encoded", path)
	}
	c, err := strconv.ParseUint(rest[:2], 16, 8)
	if err != nil {
		return "", err
	}
	after, err := decode(rest[2:])
	return before + string([]byte{byte(c)}) + after, err
}

func (d anyName) PutContent(ctx context.Context, path string, content []byte) error {
	return d.StorageDriver.PutContent(ctx, encode(path), content)
}

func (d anyName) Reader(ctx context.Context, path string, offset int64) (io.ReadCloser, error) {
	return d.StorageDriver.Reader(ctx, encode(path), offset)
}

func (d anyName) Stat(ctx context.Context, path string) (driver.FileInfo, error) {
	return d.StorageDriver.Stat(ctx, encode(path))
}

func (d anyName) List(ctx context.Context, path string) ([]string, error) {
	children, err := d.StorageDriver.List(ctx, encode(path))
	for i := range children {
		if err == nil {
			children[i], err = decode(children[i])
		}
	}
	return children, err
}

func (d anyName) Delete(ctx context.Context, path string) error {
	return d.StorageDriver.Delete(ctx, encode(path))
}
