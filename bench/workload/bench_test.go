package workload

import (
	"fmt"
	"testing"
)

// BenchmarkNew plans registries; it reports how many blobs a second.
func BenchmarkNew(b *testing.B) {
	spec := Spec{Shape: "typical", Blobs: 100_000}
	for b.Loop() {
		if _, err := New(spec); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(spec.Blobs*b.N)/b.Elapsed().Seconds(), "blobs/s")
}

// BenchmarkObjects makes the objects of a registry one by one and drops them.
func BenchmarkObjects(b *testing.B) {
	w := plan(b, Spec{Shape: "typical", Blobs: 100_000})
	objects := 0
	b.ReportAllocs()
	for b.Loop() {
		for range w.Objects() {
			objects++
		}
	}
	b.ReportMetric(float64(objects)/b.Elapsed().Seconds(), "objects/s")
}

// BenchmarkTruth tells what each mode removes.
func BenchmarkTruth(b *testing.B) {
	w := plan(b, Spec{Shape: "typical", Blobs: 100_000})
	for b.Loop() {
		if w.Truth().Default.Len() == 0 {
			b.Fatal("nothing is removed")
		}
	}
}

// BenchmarkLay writes registries to a disk.
func BenchmarkLay(b *testing.B) {
	w := plan(b, Spec{Shape: "typical", Blobs: 5_000})
	objects, round, root := 0, 0, b.TempDir()
	for b.Loop() {
		round++
		n, err := Lay(b.Context(), w, Dir(fmt.Sprintf("%s/%d", root, round)))
		if err != nil {
			b.Fatal(err)
		}
		objects += n
	}
	b.ReportMetric(float64(objects)/b.Elapsed().Seconds(), "objects/s")
}
