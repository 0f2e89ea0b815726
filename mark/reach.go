package mark

import (
	"context"

	"github.com/blobsweep/blobsweep/internal/parallel"
)

// reach calls expand once for every node that can be reached from the roots
// and is not in seen, and adds it there. Nodes at the same distance are
// expanded concurrently. Cycles end.
func reach[N comparable](ctx context.Context, pool *parallel.Pool, roots []N, seen map[N]bool,
	expand func(context.Context, N) ([]N, error),
) error {
	for level := unseen(nil, roots, seen); len(level) > 0; {
		edges := make([][]N, len(level))
		err := pool.ForEach(ctx, len(level), func(ctx context.Context, i int) (err error) {
			edges[i], err = expand(ctx, level[i])
			return err
		})
		if err != nil {
			return err
		}
		next := level[:0]
		for _, to := range edges {
			next = unseen(next, to, seen)
		}
		level = next
	}
	return nil
}

// unseen appends the nodes that are not in seen, and adds them there.
func unseen[N comparable](to, nodes []N, seen map[N]bool) []N {
	for _, n := range nodes {
		if !seen[n] {
			seen[n] = true
			to = append(to, n)
		}
	}
	return to
}
