package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
)

// dataOf is the key of an upload's data.
func dataOf(repository, id string) string { return fixture.Key(upload(repository, id)[1]) }

// multipartCase is a multipart upload of one age.
func multipartCase(name string, age time.Duration, goes bool, opts sweep.Options) lawCase {
	return lawCase{"multipart upload, " + name, func(c *scenario) {
		c.options = opts
		for _, key := range []string{dataOf("app", "u1"), fixture.Key(blob(missing("x").Digest))} {
			if goes {
				c.begun(age, key, "id", 10)
			} else {
				c.beginRecent(age, key, "id")
			}
		}
	}}
}

var multipartTimes = []lawCase{
	multipartCase("any age past the grace", -time.Hour-time.Second, true, sweep.Options{UploadsOlderThan: -1}),
	multipartCase("any age, within the grace", -time.Hour+time.Second, false, sweep.Options{UploadsOlderThan: -1}),
	multipartCase("offline", -time.Second, true, sweep.Options{UploadsOlderThan: -1, Offline: true}),
	multipartCase("offline, exactly at the start", 0, false, sweep.Options{UploadsOlderThan: -1, Offline: true}),
	multipartCase("in the future", time.Hour, false, sweep.Options{UploadsOlderThan: -1, Offline: true}),
	multipartCase("old enough, within a longer grace", -8*day, false, sweep.Options{Grace: 9 * day}),
	{"multipart upload begun at a time that is not known", func(c *scenario) {
		c.beginRecent(0, dataOf("app", "u1"), "id")
		file := c.Files[incomplete(dataOf("app", "u1"), "id")]
		file.ModTime = time.Time{}
		c.Files[incomplete(dataOf("app", "u1"), "id")] = file
	}},
}

func TestLaw06TimeOfMultipartUploads(t *testing.T) { holds(t, with(multipartTimes, inUse)) }

var multipartCases = []lawCase{
	multipartCase("older than a week", -8*day, true, sweep.Options{}),
	multipartCase("exactly a week old", -7*day, false, sweep.Options{}),
	multipartCase("younger than a week", -6*day, false, sweep.Options{}),
	multipartCase("older than asked for", -6*day, true, sweep.Options{UploadsOlderThan: 5 * day}),
	multipartCase("younger than asked for", -8*day, false, sweep.Options{UploadsOlderThan: 9 * day}),
	{"several of a key, each by its own age", func(c *scenario) {
		c.begun(-9*day, dataOf("app", "u1"), "first", 3)
		c.begun(-8*day, dataOf("app", "u1"), "second", 4)
		c.beginRecent(-day, dataOf("app", "u1"), "third")
	}},
	{"with the upload that it belongs to", func(c *scenario) {
		c.Upload("app", "u1", old)
		c.goes(always, upload("app", "u1")...)
		c.begun(-threeWeeks, dataOf("app", "u1"), "id", 3)
	}},
	{"an upload that stays for its age keeps its multipart upload", func(c *scenario) {
		c.Upload("app", "u1", start.Add(-day))
		c.ages(always, upload("app", "u1")...)
		c.beginRecent(-threeWeeks, dataOf("app", "u1"), "id")
		c.begun(-threeWeeks, dataOf("app", "u2"), "id", 3)
		c.begun(-threeWeeks, dataOf("app/nested", "u1"), "id", 3)
	}},
	{"without an ID", func(c *scenario) {
		c.beginRecent(-threeWeeks, dataOf("app", "u1"), "")
	}},
	{"of keys that no registry uploads to", func(c *scenario) {
		for _, key := range []string{
			fixture.Key(revision("app", missing("x").Digest)), fixture.Key(upload("app", "u1")[0]), fixture.Key(upload("app", "u1")[2]),
			layout.Root + "x", repositories + "UPPER/_uploads/u1/data", dataOf("app", "u1") + "/x", layout.Blobs + "sha256/data",
		} {
			c.begin(-threeWeeks, key, "id", 5)
		}
		c.finds(always, mark.Stranger)
	}},
	{"outside of the registry", func(c *scenario) {
		for _, key := range []string{"data", "docker/registry/v1/x", "docker/registry/v2", "docker/registry/v2-old/" + dataOf("app", "u1")} {
			c.begin(-threeWeeks, key, "id", 5)
		}
	}},
	{"more than a page", func(c *scenario) {
		for i := range 1100 {
			c.begun(-threeWeeks, dataOf("app", "u"+strings.Repeat("x", i%100)), fmt.Sprint(i), 1)
		}
	}},
}

