package e2e

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/bench/gateway"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// trial is a registry with every shape of the wild on a store, with neighbours
// in the bucket, to be collected under faults again and again.
type trial struct {
	store          *store
	before         map[string]fixture.File
	live           map[digest.Digest]bool
	deleteUntagged bool
	want           []string // keys and multipart uploads after a run without faults
}

// multipartUploads are begun in each trial. The second stays: it is the
// neighbour's.
var multipartUploads = []string{
	root + layout.Repository("uploading") + "_uploads/0cf11e44-0000-4000-8000-000000000009/data",
	"reg-2/" + layout.Repository("uploading") + "_uploads/0cf11e44-0000-4000-8000-000000000009/data",
}

// newTrials prepares registries of one kind, and tells the requests of a run
// without faults.
func newTrials(t *testing.T, n int, open func(testing.TB) *store, deleteUntagged bool) (trials []*trial, requests []request) {
	t.Helper()
	wild := fixture.NewWild(time.Now())
	live := wild.Live
	if deleteUntagged {
		live = wild.LiveTagged
	}
	for range n {
		tr := &trial{store: open(t), before: map[string]fixture.File{}, live: live, deleteUntagged: deleteUntagged}
		tr.store.shortPages(60)
		for key, file := range wild.Files {
			tr.before[root+key] = file
		}
		for _, key := range []string{"docker/registry/v2/blobs/x", "re", "reg-2/" + layout.Root + "x", "reg0"} {
			tr.before[key] = fixture.File{Content: []byte(key), ModTime: longAgo()}
		}
		tr.lay(t, outcome{})
		trials = append(trials, tr)
	}
	first := trials[0]
	o := first.run(t, job{})
	first.check(t, o)
	if o.err != nil || o.report.Blobs.Removed == 0 || o.report.MultipartUploads.Removed != 1 || len(o.uploads) != 1 {
		t.Fatalf("without faults: %v, %+v, %d multipart uploads are left", o.err, o.report.Counts, len(o.uploads))
	}
	for _, tr := range trials {
		tr.want = o.keys()
	}
	return trials, first.store.proxy.requests()
}

// lay puts back what is not left.
func (tr *trial) lay(t *testing.T, o outcome) {
	t.Helper()
	for key, file := range tr.before {
		if _, ok := o.left[key]; ok {
			continue
		}
		if err := tr.store.put(key, file.Content, file.ModTime); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range multipartUploads[:len(multipartUploads)-len(o.uploads)] {
		tr.store.begin(key)
	}
}

// outcome is what became of a run.
type outcome struct {
	report  blobsweep.Report
	err     error
	left    map[string]fixture.File
	uploads []string  // multipart uploads that are left
	struck  []request // by faults
}

// said is all that a run says of its faults.
func (o outcome) said() string { return fmt.Sprint(o.err, o.report.Failed, o.report.Findings) }

func (o outcome) keys() []string {
	return slices.Concat(slices.Sorted(maps.Keys(o.left)), o.uploads)
}

// job is one run under faults, and what must come of it.
type job struct {
	name   string
	strike func(request) fault
	want   func(tr *trial, t *testing.T, o outcome)
	order  int // of those that wait long, the longest first
	// attempts at a request and the timeout of each; zero is the driver's own.
	attempts int
	timeout  time.Duration
}

// run collects, looks at what is left, and puts back what is not.
func (tr *trial) run(t *testing.T, j job) outcome {
	t.Helper()
	tr.store.proxy.reset(j.strike)
	d := tr.store.open()
	d.Backoff, d.Attempts, d.Timeout = time.Millisecond, cmp.Or(j.attempts, d.Attempts), cmp.Or(j.timeout, d.Timeout)
	var o outcome
	run, err := blobsweep.Plan(t.Context(), d, blobsweep.Options{DeleteUntagged: tr.deleteUntagged, Workers: 8})
	if o.err = err; err == nil {
		o.report, o.err = run.Execute(t.Context(), d)
	}
	tr.store.proxy.CloseClientConnections()
	o.left, o.uploads, o.struck = tr.store.objects(), tr.store.uploads(), tr.store.proxy.faults()
	tr.lay(t, o)
	return o
}

// inParallel does the jobs until one fails, and tells in how many a fault
// struck.
func inParallel(t *testing.T, trials []*trial, jobs []job) int {
	t.Helper()
	slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(a.order, b.order) })
	queue := make(chan job, len(jobs))
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	var workers sync.WaitGroup
	var struck atomic.Int64
	for _, tr := range trials {
		workers.Go(func() {
			for j := range queue {
				if t.Failed() {
					continue
				}
				t.Run(j.name, func(t *testing.T) {
					o := tr.run(t, j)
					tr.check(t, o)
					if len(o.struck) == 0 {
						tr.wantDone(t, o)
					} else {
						j.want(tr, t, o)
						struck.Add(1)
					}
					if t.Failed() {
						t.Errorf("the faults were at %v", o.struck)
					}
				})
			}
		})
	}
	workers.Wait()
	t.Logf("%d runs, %d of them with faults", len(jobs), struck.Load())
	return int(struck.Load())
}

