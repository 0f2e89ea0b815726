package inventory

import (
	"context"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
)

// How many files of a directory are described at a time: few where workers are
// idle, as on a network filesystem each costs a round trip; and many where they
// are busy, as each portion opens the directory.
const (
	fewest = 8
	most   = 512
)

// DescribeEach describes the file in each directory that is named after one of
// the links, below prefix, with all workers that are free.
func DescribeEach(ctx context.Context, r storage.Reader, pool *parallel.Pool, prefix string, links []Link, file string) ([]storage.Described, error) {
	names := make([]string, len(links))
	for i, l := range links {
		names[i] = l.Hex
	}
	portion := min(max(len(names)/(pool.Free()+1), fewest), most)
	if len(names) <= portion {
		return storage.StatEach(ctx, r, prefix, names, file)
	}
	all := make([]storage.Described, len(names))
	err := pool.ForEach(ctx, (len(names)+portion-1)/portion, func(ctx context.Context, i int) error {
		first := i * portion
		described, err := storage.StatEach(ctx, r, prefix, names[first:min(len(names), first+portion)], file)
		copy(all[first:], described)
		return err
	})
	return all, err
}
