package inventory

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// keys is a flat store of which nothing is asked but its listing.
type keys []string

func (k keys) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		from, _ := slices.BinarySearch(k, max(prefix, opts.StartAfter))
		for _, key := range k[from:] {
			if key > opts.StartAfter && !yield(storage.Object{Key: key, Size: 100, ModTime: listed}, ctx.Err()) {
				return
			}
		}
	}
}

func (k keys) Get(_ context.Context, key string, _ int64) ([]byte, error) {
	return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrNotFound}
}

func (k keys) Stat(_ context.Context, key string) (storage.Object, error) {
	return storage.Object{}, &storage.Error{Op: "stat", Key: key, Err: storage.ErrNotFound}
}

var listed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// BenchmarkFlat makes repositories and blobs of a listing of 100,000 keys.
func BenchmarkFlat(b *testing.B) {
	const n = 100_000
	random := rand.New(rand.NewPCG(1, 2))
	encoded := func() string {
		var sum [32]byte
		for at := 0; at < len(sum); at += 8 {
			binary.BigEndian.PutUint64(sum[at:], random.Uint64())
		}
		return hex.EncodeToString(sum[:])
	}
	var blobs, links keys
	for i := range n {
		digits := encoded()
		blobs = append(blobs, layout.Blobs+"sha256/"+digits[:2]+"/"+digits+"/data")
		links = append(links, layout.Repository(fmt.Sprintf("team/app-%03d", i/500))+"_layers/sha256/"+encoded()+"/link")
	}
	slices.Sort(blobs)
	slices.Sort(links)
	walker := func(k keys) *Walker {
		return &Walker{
			Reader: k, Pool: parallel.New(1),
			OnStranger: func(s Stranger) { b.Errorf("a stranger: %s", s.Key) }, OnMarker: func(storage.Object) {},
		}
	}
	measure := func(name string, walk func(count *atomic.Int64) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var count atomic.Int64
				if err := walk(&count); err != nil || count.Load() != n {
					b.Fatalf("%d keys, %v", count.Load(), err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/key")
		})
	}
	measure("blobs", func(count *atomic.Int64) error {
		return walker(blobs).Blobs(b.Context(), func(_ context.Context, d BlobDir) error {
			count.Add(int64(len(d.Blobs)))
			return nil
		})
	})
	measure("repositories", func(count *atomic.Int64) error {
		_, err := walker(links).Repositories(b.Context(), func(_ context.Context, r *Repository) error {
			count.Add(int64(len(r.Layers)))
			return nil
		})
		return err
	})
}
