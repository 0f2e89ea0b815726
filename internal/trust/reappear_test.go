package trust_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
)

// away hides all blobs from reads, as a mount does that is away for a while;
// listings find them.
type away struct{ storage.Reader }

func (a away) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	if strings.HasPrefix(key, layout.Blobs) {
		return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrNotFound}
	}
	return a.Reader.Get(ctx, key, limit)
}

// awayTree is the same where directories are real.
type awayTree struct{ storage.Tree }

func (a awayTree) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	return away{a.Tree}.Get(ctx, key, limit)
}

// TestLaw05AbsenceThatWasNone holds that a manifest which was absent, however
// often it was read, and which a listing then finds, fails the plan. It need not
// be old: what it references may be.
func TestLaw05AbsenceThatWasNone(t *testing.T) {
	for _, b := range backends {
		for _, age := range []time.Duration{30 * 24 * time.Hour, time.Minute} {
			tree := fixture.New(now.Add(-age))
			tree.Tag("app", "v1", tree.Image("app", "x").Digest)
			d, _ := b.open(t, tree)
			var reader storage.Reader = away{d}
			if real, ok := storage.AsTree(d); ok {
				reader = awayTree{real}
			}
			plan, err := sweep.New(t.Context(), reader, sweep.Options{Now: now})
			if err == nil {
				t.Errorf("%s, %v old: a plan over blobs that come and go: %+v", b.name, age, plan.Counts())
			} else if !strings.Contains(err.Error(), layout.Blobs) {
				t.Errorf("%s, %v old: the error does not name the manifest: %v", b.name, age, err)
			}
		}
	}
}