// partsCase is a multipart upload begun long ago of which a part arrived at
// some age; at none, its time is not known.
type partsCase struct {
	name string
	ages []time.Duration // from the start of the run; unknown is one
	opts sweep.Options
	goes bool
}

const unknown = time.Duration(1)

// check plans a case, with a directory marker above the upload.
func (c partsCase) check(t *testing.T) {
	t.Helper()
	d := filled(t, func(c *scenario) {
		inUse(c)
		c.marker(repositories+"app/_uploads/u1/", true)
	})
	d.BeginUpload(dataOf("app", "u1"), "id", old, 0)
	for _, age := range c.ages {
		arrived := start.Add(age)
		if age == unknown {
			arrived = time.Time{}
		}
		d.AddPart(dataOf("app", "u1"), "id", arrived, 10)
	}
	c.opts.Now = start
	plan, err := sweep.New(t.Context(), d, c.opts)
	if err != nil {
		t.Fatal(err)
	}
	uploads, dirs := sweep.TotalCounts{Total: 1, Recent: 1}, sweep.DirectoryCounts{}
	if c.goes {
		uploads, dirs = sweep.TotalCounts{Total: 1, Eligible: 1}, sweep.DirectoryCounts{Eligible: 1}
	}
	if got := plan.Counts(); got.MultipartUploads != uploads || got.EmptyDirectories != dirs {
		t.Errorf("%s: multipart uploads %+v, directories %+v", c.name, got.MultipartUploads, got.EmptyDirectories)
	}
	if err := plan.Execute(t.Context(), d); err != nil || (len(d.Uploads()) == 0) != c.goes {
		t.Errorf("%s: %v, left %+v", c.name, err, d.Uploads())
	}
}

// TestLaw06PartsThatStillArrive: the last part tells whether a client is still
// at it.
func TestLaw06PartsThatStillArrive(t *testing.T) {
	anyAge := sweep.Options{UploadsOlderThan: -1}
	for _, c := range []partsCase{
		{"past the grace", []time.Duration{-time.Hour - time.Second}, anyAge, true},
		{"exactly of the grace", []time.Duration{-time.Hour}, anyAge, false},
		{"within the grace", []time.Duration{recently}, anyAge, false},
		{"the first within the grace", []time.Duration{recently, -threeWeeks}, anyAge, false},
		{"within a longer grace", []time.Duration{-8 * day}, sweep.Options{Grace: 9 * day}, false},
		{"at a time not known", []time.Duration{-threeWeeks, unknown}, anyAge, false},
		{"in the future", []time.Duration{time.Hour}, sweep.Options{UploadsOlderThan: -1, Offline: true}, false},
		{"offline", []time.Duration{-time.Second}, sweep.Options{UploadsOlderThan: -1, Offline: true}, true},
	} {
		c.check(t)
	}
}

func TestLaw12PartsThatStillArrive(t *testing.T) {
	for _, c := range []partsCase{
		{"none", nil, sweep.Options{}, true},
		{"older than a week", []time.Duration{-8 * day, -9 * day}, sweep.Options{}, true},
		{"exactly a week old", []time.Duration{-7 * day}, sweep.Options{}, true},
		{"younger than a week", []time.Duration{-9 * day, -6 * day}, sweep.Options{}, true},
		{"older than asked for", []time.Duration{-6 * day}, sweep.Options{UploadsOlderThan: 5 * day}, true},
		{"younger than asked for", []time.Duration{-8 * day}, sweep.Options{UploadsOlderThan: 9 * day}, true},
	} {
		c.check(t)
	}
}

// inUse keeps a registry from being empty.
func inUse(c *scenario) { c.Tag("kept", "v1", c.Image("kept", "x").Digest) }

func TestLaw12MultipartUploads(t *testing.T) { holds(t, with(multipartCases, inUse)) }