// check holds that whatever the faults, no live blob is lost, nothing outside
// of the registry is touched, nothing is changed, no link is left to a blob
// that was removed, and no secret told.
func (tr *trial) check(t *testing.T, o outcome) {
	t.Helper()
	for key, file := range o.left {
		if before, ok := tr.before[key]; !ok || !bytes.Equal(before.Content, file.Content) {
			t.Errorf("%s is new or changed", key)
		}
		p, ok := layout.Parse(strings.TrimPrefix(key, root))
		if !ok || p.Digest == "" || p.Kind == layout.BlobData || p.Kind == layout.SignatureLink {
			continue
		}
		blob := root + layout.BlobKey(p.Digest)
		_, was := tr.before[blob]
		if _, is := o.left[blob]; was && !is {
			t.Errorf("%s is left, and its blob was removed", key)
		}
	}
	for d := range tr.live {
		if _, ok := o.left[root+layout.BlobKey(d)]; !ok {
			t.Errorf("the live blob %s is lost", d)
		}
	}
	for key := range tr.before {
		if _, ok := o.left[key]; !ok && !strings.HasPrefix(key, root+layout.Root) {
			t.Errorf("%s is outside of the registry, and gone", key)
		}
	}
	if len(o.uploads) == 0 {
		t.Error("the neighbour's multipart upload is gone")
	}
	if strings.Contains(o.said(), gateway.SecretKey) || strings.Contains(o.said(), osstest.AccessKeySecret) {
		t.Errorf("a secret is told: %s", o.said())
	}
}

// wantDone holds that a run came to the same end as without faults.
func (tr *trial) wantDone(t *testing.T, o outcome) {
	t.Helper()
	if o.err != nil {
		t.Errorf("the fault was to pass: %v", o.said())
	} else if diff := gocmp.Diff(tr.want, o.keys()); diff != "" {
		t.Errorf("the run ends elsewhere (-want +got):\n%s", diff)
	}
}

// wantNothing holds that a run failed and removed nothing.
func (tr *trial) wantNothing(t *testing.T, o outcome) {
	t.Helper()
	if removed := len(tr.before) - len(o.left); o.err == nil || removed > 0 || len(o.uploads) != len(multipartUploads) {
		t.Errorf("%d objects are removed: %v", removed, o.said())
	}
}

// wantPartial holds that a run names what it could not remove, and counts as
// removed what is.
func (tr *trial) wantPartial(t *testing.T, o outcome) {
	t.Helper()
	if !errors.Is(o.err, blobsweep.ErrPartial) || len(o.report.Failed) == 0 {
		t.Errorf("the error is %v, and %d keys failed", o.err, len(o.report.Failed))
	}
	if removed := int64(len(tr.before) - len(o.left)); o.report.Blobs.Removed > removed {
		t.Errorf("%d blobs count as removed, of %d objects", o.report.Blobs.Removed, removed)
	}
}

// permissions are what requests need, by the names that errors must give.
var permissions = map[string]map[string]string{
	"S3": {
		"list": "s3:ListBucket", "get": "s3:GetObject", "delete": "s3:DeleteObject", "versioning": "s3:GetBucketVersioning",
		"uploads": "s3:ListBucketMultipartUploads", "parts": "s3:ListMultipartUploadParts", "abort": "s3:AbortMultipartUpload",
	},
	"OSS": {
		"list": "oss:ListObjects", "get": "oss:GetObject", "delete": "oss:DeleteObject", "versioning": "oss:GetBucketVersioning",
		"uploads": "oss:ListMultipartUploads", "parts": "oss:ListParts", "abort": "oss:AbortMultipartUpload",
	},
}

// wantDenied holds that a run stopped, or did what it still could, and said
// which permission is missing.
func (tr *trial) wantDenied(t *testing.T, o outcome) {
	t.Helper()
	kind := o.struck[0].kind
	if permission := permissions[tr.store.name][kind]; permission == "" || !strings.Contains(o.said(), permission) {
		t.Errorf("the permission %q is not named: %s", permission, o.said())
	}
	switch kind {
	case "versioning":
		tr.wantDone(t, o)
	case "delete", "abort":
		tr.wantPartial(t, o)
	default:
		tr.wantNothing(t, o)
		if !errors.Is(o.err, fs.ErrPermission) {
			t.Errorf("the error is %v", o.err)
		}
	}
}

// wantStopped holds that a run that could not plan removed nothing, and one that
// could not remove says so.
func (tr *trial) wantStopped(t *testing.T, o outcome) {
	t.Helper()
	switch o.struck[0].kind {
	case "versioning":
		tr.wantDone(t, o)
		if len(o.report.Findings) == 0 {
			t.Error("not a word of it")
		}
	case "delete", "abort":
		tr.wantPartial(t, o)
	default:
		tr.wantNothing(t, o)
	}
}

