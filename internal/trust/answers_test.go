package trust_test

import (
	"context"
	"errors"
	"testing"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
)

// vague deletes nothing, and says so in words that do not tell which keys.
type vague struct {
	*memory.Driver
	answer storage.DeleteError
}

func (v vague) Delete(context.Context, ...string) error { return &v.answer }

// TestLaw10VagueAnswers holds that a failed delete that names no key of its
// batch counts for all of them.
func TestLaw10VagueAnswers(t *testing.T) {
	for name, answer := range map[string]storage.DeleteError{
		"no key":      {},
		"another key": {Failed: []*storage.Error{{Op: "delete", Key: "elsewhere", Err: errors.ErrUnsupported}}},
	} {
		wild := fixture.NewWild(now)
		d := vague{memory.New(), answer}
		if err := wild.Write(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		plan, err := sweep.New(t.Context(), d, sweep.Options{Now: now, DeleteUntagged: true})
		if err != nil {
			t.Fatal(err)
		}
		err = plan.Execute(t.Context(), d)
		c := plan.Counts()
		removed := c.Blobs.Removed + c.Manifests.Removed + c.LayerLinks.Removed + c.TagIndexEntries.Removed + c.Uploads.Removed + c.Bytes.Reclaimed
		if !errors.Is(err, sweep.ErrPartial) || removed != 0 || len(plan.Failed()) == 0 {
			t.Errorf("%s: %v, removed by count %+v, %d failed", name, err, c, len(plan.Failed()))
		}
	}
}