// filled returns a store with a tree in it.
func filled(t *testing.T, build func(c *scenario)) *memory.Driver {
	t.Helper()
	return memoryOf(t, newScenario(t, lawCase{"", build}).Tree).driver.(*memory.Driver)
}

// TestLaw12MultipartCandidates: what a plan says of them, and in which order.
func TestLaw12MultipartCandidates(t *testing.T) {
	copied, bytes := missing("x").Digest, 0
	d := filled(t, func(c *scenario) {
		inUse(c)
		c.Upload("app", "u1", old)
		bytes = len(c.Files[dataOf("app", "u1")].Content)
		c.begin(-9*day, dataOf("b", "u2"), "a", 7)
		c.begin(-10*day, dataOf("b", "u2"), "z", 8)
		c.begin(-8*day, fixture.Key(blob(copied)), "copy", 9)
		c.marker(repositories+"left/", true)
	})
	plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start})
	if err != nil {
		t.Fatal(err)
	}
	key := dataOf("b", "u2")
	want := []sweep.Candidate{
		{Kind: sweep.Upload, Repository: "app", Upload: "u1", Bytes: int64(bytes), Reason: "abandoned since 2026-10-21"},
		{Kind: sweep.MultipartUpload, Digest: copied, Key: fixture.Key(blob(copied)), Bytes: 9, Reason: "never completed, begun 2026-11-12"},
		{Kind: sweep.MultipartUpload, Repository: "b", Upload: "u2", Key: key, Bytes: 8, Reason: "never completed, begun 2026-11-10"},
		{Kind: sweep.MultipartUpload, Repository: "b", Upload: "u2", Key: key, Bytes: 7, Reason: "never completed, begun 2026-11-11"},
		{Kind: sweep.EmptyDirectory, Key: repositories + "left/", Reason: "empty"},
	}
	got := slices.Collect(plan.Candidates())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
	if c := plan.Counts().Bytes; c.Reclaimable != 0 {
		t.Errorf("bytes of blobs are %+v", c)
	}
}

// TestLaw12StrangersAreCountedByKey: a key may have several multipart uploads.
func TestLaw12StrangersAreCountedByKey(t *testing.T) {
	d := filled(t, func(c *scenario) {
		inUse(c)
		for _, id := range []string{"1", "2", "3"} {
			c.begin(-threeWeeks, repositories+"app/x", id, 1)
		}
		c.begin(-threeWeeks, repositories+"app/y", "1", 1)
	})
	plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start})
	if err != nil {
		t.Fatal(err)
	}
	if c := plan.Counts(); c.Strangers != 2 || len(plan.Findings()) != 2 || c.MultipartUploads != (sweep.TotalCounts{}) {
		t.Errorf("got %+v with %+v", c, plan.Findings())
	}
}

// TestLaw12GoneMultipartUploads: one that is gone when its size is asked for,
// twice, was none.
func TestLaw12GoneMultipartUploads(t *testing.T) {
	for asked, want := range map[int]sweep.TotalCounts{1: {Total: 2, Eligible: 2}, 2: {Total: 1, Eligible: 1}} {
		d := filled(t, addTwo)
		times := 0
		faulty := storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
			if op.Kind == "parts" && op.Key == dataOf("app", "u1") {
				times++
				return storagetest.Fault{NotFound: times <= asked}
			}
			return storagetest.Fault{}
		})
		plan, err := sweep.New(t.Context(), faulty, sweep.Options{Now: start})
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Counts().MultipartUploads; got != want || times != 2 {
			t.Errorf("not found %d times of %d: got %+v, want %+v", asked, times, got, want)
		}
	}
}

func addTwo(c *scenario) {
	inUse(c)
	c.begin(-threeWeeks, dataOf("app", "u1"), "id", 5)
	c.begin(-threeWeeks, dataOf("app", "u2"), "id", 5)
}

