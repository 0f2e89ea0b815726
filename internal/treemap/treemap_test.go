package treemap

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// check holds a layout against what the package promises.
func check(t *testing.T, frame Rectangle, weights []int64) {
	t.Helper()
	const slack = 1e-6
	total := 0.0
	for _, w := range weights {
		total += float64(max(w, 0))
	}
	all := Layout(frame, weights)
	if len(all) != len(weights) {
		t.Fatalf("%d rectangles for %d weights", len(all), len(weights))
	}
	area := frame.Width * frame.Height
	for i, r := range all {
		want := 0.0
		if total > 0 {
			want = float64(max(weights[i], 0)) / total * area
		}
		if got := r.Width * r.Height; math.IsNaN(got) || math.Abs(got-want) > slack*area {
			t.Errorf("rectangle %d of weight %d has area %v, want %v", i, weights[i], got, want)
		}
		if want == 0 {
			continue
		}
		if r.X < frame.X-slack || r.Y < frame.Y-slack || r.X+r.Width > frame.X+frame.Width+slack || r.Y+r.Height > frame.Y+frame.Height+slack {
			t.Errorf("rectangle %d sticks out: %+v of %+v", i, r, frame)
		}
		for j, o := range all[:i] {
			width := min(r.X+r.Width, o.X+o.Width) - max(r.X, o.X)
			height := min(r.Y+r.Height, o.Y+o.Height) - max(r.Y, o.Y)
			if width > slack*frame.Width && height > slack*frame.Height {
				t.Errorf("rectangles %d and %d overlap: %+v %+v", j, i, o, r)
			}
		}
	}
}

func TestLayoutOfRandomWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		weights := make([]int64, random.IntN(60))
		for i := range weights {
			weights[i] = int64(math.Exp(random.Float64() * 30)) // from bytes to terabytes
			if random.IntN(10) == 0 {
				weights[i] = 0
			}
		}
		if random.IntN(2) == 0 {
			slices.SortFunc(weights, func(a, b int64) int { return cmp.Compare(b, a) })
		}
		check(t, Rectangle{random.Float64() * 10, random.Float64() * 10, 1 + random.Float64()*1000, 1 + random.Float64()*1000}, weights)
	}
}

func TestLayoutOfFew(t *testing.T) {
	frame := Rectangle{0, 0, 16, 9}
	for _, weights := range [][]int64{nil, {}, {0}, {0, 0}, {5}, {-3, 5}, {0, 7, 0}, {7, 0, 0}, {1, 1}, {math.MaxInt64 / 2, 1, 1}} {
		check(t, frame, weights)
	}
	for _, r := range Layout(Rectangle{0, 0, 0, 9}, []int64{1, 2}) {
		if r != (Rectangle{}) {
			t.Errorf("something in no frame: %+v", r)
		}
	}
}

// Rectangles are near to squares, which is what the method is for. The example
// is that of the paper.
func TestLayoutIsSquarish(t *testing.T) {
	all := Layout(Rectangle{0, 0, 6, 4}, []int64{6, 6, 4, 3, 2, 2, 1})
	if want := (Rectangle{0, 0, 3, 2}); all[0] != want {
		t.Errorf("the first is %+v, want %+v", all[0], want)
	}
	for i, r := range all {
		if aspect := max(r.Width/r.Height, r.Height/r.Width); aspect > 3 {
			t.Errorf("rectangle %d has an aspect of %.1f", i, aspect)
		}
	}
}
