package scale

import (
	"testing"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// BenchmarkDriver tells what making a registry up costs, which is a part of
// what a plan is measured to take.
func BenchmarkDriver(b *testing.B) {
	d, err := New(b.Context(), 100_000)
	if err != nil {
		b.Fatal(err)
	}
	for name, prefix := range map[string]string{"blobs": layout.Blobs, "repositories": layout.Repositories} {
		b.Run("list/"+name, func(b *testing.B) {
			keys := 0
			for b.Loop() {
				for _, err := range d.List(b.Context(), prefix, storage.ListOptions{}) {
					if err != nil {
						b.Fatal(err)
					}
					keys++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(keys), "ns/key")
		})
	}
	b.Run("manifest", func(b *testing.B) {
		image := int64(0)
		for b.Loop() {
			d.manifests.appendText(nil, image)
			image = (image + 1) % d.shape.manifests()
		}
	})
}
