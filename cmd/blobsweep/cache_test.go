package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/cache"
	rediscache "github.com/blobsweep/blobsweep/cache/redis"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/distribution/distribution/v3/configuration"
	"github.com/opencontainers/go-digest"
)

// down is a cache that cannot be reached.
type down struct{}

func (down) Forget(context.Context, []cache.Entry) (cache.Count, []cache.Entry, error) {
	return cache.Count{}, nil, errors.New("connection refused")
}

// clearingOf is one of a cache whose server is named, and that fails.
func clearingOf(t *testing.T, stderr *strings.Builder) *clearing {
	t.Helper()
	store, err := rediscache.Open(configuration.Redis{Options: configuration.RedisOptions{Addrs: []string{"redis.example:6379"}}})
	if err != nil {
		t.Fatal(err)
	}
	c := &clearing{kind: "redis", store: store, stderr: stderr, clearer: cache.New(down{}, cache.Options{Patience: time.Nanosecond})}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// A cache that cannot be cleared is status 4, with what an operator can do.
func TestCacheNotCleared(t *testing.T) {
	tree := fixture.New(time.Now().Add(-30 * 24 * time.Hour))
	shapes["orphan"](tree)
	shapes["image"](tree)
	d := memory.New()
	if err := tree.Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	c := &collection{flags: defaultFlags(), stdout: &stdout, stderr: &stderr, cache: clearingOf(t, &stderr)}
	err := c.collect(t.Context(), d)
	if status := complain(&stderr, err); status != statusPartial {
		t.Errorf("status %d: %v", status, err)
	}
	if want := "Cleared 0 descriptors and 0 memberships from the registry's Redis cache. 1 entry could not be\ncleared.\nTook "; !strings.Contains(stdout.String(), want) {
		t.Errorf("%q is not in\n%s", want, stdout.String())
	}
	const want = `blobsweep: the registry's Redis cache: 1 entry of the descriptor cache could not be cleared: connection refused
The registry may still offer blobs that are gone, and no later run clears these entries. Once
Redis answers, and while nothing is pushed (REDISCLI_AUTH holds its password, if it has one):
for pattern in 'blobs::*' 'repository::*'; do
  redis-cli -h redis.example -p 6379 --scan --pattern "$pattern" | xargs -r -n 500 redis-cli -h redis.example -p 6379 unlink
done
`
	if stderr.String() != want {
		t.Errorf("got\n%s\nwant\n%s", stderr.String(), want)
	}
	if r := c.cache.report(); r.Kind != "redis" || r.Failed != 1 || !strings.Contains(r.Error, "connection refused") {
		t.Errorf("the report says %+v", r)
	}
}

// What went wrong with the removal itself decides on the status, and both are
// said.
func TestCacheNotClearedEither(t *testing.T) {
	var stderr strings.Builder
	c := clearingOf(t, &stderr)
	c.removed(sweep.Removal{Kind: sweep.Blob, Digest: digest.FromString("gone")})
	c.finish(t.Context())
	own := failed(errors.New("disk on fire"))
	if got := c.verdict(own); got != error(own) {
		t.Errorf("the verdict is %v", got)
	}
	if !strings.Contains(stderr.String(), "could not be cleared: connection refused") {
		t.Errorf("nothing is said of the cache: %q", stderr.String())
	}
}

// Where nothing was removed there is nothing to say.
func TestCacheOfAnIdleRun(t *testing.T) {
	var stderr strings.Builder
	c := clearingOf(t, &stderr)
	c.warns = "inmemory"
	c.finish(t.Context())
	if err := c.verdict(nil); err != nil || c.line() != "" || stderr.Len() > 0 {
		t.Errorf("%v, %q, %q", err, c.line(), stderr.String())
	}
}
