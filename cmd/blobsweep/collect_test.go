package main

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
)

// interrupting is a driver that an interruption reaches while it works.
type interrupting struct {
	*memory.Driver
	interrupt context.CancelFunc
	onList    bool
	onDelete  bool
}

func (d *interrupting) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	if d.onList {
		d.interrupt()
	}
	return d.Driver.List(ctx, prefix, opts)
}

func (d *interrupting) Delete(ctx context.Context, keys ...string) error {
	if d.onDelete {
		d.interrupt()
	}
	return d.Driver.Delete(ctx, keys...)
}

func TestInterrupted(t *testing.T) {
	for _, test := range []struct {
		name             string
		onList, onDelete bool
		status           int
		message, report  string
	}{
		{"while planning", true, false, statusFailed, "interrupted while planning, nothing was deleted", ""},
		{"while deleting", false, true, statusPartial, "interrupted while deleting; run it again to finish", "\nInterrupted. "},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tree := fixture.New(time.Now().Add(-30 * 24 * time.Hour))
			for _, shape := range []string{"image", "orphan", "links", "upload"} {
				shapes[shape](tree)
			}
			d := &interrupting{memory.New(), cancel, test.onList, test.onDelete}
			if err := tree.Write(ctx, d.Driver); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr strings.Builder
			c := &collection{flags: defaultFlags(), stdout: &stdout, stderr: &stderr, cache: &clearing{stderr: &stderr}}
			err := c.collect(ctx, d)
			var f *failure
			if !errors.As(err, &f) || f.status != test.status || f.Error() != test.message {
				t.Errorf("got %v, want %q with status %d", err, test.message, test.status)
			}
			if test.report == "" && stdout.Len() > 0 || !strings.Contains(stdout.String(), test.report) {
				t.Errorf("report: %q", stdout.String())
			}
		})
	}
}

func TestOutcome(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	withFailures := blobsweep.Report{Failed: make([]sweep.Failure, 1)}
	for _, test := range []struct {
		name   string
		ctx    context.Context
		report blobsweep.Report
		err    error
		want   text.Outcome
	}{
		{"all went well", t.Context(), blobsweep.Report{}, nil, text.Done},
		{"a signal after the last delete", ended, blobsweep.Report{}, nil, text.Done},
		{"blocked", t.Context(), blobsweep.Report{}, blobsweep.ErrBlocked, text.Blocked},
		{"failures", t.Context(), withFailures, blobsweep.ErrPartial, text.Partial},
		{"broken off", t.Context(), blobsweep.Report{}, blobsweep.ErrPartial, text.Failed},
		{"a signal", ended, withFailures, errors.Join(blobsweep.ErrPartial, context.Canceled), text.Interrupted},
		{"anything else", t.Context(), blobsweep.Report{}, errors.New("disk on fire"), text.Failed},
	} {
		if got := outcome(test.ctx, test.report, test.err); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
