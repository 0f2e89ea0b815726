package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/bench/result"
)

func TestPlots(t *testing.T) {
	all := plots(sample())
	for _, name := range []string{plotTime, plotMemory, plotTags, plotShapes} {
		picture, ok := all[name]
		if !ok {
			t.Errorf("no %s", name)
			continue
		}
		golden(t, "benchmarks/"+name, picture)
		for decoder := xml.NewDecoder(strings.NewReader(string(picture))); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s is no XML: %v", name, err)
			}
		}
		for _, wrong := range []string{"NaN", "Inf", "%!"} {
			if strings.Contains(string(picture), wrong) {
				t.Errorf("%s has %s", name, wrong)
			}
		}
	}
}

func TestPlotsOfWhatThereIs(t *testing.T) {
	if all := plots(result.Document{}); len(all) != 0 {
		t.Errorf("%d plots of nothing", len(all))
	}
	d := sample()
	d.Comparisons = d.Comparisons[:1] // one size makes no curve
	all := plots(d)
	if _, ok := all[plotShapes]; !ok || len(all) != 1 {
		t.Errorf("%d plots of one comparison", len(all))
	}
}

func TestAxes(t *testing.T) {
	for _, test := range []struct {
		values         []float64
		low, high      float64
		ticks, minors  int
		first, printed string
	}{
		{[]float64{0.0042, 120}, 0.002, 200, 5, 39, "10 ms", "0.1 s"},
		{[]float64{3, 9}, 2, 10, 3, 6, "2 s", "5 s"},
		{[]float64{7, 7}, 5, 10, 2, 4, "5 s", "10 s"},
		{[]float64{1, 10}, 1, 10, 4, 6, "1 s", "2 s"},
	} {
		a := decimal("", test.values, tickSeconds)
		if a.low != test.low || a.high != test.high || len(a.ticks) != test.ticks || len(a.minor) != test.minors ||
			a.format(a.ticks[0]) != test.first || a.format(a.ticks[1]) != test.printed {
			t.Errorf("%v: from %v to %v, ticks %v, minor %v", test.values, a.low, a.high, a.ticks, a.minor)
		}
		if from, to := a.at(a.low, 10, 20), a.at(a.high, 10, 20); from != 10 || to != 20 {
			t.Errorf("%v: the ends are at %v and %v", test.values, from, to)
		}
	}
	a := binary("", []float64{20 << 20, 900 << 20}, bytes)
	if a.low != 16<<20 || a.high != 1<<30 || a.format(a.ticks[0]) != "16 MiB" {
		t.Errorf("from %v to %v, ticks %v", a.low, a.high, a.ticks)
	}
}
