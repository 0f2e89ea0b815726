package verify_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/blobsweep/blobsweep/verify"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

var errDisk = errors.New("input/output error")

// small has one of everything that is read in a way of its own.
func small() *fixture.Tree {
	t := fixture.New(old)
	tagged(t, "app", "v1")
	sha512Image(t, "app", "long")
	t.Tag("app", "index", t.Index("app", t.Image("app", "amd64")).Digest)
	deleted, _ := t.SignedSchema1("old", "v2", t.Layer("old", "schema 1"))
	t.DeleteManifest("old", deleted.Digest)
	return t
}

// TestUnreadable: of each blob in turn nothing, or only its beginning, can be
// read. That is found, with what it breaks, and everything else is read.
func TestUnreadable(t *testing.T) {
	for _, kind := range kinds {
		whole := small()
		s := kind.open(t, whole)
		for d := range whole.BlobDigests() {
			key := fixture.Key(blob(d))
			for _, fault := range []storagetest.Fault{{Err: errDisk}, {FailByte: 1, Err: errDisk}, {FailByte: 3, Err: errDisk}} {
				f := storagetest.Inject(s.driver, func(op storagetest.Op) storagetest.Fault {
					if op.Key == key && (op.Kind == "open" || op.Kind == "get") {
						return fault
					}
					return storagetest.Fault{}
				})
				_, r := check(t, f, verify.Options{Blobs: true})
				size := int64(len(whole.Files[key].Content))
				if fault.FailByte > size {
					if !r.Whole() {
						t.Errorf("%s, fault after its end: %q", key, faults(r))
					}
					continue
				}
				var got []verify.Finding
				for _, f := range r.Findings {
					if f.Fault {
						got = append(got, f)
					}
				}
				if len(got) == 0 {
					t.Errorf("%s %s: nothing was found", kind.name, key)
				}
				for _, f := range got {
					ours := f.Kind == mark.CorruptBlob || f.Kind == mark.CorruptManifest
					if !ours || f.Key != key || !strings.Contains(f.Detail, "cannot be read") || !strings.Contains(f.Detail, errDisk.Error()) {
						t.Errorf("%s %s: found %+v", kind.name, key, f)
					}
				}
				hashed := r.Blobs.Total - 1
				if fault.FailByte > 0 && got[0].Kind == mark.CorruptManifest {
					hashed = r.Blobs.Hashed // a get of it fails, its stream may end before
				}
				if r.Blobs.Hashed != hashed {
					t.Errorf("%s %s: %d of %d blobs hashed", kind.name, key, r.Blobs.Hashed, r.Blobs.Total)
				}
			}
		}
	}
}

// TestReadTwice: what is wrong once only is not wrong.
func TestReadTwice(t *testing.T) {
	tree := fixture.New(old)
	_, l, _ := tagged(tree, "app", "v1")
	key := fixture.Key(blob(l))
	for _, fault := range []storagetest.Fault{{Err: errDisk}, {FailByte: 3}, {NotFound: true}} {
		var once sync.Once
		f := storagetest.Inject(flat(t, tree).driver, func(op storagetest.Op) (now storagetest.Fault) {
			if op.Key == key && op.Kind == "open" {
				once.Do(func() { now = fault })
			}
			return now
		})
		if _, r := check(t, f, verify.Options{Blobs: true}); !r.Whole() || r.Blobs.Hashed != r.Blobs.Total {
			t.Errorf("%+v: %q, %+v", fault, faults(r), r.Blobs)
		}
	}
}

// TestGoneMeanwhile: a blob that was listed and is gone when its turn comes is
// missing if a manifest needs it.
func TestGoneMeanwhile(t *testing.T) {
	tree := fixture.New(old)
	_, l, _ := tagged(tree, "app", "v1")
	orphan := tree.Blob("", []byte("an orphan")).Digest
	s := flat(t, tree)
	var once sync.Once
	f := storagetest.Inject(s.driver, func(op storagetest.Op) storagetest.Fault {
		if op.Kind == "open" {
			once.Do(func() {
				if err := s.driver.Delete(context.Background(), fixture.Key(blob(l)), fixture.Key(blob(orphan))); err != nil {
					t.Error(err)
				}
			})
		}
		return storagetest.Fault{}
	})
	_, r := check(t, f, verify.Options{Blobs: true, Workers: 1})
	if diff := cmp.Diff([]string{fault(mark.MissingBlob, fixture.Key(blob(l)), "app:v1")}, faults(r)); diff != "" {
		t.Error(diff)
	}
}

