// Package treemap lays rectangles out so that their areas are as their weights,
// none overlaps another, all fill their frame, and each is as square as can be:
// the squarified treemaps of Bruls, Huizing and van Wijk (2000).
package treemap

// Rectangle is a part of the plane. Its corner is the one with the least
// coordinates.
type Rectangle struct{ X, Y, Width, Height float64 }

// Layout returns a rectangle for each weight. Weights that descend give the best
// shapes. One that is not positive gets no area. It takes time in proportion to
// their number.
func Layout(frame Rectangle, weights []int64) []Rectangle {
	total := 0.0
	for _, w := range weights {
		total += float64(max(w, 0))
	}
	all := make([]Rectangle, len(weights))
	if total == 0 || frame.Width <= 0 || frame.Height <= 0 {
		return all
	}
	areas := make([]float64, len(weights))
	for i, w := range weights {
		areas[i] = float64(max(w, 0)) * (frame.Width * frame.Height / total)
	}
	for first := 0; first < len(areas) && frame.Width > 0 && frame.Height > 0; { // too little for a float is nothing
		side := min(frame.Width, frame.Height)
		end, sum := row(areas, first, side)
		if end == len(areas) || sum > frame.Width*frame.Height {
			sum = frame.Width * frame.Height // what was rounded off goes to the last row
		}
		frame = fill(frame, areas[first:end], sum, all[first:end])
		first = end
	}
	return all
}

// row takes areas in as long as the least square of them does not get worse.
func row(areas []float64, first int, side float64) (end int, sum float64) {
	least, most, worst := areas[first], areas[first], 0.0
	for end = first; end < len(areas); end++ {
		a := areas[end]
		with := sum + a
		ratio := ratio(min(least, a), max(most, a), with, side)
		if end > first && a > 0 && ratio > worst {
			return end, sum
		}
		if a > 0 {
			least, most, worst = min(least, a), max(most, a), ratio
		}
		sum = with
	}
	return end, sum
}

// ratio is how far from a square the worst rectangle of a row is: 1 is a square.
func ratio(least, most, sum, side float64) float64 {
	if least <= 0 || side <= 0 {
		return 0
	}
	square := side * side
	return max(square*most/(sum*sum), sum*sum/(square*least))
}

// fill lays a row along the shorter side of the frame, and returns the rest of
// the frame.
func fill(frame Rectangle, areas []float64, sum float64, to []Rectangle) Rectangle {
	own := 0.0 // the sum may hold what was rounded off
	for _, a := range areas {
		own += a
	}
	if own == 0 {
		return frame
	}
	at := 0.0
	if frame.Width >= frame.Height {
		width := min(sum/frame.Height, frame.Width)
		for i, a := range areas {
			height := frame.Height * a / own
			to[i] = Rectangle{frame.X, frame.Y + at, width, height}
			at += height
		}
		return Rectangle{frame.X + width, frame.Y, frame.Width - width, frame.Height}
	}
	height := min(sum/frame.Width, frame.Height)
	for i, a := range areas {
		width := frame.Width * a / own
		to[i] = Rectangle{frame.X + at, frame.Y, width, height}
		at += width
	}
	return Rectangle{frame.X, frame.Y + height, frame.Width, frame.Height - height}
}
