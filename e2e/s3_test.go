package e2e

import (
	"context"
	"fmt"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
)

// TestS3Conformance holds the S3 driver, on a real server, to the contract that
// all drivers keep: at the top of a bucket, and below a root with neighbours.
func TestS3Conformance(t *testing.T) {
	t.Parallel()
	for name, root := range map[string]string{"Top": "", "Below": "/a root/of the registry"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.TestDriver(t, func(t *testing.T) storagetest.Harness {
				b := newBucket(t)
				if root != "" {
					b.fill(t, "a root/of the registry-2/a", "a root/of the registr", "a root/of", "z")
				}
				return storagetest.Harness{
					Driver:     b.open(t, root),
					KeepsTimes: true,
					Put: func(_ context.Context, key string, content []byte, modTime time.Time) error {
						return b.put(path.Join(root, key), content, modTime)
					},
				}
			})
		})
	}
}

// TestS3ManyKeys lists a bucket of many pages, and empties it.
func TestS3ManyKeys(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	want := make([]string, 10_500)
	for i := range want {
		want[i] = fmt.Sprintf("many/%02d/%05d +&%%é", i%7, i)
	}
	slices.Sort(want)
	b.fill(t, want...)
	p := newProxy(t, b.endpoint)
	d := b.through(p).open(t, "")

	if got := listKeys(t, d, ""); !slices.Equal(got, want) {
		t.Errorf("%d of %d keys are listed, or in another order", len(got), len(want))
	}
	if got := listKeys(t, d, "many/3"); len(got) > 0 {
		t.Errorf("under a prefix without keys there is %q", got)
	}
	if err := d.Delete(t.Context(), want...); err != nil {
		t.Error(err)
	}
	if got := p.counts(); got["list"] != 12 || got["delete"] != 11 || len(got) != 2 {
		t.Errorf("the requests are %v", got)
	}
	if left := b.objects(t); len(left) > 0 {
		t.Errorf("%d objects are left", len(left))
	}
}

func listKeys(t *testing.T, r storage.Reader, prefix string) []string {
	t.Helper()
	var keys []string
	for o, err := range r.List(t.Context(), prefix, storage.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

// fill puts small objects.
func (b bucket) fill(t testing.TB, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := b.put(key, []byte(key), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}