// TestErrorsEndACheck: an error of anything but a blob's bytes ends it, and so does
// a false not-found that is not repeated.
func TestErrorsEndACheck(t *testing.T) {
	for _, kind := range kinds {
		s := kind.open(t, small())
		count := storagetest.Inject(s.driver, nil)
		_, want := check(t, count, verify.Options{Blobs: true, Workers: 1})
		for n := range count.Ops() {
			var op storagetest.Op
			fault := func(fault storagetest.Fault) *storagetest.Faulty {
				return storagetest.Inject(s.driver, func(now storagetest.Op) storagetest.Fault {
					if now.Index == n {
						op = now
						return fault
					}
					return storagetest.Fault{}
				})
			}
			c, err := verify.New(t.Context(), fault(storagetest.Fault{Err: errDisk}), verify.Options{Blobs: true, Now: start, Workers: 1})
			path, ok := layout.Parse(op.Key)
			isBlob := ok && path.Kind == layout.BlobData && (op.Kind == "open" || op.Kind == "get")
			switch {
			case isBlob: // a second reading succeeds
				if err != nil || !cmp.Equal(faults(c.Report()), faults(want)) {
					t.Errorf("%s: %v, %s", kind.name, err, op)
				}
			case op.Kind == "versioning": // a finding of its own
			case !errors.Is(err, errDisk):
				t.Errorf("%s: got %v, %s", kind.name, err, op)
			}
			if op.Kind == "list" || op.Kind == "readdir" || op.Kind == "uploads" || op.Kind == "versioning" {
				continue // there a not-found means what it says
			}
			c, err = verify.New(t.Context(), fault(storagetest.Fault{NotFound: true}), verify.Options{Blobs: true, Now: start, Workers: 1})
			if err != nil || !cmp.Equal(faults(c.Report()), faults(want)) {
				t.Errorf("%s: %v after a not-found, %s", kind.name, err, op)
			}
		}
	}
}

func TestInterrupted(t *testing.T) {
	for _, kind := range kinds {
		m := newMendable()
		for _, at := range []string{"list", "get", "open", "write"} {
			if at == "list" && kind.name == "tree" {
				at = "readdir"
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := kind.open(t, m.Tree)
			f := storagetest.Inject(s.driver, func(op storagetest.Op) storagetest.Fault {
				if op.Kind == at {
					return storagetest.Fault{Cancel: cancel}
				}
				return storagetest.Fault{}
			})
			c, err := verify.New(ctx, f, verify.Options{Blobs: true, Now: start})
			if at == "write" {
				if err != nil {
					t.Fatal(err)
				}
				if err = c.Repair(ctx, f); !errors.Is(err, verify.ErrPartial) {
					t.Errorf("%s: %v", kind.name, err)
				}
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s, at %s: %v", kind.name, at, err)
			}
			m.assertMended(t, s.read(), false)
		}
	}
}

// TestBandwidth: more than the first portion has to wait, and that it cannot is no
// fault of the blob.
func TestBandwidth(t *testing.T) {
	tree := fixture.New(old)
	tree.Blob("", bytes.Repeat([]byte("x"), 300<<10))
	s := flat(t, tree)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if _, err := verify.New(ctx, s.driver, verify.Options{Blobs: true, MaxBandwidth: 1}); err == nil || !strings.Contains(err.Error(), "bandwidth") {
		t.Errorf("got %v", err)
	}
	if _, err := verify.New(ctx, s.driver, verify.Options{Blobs: true, MaxBandwidth: 1 << 40}); err != nil {
		t.Error(err)
	}
	if _, err := verify.New(ctx, s.driver, verify.Options{MaxBandwidth: -1}); err == nil {
		t.Error("a negative bandwidth is accepted")
	}
}

// TestProgress: bytes add up to all of them.
func TestProgress(t *testing.T) {
	var last sweep.Progress
	_, r := check(t, flat(t, whole()).driver, verify.Options{Blobs: true, Progress: func(p sweep.Progress) { last = p }})
	want := sweep.Progress{Phase: verify.PhaseHash, Done: r.Bytes.Total, Total: r.Bytes.Total}
	if last != want {
		t.Errorf("%+v, want %+v", last, want)
	}
}

// TestAlike: digests that begin alike are told apart before anything is
// said of them.
func TestAlike(t *testing.T) {
	tree := fixture.New(old)
	_, l, _ := tagged(tree, "app", "v1")
	alike := digest.NewDigestFromEncoded(digest.SHA256, l.Encoded()[:60]+"0000")
	tree.Add(blob(alike), []byte("something else, and longer"))
	if _, r := check(t, flat(t, tree).driver, verify.Options{}); !r.Whole() {
		t.Errorf("%q", faults(r))
	}
}
