package inventory

import (
	"context"
	"fmt"
	"testing"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
)

// misfit gives more answers than it was asked for, or fewer.
type misfit struct {
	*memory.Driver
	by int
}

func (o misfit) StatEach(_ context.Context, _ string, names []string, _ string) ([]storage.Described, error) {
	return make([]storage.Described, len(names)+o.by), nil
}

// An answer that cannot be told whose it is counts for nothing.
func TestLaw05OneAnswerForEach(t *testing.T) {
	for _, by := range []int{-1, 0, 1} {
		for _, n := range []int{5, 100} {
			links := make([]Link, n)
			for i := range links {
				links[i].Hex = fmt.Sprint(i)
			}
			all, err := DescribeEach(t.Context(), misfit{memory.New(), by}, parallel.New(4), "x/", links, "link")
			if (err == nil) != (by == 0) || err == nil && len(all) != n {
				t.Errorf("%d answers for %d, and the error is %v", n+by, n, err)
			}
		}
	}
}

// Whatever the portions, each name gets its own answer.
func TestDescribeEachKeepsTheOrder(t *testing.T) {
	d := memory.New()
	for _, n := range []int{0, 1, 9, 64, 1_500} {
		links := make([]Link, n)
		for i := range links {
			links[i].Hex = fmt.Sprint(i)
			if err := d.Put(t.Context(), fmt.Sprintf("x/%d/link", i), make([]byte, i), listed); err != nil {
				t.Fatal(err)
			}
		}
		for _, workers := range []int{1, 3, 64} {
			all, err := DescribeEach(t.Context(), d, parallel.New(workers), "x/", links, "link")
			if err != nil || len(all) != n {
				t.Fatalf("%d answers for %d, %v", len(all), n, err)
			}
			for i, one := range all {
				if one.Err != nil || one.Object.Size != int64(i) {
					t.Errorf("%d of %d: %+v", i, n, one)
				}
			}
		}
	}
}