// weather is a kind of fault, and what must come of it when it strikes once.
type weather struct {
	name  string
	fault fault
	on    string // kinds of requests; empty is all
	want  func(tr *trial, t *testing.T, o outcome)
	order int
}

var weathers = []weather{
	{"500", status(http.StatusInternalServerError, "InternalError"), "", (*trial).wantDone, 0},
	{"503 SlowDown", status(http.StatusServiceUnavailable, "SlowDown"), "", (*trial).wantDone, -2},
	{"reset", breakOff, "", (*trial).wantDone, 0},
	{"cut short", cutShort, "", (*trial).wantDone, 0},
	{"late", late, "", (*trial).wantDone, -1},
	{"broken XML", brokenXML, "list delete uploads parts versioning", (*trial).wantDone, 0},
	{"404", status(http.StatusNotFound, ""), "", (*trial).wantDone, 0},
	{"404 NoSuchKey", status(http.StatusNotFound, "NoSuchKey"), "get", (*trial).wantDone, 0},
	{"404 NoSuchBucket", status(http.StatusNotFound, "NoSuchBucket"), "", (*trial).wantStopped, 0},
	{"403", status(http.StatusForbidden, "AccessDenied"), "", (*trial).wantDenied, 0},
}

func (w weather) strikes(r request) bool { return w.on == "" || strings.Contains(w.on, r.kind) }

// patience is the timeout of a request where one is let run into it.
const patience = time.Second

// TestStoreFaults lets every request of a run fail in turn. Reads of manifests,
// which are many and alike, take turns with the faults too; all others meet
// every fault.
func TestStoreFaults(t *testing.T) {
	eachStore(t, func(t *testing.T, open func(testing.TB) *store, deleteUntagged bool) {
		trials, requests := newTrials(t, 12/thin, open, deleteUntagged)
		var jobs []job
		turn := len(trials[0].store.name) // another one for each kind of store
		if deleteUntagged {
			turn++
		}
		for _, w := range weathers {
			turn++
			for i, r := range requests {
				every := thin
				switch {
				case r.kind == "get" && w.order < 0:
					every *= 24
				case r.kind == "get":
					every *= 8
				}
				if !w.strikes(r) || (turn+i)%every != 0 {
					continue
				}
				j := job{name: fmt.Sprintf("%s at %d", w.name, i), want: w.want, order: w.order, strike: func(r request) fault {
					if r.index == i && w.strikes(r) {
						return w.fault
					}
					return nil
				}}
				if w.name == "late" {
					j.timeout = patience
				}
				jobs = append(jobs, j)
			}
		}
		// Requests do not always come in the same order.
		if struck := inParallel(t, trials, jobs); struck < len(jobs)*3/4 {
			t.Errorf("%d of %d faults struck", struck, len(jobs))
		}
	})
}

// TestStoreOutages lets all requests of one kind fail, each time.
func TestStoreOutages(t *testing.T) {
	eachStore(t, func(t *testing.T, open func(testing.TB) *store, deleteUntagged bool) {
		trials, _ := newTrials(t, 4, open, deleteUntagged)
		var jobs []job
		for _, kind := range []string{"list", "get", "uploads", "parts", "versioning", "delete", "abort"} {
			for _, w := range weathers {
				if !w.strikes(request{kind: kind}) || w.order < 0 {
					continue
				}
				j := job{name: w.name + " on every " + kind, want: (*trial).wantStopped, attempts: 3, strike: func(r request) fault {
					if r.kind == kind {
						return w.fault
					}
					return nil
				}}
				if w.name == "403" {
					j.want = w.want
				}
				jobs = append(jobs, j)
			}
		}
		if struck := inParallel(t, trials, jobs); struck != len(jobs) {
			t.Errorf("%d of %d faults struck", struck, len(jobs))
		}
	})
}

// TestStoreStorms lets one request in twenty fail in passing.
func TestStoreStorms(t *testing.T) {
	eachStore(t, func(t *testing.T, open func(testing.TB) *store, deleteUntagged bool) {
		trials, _ := newTrials(t, 8/thin, open, deleteUntagged)
		passing := slices.DeleteFunc(slices.Clone(weathers[:7]), func(w weather) bool { return w.order < -1 })
		var jobs []job
		for seed := range uint64(16 / thin) {
			dice := rand.New(rand.NewPCG(seed, 0))
			jobs = append(jobs, job{
				name: fmt.Sprint("storm ", seed), want: (*trial).wantDone, timeout: patience,
				strike: func(r request) fault {
					w := passing[dice.IntN(len(passing))]
					if dice.IntN(20) == 0 && w.strikes(r) {
						return w.fault
					}
					return nil
				},
			})
		}
		if struck := inParallel(t, trials, jobs); struck < len(jobs)*3/4 {
			t.Errorf("%d of %d storms had faults", struck, len(jobs))
		}
	})
}

func eachStore(t *testing.T, run func(t *testing.T, open func(testing.TB) *store, deleteUntagged bool)) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachMode(t, func(t *testing.T, deleteUntagged bool) {
				t.Parallel()
				run(t, open, deleteUntagged)
			})
		})
	}
}