// TestLaw12WithoutMultipartUploads: a backend that has none, or says so when it
// is asked, is as good as any; and where directories are real nobody asks.
func TestLaw12WithoutMultipartUploads(t *testing.T) {
	for _, kind := range []string{"uploads", "parts"} {
		d := storagetest.Inject(filled(t, addTwo), func(op storagetest.Op) storagetest.Fault {
			if op.Kind == kind {
				return storagetest.Fault{Err: errors.ErrUnsupported}
			}
			return storagetest.Fault{}
		})
		plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start})
		if err != nil {
			t.Errorf("%s are not supported: %v", kind, err)
		} else if c := plan.Counts().MultipartUploads; c != (sweep.TotalCounts{}) || len(plan.Findings()) > 0 {
			t.Errorf("%s are not supported: got %+v, %+v", kind, c, plan.Findings())
		}
	}
	asked := 0
	tree := storagetest.Inject(filesystemOf(t, newScenario(t, everything).Tree).driver, func(op storagetest.Op) storagetest.Fault {
		if op.Kind == "uploads" {
			asked++
		}
		return storagetest.Fault{}
	})
	if _, err := sweep.New(t.Context(), tree, sweep.Options{Now: start}); err != nil || asked > 0 {
		t.Errorf("a filesystem was asked %d times: %v", asked, err)
	}
}

// twice lists every multipart upload two times.
type twice struct{ *memory.Driver }

func (d twice) ListMultipartUploads(ctx context.Context, prefix string) iter.Seq2[storage.MultipartUpload, error] {
	return func(yield func(storage.MultipartUpload, error) bool) {
		for range 2 {
			for u, err := range d.Driver.ListMultipartUploads(ctx, prefix) {
				if !yield(u, err) {
					return
				}
			}
		}
	}
}

func TestLaw10RepeatedMultipartUploadsCountOnce(t *testing.T) {
	d := twice{filled(t, addTwo)}
	plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Execute(t.Context(), d); err != nil {
		t.Error(err)
	}
	if c := plan.Counts().MultipartUploads; c != (sweep.TotalCounts{Total: 2, Eligible: 2, Removed: 2}) {
		t.Errorf("got %+v", c)
	}
}

// TestLaw10AbortsThatFail are reported by key, and all the rest is done.
func TestLaw10AbortsThatFail(t *testing.T) {
	s := newScenario(t, lawCase{"", func(c *scenario) {
		doomed.build(c)
		onObjectStore(c)
		for i := range 30 {
			c.begun(-threeWeeks, dataOf("app", fmt.Sprintf("more%d", i)), "id", 5)
		}
	}})
	stubborn := func(name string) bool {
		return strings.HasSuffix(name, "more7/data") || strings.HasSuffix(name, "more8/data")
	}
	s.everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
		before, w := b.read(), watch(b.driver, stubborn)
		plan, err := sweep.New(t.Context(), w, opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Execute(t.Context(), w); !errors.Is(err, sweep.ErrPartial) {
			t.Errorf("got %v, want ErrPartial", err)
		}
		var failed []string
		for _, f := range plan.Failed() {
			failed = append(failed, f.Key)
			if !strings.Contains(f.Error, errRefused.Error()) {
				t.Errorf("of %s is said %q", f.Key, f.Error)
			}
		}
		same(t, "failed keys", []string{dataOf("app", "more7"), dataOf("app", "more8")}, failed)
		s.compare(t, before, b.read(), slices.DeleteFunc(expected(s.going, run), stubborn))
		if c := plan.Counts(); c.MultipartUploads.Removed != 30 || c.EmptyDirectories.Removed != 2 {
			t.Errorf("removed %+v, directories %+v", c.MultipartUploads, c.EmptyDirectories)
		}
	})
}

// TestLaw10AbortWithoutThePower: what was planned on a backend that can abort
// fails on one that cannot.
func TestLaw10AbortWithoutThePower(t *testing.T) {
	for name, hide := range map[string]func(storage.Driver) storage.Driver{
		"no such method": func(d storage.Driver) storage.Driver { return struct{ storage.Driver }{d} },
		"not supported": func(d storage.Driver) storage.Driver {
			return storagetest.Inject(struct{ storage.Driver }{d}, nil)
		},
	} {
		d := filled(t, addTwo)
		plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start})
		if err != nil {
			t.Fatal(err)
		}
		err = plan.Execute(t.Context(), hide(d))
		failed := plan.Failed()
		if !errors.Is(err, sweep.ErrPartial) || len(failed) != 2 || !strings.Contains(failed[0].Error, "cannot abort multipart uploads") {
			t.Errorf("%s: got %v, failed %+v", name, err, failed)
		}
		if c := plan.Counts().MultipartUploads; c.Removed != 0 || len(d.Uploads()) != 2 {
			t.Errorf("%s: counted %+v, left %+v", name, c, d.Uploads())
		}
	}
}

