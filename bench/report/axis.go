package report

import (
	"math"
	"slices"
)

// axis is a logarithmic scale.
type axis struct {
	label     string
	low, high float64
	ticks     []float64 // labelled
	minor     []float64
	format    func(float64) string
}

// at tells where a value lies between two ends of the axis.
func (a axis) at(value, from, to float64) float64 {
	return from + (to-from)*math.Log(value/a.low)/math.Log(a.high/a.low)
}

// decimal is an axis whose ends are 1, 2 or 5 times a power of ten, around
// values that are above zero.
func decimal(label string, values []float64, format func(float64) string) axis {
	a := axis{label: label, format: format}
	around := stepsAround(values, 10, 1, 2, 5)
	a.low, a.high = around[0], around[len(around)-1]
	a.ticks = around
	if a.high/a.low >= 100 {
		a.ticks = slices.DeleteFunc(around, func(s float64) bool { return !whole(math.Log10(s)) })
	}
	for _, s := range steps(a.low, a.high, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9) {
		if s > a.low && s < a.high && !slices.Contains(a.ticks, s) {
			a.minor = append(a.minor, s)
		}
	}
	return a
}

// binary is an axis for bytes, whose ends are powers of two.
func binary(label string, values []float64, format func(float64) string) axis {
	around := stepsAround(values, 2, 1)
	a := axis{label: label, format: format, low: around[0], high: around[len(around)-1], ticks: around}
	if len(around) > 6 {
		a.ticks = slices.DeleteFunc(slices.Clone(around), func(s float64) bool { return !whole(math.Log2(s) / 2) })
		a.minor = slices.DeleteFunc(slices.Clone(around), func(s float64) bool { return slices.Contains(a.ticks, s) })
	}
	return a
}

func whole(n float64) bool { return math.Abs(n-math.Round(n)) < 1e-9 }

// stepsAround returns the multiples of powers of a base that enclose the values,
// at least two.
func stepsAround(values []float64, base float64, multiples ...float64) []float64 {
	low, high := slices.Min(values), slices.Max(values)
	all := steps(low/base, high*base, base, multiples...)
	from, to := 0, len(all)-1
	for from+1 < len(all) && all[from+1] <= low {
		from++
	}
	for to > from+1 && all[to-1] >= high {
		to--
	}
	return all[from : to+1]
}

// steps returns the multiples of powers of a base from one power below or at low
// to one above or at high.
func steps(low, high, base float64, multiples ...float64) []float64 {
	first := math.Floor(math.Log(low) / math.Log(base))
	last := math.Ceil(math.Log(high) / math.Log(base))
	var all []float64
	for power := first; power <= last; power++ {
		for _, m := range multiples {
			// Powers below one are divided by, so that 0.1 is the number nearest.
			if power < 0 {
				all = append(all, m/math.Pow(base, -power))
			} else {
				all = append(all, m*math.Pow(base, power))
			}
		}
	}
	return all
}
