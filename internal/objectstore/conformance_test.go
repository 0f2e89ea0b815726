package objectstore

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage/storagetest"
)

// TestConformance runs the suite at the root of the bucket and below a root
// prefix that is the beginning of others, whose keys must not be touched.
func TestConformance(t *testing.T) {
	for _, root := range []string{"", "a reg/x/"} {
		t.Run("root "+root, func(t *testing.T) {
			storagetest.TestDriver(t, func(t *testing.T) storagetest.Harness { return harness(t, newFake(), root) })
		})
	}
	t.Run("full last pages", func(t *testing.T) {
		storagetest.TestDriver(t, func(t *testing.T) storagetest.Harness {
			f := newFake()
			f.full = true
			return harness(t, f, "")
		})
	})
}

func harness(t *testing.T, f *fake, root string) storagetest.Harness {
	var neighbours []string
	if root != "" {
		base := strings.TrimSuffix(root, "/")
		neighbours = []string{"0", base, base + "!", base + "-2/a", root, base + "0", "zz/x"}
		for _, key := range neighbours {
			f.put(key, nil, time.Time{})
		}
		t.Cleanup(func() {
			left := slices.DeleteFunc(f.left(), func(key string) bool { return strings.HasPrefix(key, root) && key != root })
			if !slices.Equal(left, neighbours) {
				t.Errorf("of the neighbours %q are left", left)
			}
		})
	}
	return storagetest.Harness{
		Driver: f.driver(root),
		Put: func(ctx context.Context, key string, content []byte, modTime time.Time) error {
			f.put(root+key, content, modTime)
			return ctx.Err()
		},
		KeepsTimes: true,
		Refuse:     func(_ *testing.T, key string) { f.refused[root+key] = &Fault{Class: Denied, Code: "AccessDenied"} },
	}
}