// TestLaw10AbortsAreCancelled: when the context ends they stop, and what was not
// tried is no failure of its key.
func TestLaw10AbortsAreCancelled(t *testing.T) {
	d := filled(t, func(c *scenario) {
		addTwo(c)
		for i := range 20 {
			c.begin(-threeWeeks, dataOf("app", "u1"), fmt.Sprint(i), 5)
		}
	})
	plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	aborts := 0
	err = plan.Execute(ctx, storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
		if op.Kind != "abort" {
			return storagetest.Fault{}
		}
		if aborts++; aborts == 3 {
			cancel()
		}
		return storagetest.Fault{}
	}))
	if !errors.Is(err, sweep.ErrPartial) || !errors.Is(err, context.Canceled) || len(plan.Failed()) > 0 {
		t.Errorf("got %v, failed %+v", err, plan.Failed())
	}
	if c := plan.Counts().MultipartUploads; aborts != 3 || c.Removed != 2 || len(d.Uploads()) != 20 {
		t.Errorf("%d aborts, counted %+v, %d left", aborts, c, len(d.Uploads()))
	}
}

// crowd is a store that says how many requests suit it, and counts how many
// aborts there are at once.
type crowd struct {
	*memory.Driver
	suits         int
	running, peak atomic.Int64
}

func (d *crowd) Concurrency() int { return d.suits }

func (d *crowd) AbortMultipartUpload(ctx context.Context, u storage.MultipartUpload) error {
	n := d.running.Add(1)
	defer d.running.Add(-1)
	for p := d.peak.Load(); n > p && !d.peak.CompareAndSwap(p, n); p = d.peak.Load() {
	}
	time.Sleep(2 * time.Millisecond) // for others to come
	return d.Driver.AbortMultipartUpload(ctx, u)
}

// TestWorkers: aborts run side by side, as many as asked for, or else as many
// as suit the store.
func TestWorkers(t *testing.T) {
	for _, test := range []struct{ workers, suits, want int }{{0, 5, 5}, {2, 5, 2}, {3, 0, 3}, {1, 64, 1}} {
		d := &crowd{suits: test.suits, Driver: filled(t, func(c *scenario) {
			for i := range 30 {
				c.begin(-threeWeeks, dataOf("app", "u1"), fmt.Sprint(i), 5)
			}
			inUse(c)
		})}
		plan, err := sweep.New(t.Context(), storagetest.Inject(d, nil), sweep.Options{Now: start, Workers: test.workers})
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Execute(t.Context(), d); err != nil {
			t.Error(err)
		}
		if got := int(d.peak.Load()); got > test.want || got < min(2, test.want) || len(d.Uploads()) > 0 {
			t.Errorf("%+v: %d at once, %d left", test, got, len(d.Uploads()))
		}
	}
}

// TestAbortsAreAPhase of their own.
func TestAbortsAreAPhase(t *testing.T) {
	var phases []sweep.Phase
	var last sweep.Progress
	d := filled(t, addTwo)
	plan, err := sweep.New(t.Context(), d, sweep.Options{Now: start, Progress: func(p sweep.Progress) {
		if p.Phase != last.Phase {
			phases = append(phases, p.Phase)
		}
		if last = p; p.Phase == sweep.PhaseMultipart && (p.Total != 2 || p.Bytes != 0) {
			t.Errorf("progress %+v", p)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Execute(t.Context(), d); err != nil {
		t.Error(err)
	}
	want := []sweep.Phase{sweep.PhaseUploads, sweep.PhaseMultipart, sweep.PhaseDirectories}
	if got := phases[len(phases)-3:]; !slices.Equal(got, want) {
		t.Errorf("the last phases are %q", got)
	}
}
