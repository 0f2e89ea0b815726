package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/blobsweep/blobsweep/verify"
	"github.com/opencontainers/go-digest"
)

func TestCheckInterrupted(t *testing.T) {
	for _, test := range []struct {
		at      string // the kind of operation
		status  int
		message string
		report  bool
	}{
		{"list", statusFailed, "interrupted while checking; nothing was changed", false},
		{"open", statusFailed, "interrupted while checking; nothing was changed", false},
		{"write", statusPartial, "interrupted while mending; run it again to finish", true},
		{"delete", statusPartial, "interrupted while mending; run it again to finish", true},
	} {
		t.Run(test.at, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tree := fixture.New(time.Now().Add(-30 * 24 * time.Hour))
			shapes["image"](tree)
			shapes["emptylinks"](tree)
			d := memory.New()
			if err := tree.Write(ctx, d); err != nil {
				t.Fatal(err)
			}
			faulty := storagetest.Inject(d, func(op storagetest.Op) storagetest.Fault {
				if op.Kind == test.at {
					return storagetest.Fault{Cancel: cancel}
				}
				return storagetest.Fault{}
			})
			var stdout strings.Builder
			s := &session{Registry: &drivers.Registry{Driver: faulty}, stdout: &stdout}
			f := &checkFlags{flags: defaultFlags(), blobs: true, repair: true}
			err := f.run(ctx, s, verify.Options{Blobs: true})
			var failure *failure
			if !errors.As(err, &failure) || failure.status != test.status || failure.Error() != test.message {
				t.Errorf("got %v, want %q with status %d", err, test.message, test.status)
			}
			if test.report != strings.Contains(stdout.String(), "\nMended\n") {
				t.Errorf("report: %q", stdout.String())
			}
		})
	}
}

func TestCheckVerdict(t *testing.T) {
	broken := verify.Report{Faults: 1}
	for _, test := range []struct {
		name   string
		report verify.Report
		err    error
		status int
	}{
		{"whole", verify.Report{Notes: 3}, nil, statusDone},
		{"broken", broken, nil, statusBlocked},
		{"partly mended", broken, verify.ErrPartial, statusPartial},
		{"broken off while mending", verify.Report{Repair: true}, storage.ErrNotFound, statusPartial},
	} {
		got := statusDone
		var f *failure
		if err := checkVerdict(t.Context(), test.report, test.err); errors.As(err, &f) {
			got = f.status
		}
		if got != test.status {
			t.Errorf("%s: status %d, want %d", test.name, got, test.status)
		}
	}
}

func TestBandwidth(t *testing.T) {
	for s, want := range map[string]int64{"50MiB": 50 << 20, "1MB/s": 1_000_000, "52428800": 50 << 20} {
		var b bandwidth
		if err := b.Set(s); err != nil || int64(b) != want {
			t.Errorf("%s: %d, %v", s, b, err)
		}
	}
	for _, s := range []string{"", "0", "fast", "-1", "2PiB"} {
		var b bandwidth
		if err := b.Set(s); err == nil {
			t.Errorf("%q is taken for %d", s, b)
		}
	}
}

// What a check finds, in images of their own: a layer that is not stored,
func lostLayer(t *fixture.Tree) {
	t.Tag("app", "lost", t.Image("app", "lost").Digest)
	t.Tag("app", "index", t.Index("app", t.Image("app", "lost"), t.Image("app", "v1")).Digest)
	t.Remove(layout.Path{Kind: layout.BlobData, Digest: digest.FromString("layer app lost")})
}

// one that is not linked,
func unlinkedLayer(t *fixture.Tree) {
	t.Tag("app", "unlinked", t.Image("app", "unlinked").Digest)
	t.Remove(layout.Path{Kind: layout.LayerLink, Repository: "app", Digest: digest.FromString("layer app unlinked")})
}

// one that was cut off,
func cutLayer(t *fixture.Tree) {
	t.Tag("app", "cut", t.Image("app", "cut").Digest)
	t.Add(layout.Path{Kind: layout.BlobData, Digest: digest.FromString("layer app cut")}, []byte("layer"))
}

// one of which a bit has flipped,
func flippedLayer(t *fixture.Tree) {
	t.Tag("app", "flipped", t.Image("app", "flipped").Digest)
	t.Add(layout.Path{Kind: layout.BlobData, Digest: digest.FromString("layer app flipped")}, []byte("Layer app flipped"))
}

// and links that are empty.
func emptyLinks(t *fixture.Tree) {
	d := t.Image("app", "empty").Digest
	t.Tag("app", "empty", d)
	t.Add(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: d}, nil)
	t.Add(layout.Path{Kind: layout.LayerLink, Repository: "app", Digest: digest.FromString("layer app empty")}, nil)
	t.Tag("app", "which", d)
	t.Add(layout.Path{Kind: layout.TagLink, Repository: "app", Tag: "which"}, nil)
	t.Add(layout.Path{Kind: layout.TagIndexLink, Repository: "app", Tag: "empty", Digest: digest.FromString("old")}, nil)
}

// TestProgressInBytes: what is hashed is shown as sizes.
func TestProgressInBytes(t *testing.T) {
	var b strings.Builder
	p := &progress{w: &b}
	p.show(sweep.Progress{Phase: verify.PhaseHash, Done: 5 << 20, Total: 10 << 20})
	if got := b.String(); !strings.Contains(got, "hashing blobs") || !strings.Contains(got, "MiB") {
		t.Errorf("drawn: %q", got)
	}
}
