package result

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func typical() Comparison {
	return Comparison{
		Storage: "filesystem", Medium: "ext4", Shape: "typical", Seed: 1, Blobs: 200000,
		Runs: []Run{
			{Collector: Upstream, Wall: 30, CPU: 31, Peak: 300},
			{Collector: Blobsweep, Wall: 3, CPU: 4, Peak: 30, Requests: 7},
			{Collector: Blobsweep, Wall: 1, CPU: 2, Peak: 10, Requests: 7},
			{Collector: Blobsweep, Wall: 2, CPU: 3, Peak: 20, Requests: 7},
			{Collector: Blobsweep, Wall: 100, CPU: 90, Peak: 99, SystemCalls: 1000},
			{Collector: Upstream, Wall: 10, CPU: 11, Peak: 100},
		},
	}
}

func TestMediansLeaveOutRunsWithCountedCalls(t *testing.T) {
	c := typical()
	for _, test := range []struct {
		who  Collector
		what func(Run) float64
		want float64
	}{
		{Blobsweep, Wall, 2}, {Blobsweep, CPU, 3}, {Blobsweep, Peak, 20}, {Blobsweep, Requests, 7},
		{Upstream, Wall, 20}, {Upstream, Peak, 200},
	} {
		if got, ok := c.Median(test.who, test.what); !ok || got != test.want {
			t.Errorf("median of %s: %v %v, want %v", test.who, got, ok, test.want)
		}
	}
	if least, most, ok := c.Spread(Blobsweep, Wall); !ok || least != 1 || most != 3 {
		t.Errorf("spread: %v %v %v", least, most, ok)
	}
	if calls, ok := c.Calls(Blobsweep); !ok || calls != 1000 {
		t.Errorf("system calls: %v %v", calls, ok)
	}
	if ratio, ok := c.Ratio(Upstream, Blobsweep, Wall); !ok || ratio != 10 {
		t.Errorf("ratio: %v %v", ratio, ok)
	}
	if got := c.Runs[0].Wall; got != 30 {
		t.Error("the runs were put into another order")
	}
}

func TestWhatWasNotMeasuredIsNotKnown(t *testing.T) {
	c := typical()
	if _, ok := c.Median(Walk, Wall); ok {
		t.Error("a median of no runs")
	}
	if _, _, ok := c.Spread(Walk, Wall); ok {
		t.Error("a spread of no runs")
	}
	if _, ok := c.Calls(Upstream); ok {
		t.Error("system calls that nobody counted")
	}
	if _, ok := c.Ratio(Upstream, Walk, Wall); ok {
		t.Error("a ratio to no runs")
	}
	if _, ok := c.Ratio(Upstream, Blobsweep, Requests); ok {
		t.Error("a ratio of requests that nobody counted")
	}
	c.Runs = c.Runs[4:5]
	if _, ok := c.Median(Blobsweep, Wall); ok {
		t.Error("a median of a run that does not count")
	}
}

func TestNames(t *testing.T) {
	c := typical()
	if got, want := c.Name(), "filesystem/typical/200000/default/dry-run"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	c.Storage, c.DeleteUntagged, c.Execute, c.DelaySeconds, c.Workers = "s3", true, true, 0.005, 4
	if got, want := c.Name(), "s3/typical/200000/delete-untagged/execute/delay=5ms/workers=4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	other := c
	other.Medium = "tmpfs"
	if other.Key() == c.Key() || other.Name() != c.Name() {
		t.Error("another medium is the same work under another name")
	}
	other = c
	other.Commit, other.Runs, other.Manifests = "abc", nil, 5
	if other.Key() != c.Key() {
		t.Error("what was measured makes a difference to the key")
	}
}

func TestCollectorsInTheirOrder(t *testing.T) {
	c := Comparison{Runs: []Run{{Collector: "other"}, {Collector: Walk}, {Collector: Upstream}, {Collector: Walk}, {Collector: Blobsweep}}}
	if diff := cmp.Diff([]Collector{Blobsweep, Upstream, Walk, "other"}, c.Collectors()); diff != "" {
		t.Error(diff)
	}
}

func TestLaterMeasurementsReplaceEarlierOnes(t *testing.T) {
	var d Document
	first, small := typical(), typical()
	small.Blobs = 1000
	d.Put(first)
	d.Put(small)
	again := typical()
	again.Commit = "later"
	d.Put(again)
	for _, blobs := range []int64{1e8, 1e6, 1e7, 1e6} {
		d.PutScale(Scale{Blobs: blobs, Marked: int64(len(d.Scale))})
	}
	if diff := cmp.Diff([]Comparison{again, small}, d.Comparisons); diff != "" {
		t.Error(diff)
	}
	want := []Scale{{Blobs: 1e6, Marked: 3}, {Blobs: 1e7, Marked: 2}, {Blobs: 1e8}}
	if diff := cmp.Diff(want, d.Scale); diff != "" {
		t.Error(diff)
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if d, err := Load(path); err != nil || !cmp.Equal(d, Document{}) {
		t.Errorf("a file that is not there: %v %v", d, err)
	}
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	d := Document{Machine: Machine{Go: "go1.26"}, Comparisons: []Comparison{typical()}, Scale: []Scale{{Blobs: 1e6, MeasuredAt: at.Add(time.Hour)}}}
	d.Comparisons[0].MeasuredAt = at
	for range 2 { // the second replaces the first
		if err := d.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, got); diff != "" {
		t.Error(diff)
	}
	if first, last := got.Measured(); !first.Equal(at) || !last.Equal(at.Add(time.Hour)) {
		t.Errorf("measured from %v to %v", first, last)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := d.Save(filepath.Join(t.TempDir(), "absent", "results.json")); err == nil {
		t.Error("saved in a directory that is not there")
	}
}

func TestLoadRefusesWhatItWouldLose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if err := os.WriteFile(path, []byte(`{"machine": {}, "surprise": 1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "surprise") {
		t.Errorf("an unknown field: %v", err)
	}
}

func TestEmptyListsAreNotNull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if err := (Document{}).Save(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "null") {
		t.Errorf("%s", text)
	}
}
