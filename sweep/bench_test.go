package sweep_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// willing confirms every deletion and does nothing.
type willing struct{ *memory.Driver }

func (willing) Delete(context.Context, ...string) error { return nil }

// BenchmarkExecute removes 10,000 blobs and as many layer links, in batches, from
// a backend that takes no time.
func BenchmarkExecute(b *testing.B) {
	const n = 10_000
	d := willing{memory.New()}
	for i := range n {
		of := digest.FromString(fmt.Sprint(i))
		for _, p := range []layout.Path{
			{Kind: layout.BlobData, Digest: of},
			{Kind: layout.LayerLink, Repository: fmt.Sprintf("team/app-%d", i%100), Digest: of},
		} {
			key, err := p.Key()
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Put(b.Context(), key, []byte("x"), old); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		plan, err := sweep.New(b.Context(), d, sweep.Options{Offline: true})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := plan.Execute(b.Context(), d); err != nil {
			b.Fatal(err)
		}
		if got := plan.Counts(); got.Blobs.Removed != n || got.LayerLinks.Removed != n {
			b.Fatalf("removed %+v", got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*2*n), "ns/key")
}
