package report

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/bench/result"
)

func TestTable(t *testing.T) {
	d := sample()
	pick := slices.DeleteFunc(d.Comparisons, func(c result.Comparison) bool {
		return c.Blobs != 200000 && c.DelaySeconds == 0
	})
	var b strings.Builder
	if err := Table(&b, pick); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", []byte(b.String()))
}

func TestTableOfOneCollector(t *testing.T) {
	c := result.Comparison{Storage: "filesystem", Shape: "small", Blobs: 7, Runs: []result.Run{{Collector: result.Blobsweep, Wall: 0.5}}}
	var b strings.Builder
	if err := Table(&b, []result.Comparison{c}); err != nil {
		t.Fatal(err)
	}
	want := `filesystem/small/7/default/dry-run
  7 blobs, 0 manifests, 0 tags
  commit not known; runs: blobsweep 1
  collector     wall     from       to
  blobsweep  0.500 s  0.500 s  0.500 s
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestErrorsOfTheWriter(t *testing.T) {
	if err := Table(broken{}, sample().Comparisons); !errors.Is(err, errBroken) {
		t.Errorf("table: %v", err)
	}
}

func TestSeconds(t *testing.T) {
	for s, want := range map[float64]string{
		2.5e-9: "2.50 ns", 0.000842: "842 µs", 0.0351: "35.1 ms", 0.1: "0.100 s", 0.842: "0.842 s", 1: "1.00 s",
		9.996: "10.0 s", 20: "20.0 s", 99.96: "100 s", 322.4: "322 s", 1234.4: "1,234 s",
	} {
		if got := seconds(s); got != want {
			t.Errorf("%v: %s, want %s", s, got, want)
		}
	}
}
