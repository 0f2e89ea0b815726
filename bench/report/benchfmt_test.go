package report

import (
	"math"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
)

// What is written is read back by the package that benchstat reads with.
func TestBenchfmtIsReadBack(t *testing.T) {
	d := sample()
	var b strings.Builder
	if err := Benchfmt(&b, d); err != nil {
		t.Fatal(err)
	}
	reader := benchfmt.NewReader(strings.NewReader(b.String()), "results.txt")
	for _, c := range d.Comparisons {
		for _, run := range c.Runs {
			if !reader.Scan() {
				t.Fatalf("ends before a run of %s: %v", c.Name(), reader.Err())
			}
			line, ok := reader.Result().(*benchfmt.Result)
			if !ok {
				t.Fatalf("not a result: %v", reader.Result())
			}
			if got := line.GetConfig("goos") + " " + line.GetConfig("goarch") + " " + line.GetConfig("medium"); got != "linux amd64 "+c.Medium {
				t.Errorf("%s: configuration %s", c.Name(), got)
			}
			_, parts := line.Name.Parts()
			if last := string(parts[len(parts)-1]); last != "/collector="+string(run.Collector) {
				t.Errorf("%s: the last part of the name is %s", c.Name(), last)
			}
			want := map[string]float64{"syscalls/op": float64(run.SystemCalls)}
			if run.SystemCalls == 0 {
				want = map[string]float64{"sec/op": run.Wall, "cpu-sec/op": run.CPU, "peak-B": float64(run.Peak)}
			}
			for unit, value := range want {
				if got, ok := line.Value(unit); !ok || math.Abs(got-value) > value*1e-9 {
					t.Errorf("%s: %v %s, want %v", c.Name(), got, unit, value)
				}
			}
			if _, counted := line.Value("requests/op"); counted != (run.Requests > 0) {
				t.Errorf("%s: requests counted: %v", c.Name(), counted)
			}
		}
	}
	if reader.Scan() {
		t.Errorf("more than there is: %v", reader.Result())
	}
	if err := Benchfmt(broken{}, d); err == nil {
		t.Error("an error of the writer is lost")
	}
}
