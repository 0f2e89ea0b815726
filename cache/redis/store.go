package redis

import (
	"context"

	"github.com/blobsweep/blobsweep/cache"
	"github.com/redis/go-redis/v9"
)

// Store is a registry's cache in Redis, for a [cache.Clearer].
type Store struct {
	client redis.UniversalClient
	remedy string
}

// New makes a store of a client that you have: a single server's, a sentinel's
// or a cluster's. Set ContextTimeoutEnabled in its options, or its own timeouts
// bound a call instead of the context. You close the client.
func New(client redis.UniversalClient) *Store {
	_, cluster := client.(*redis.ClusterClient)
	return &Store{client, remedy(&redis.UniversalOptions{}, tlsFiles{}, cluster)}
}

// Ping asks whether the server answers.
func (s *Store) Ping(ctx context.Context) error { return s.client.Ping(ctx).Err() }

// Close closes the client.
func (s *Store) Close() error { return s.client.Close() }

// Remedy is what an operator can type into a shell to remove all that
// registries keep in this Redis, where clearing did not work. It holds no
// password.
func (s *Store) Remedy() string { return s.remedy }

// Forget implements [cache.Store].
func (s *Store) Forget(ctx context.Context, entries []cache.Entry) (cache.Count, []cache.Entry, error) {
	return forget(ctx, s.client.Pipeline(), entries)
}

// pipeline is what forget needs of a redis.Pipeliner.
type pipeline interface {
	Del(ctx context.Context, keys ...string) *redis.IntCmd
	SRem(ctx context.Context, key string, members ...any) *redis.IntCmd
	Exec(ctx context.Context) ([]redis.Cmder, error)
}

// forget queues the commands of all entries and runs them. What went wrong is
// told by each command: in a cluster, one server may fail and others not.
func forget(ctx context.Context, p pipeline, entries []cache.Entry) (gone cache.Count, left []cache.Entry, err error) {
	if len(entries) == 0 {
		return gone, nil, nil
	}
	answers := make([][]*redis.IntCmd, len(entries))
	for i, e := range entries {
		if e.Repository == "" {
			answers[i] = []*redis.IntCmd{p.Del(ctx, "blobs::"+e.Digest.String())}
			continue
		}
		set := "repository::" + e.Repository + "::blobs"
		answers[i] = []*redis.IntCmd{
			p.SRem(ctx, set, e.Digest.String()),
			p.Del(ctx, set+"::"+e.Digest.String()),
		}
	}
	_, execErr := p.Exec(ctx)
	for i, e := range entries {
		var had int64
		var failure error
		for _, answer := range answers[i] {
			n, err := answer.Result()
			had += n
			if failure == nil {
				failure = err
			}
		}
		switch {
		case failure != nil:
			left = append(left, e)
			if err == nil {
				err = failure
			}
		case had > 0 && e.Repository == "":
			gone.Descriptors++
		case had > 0:
			gone.Memberships++
		}
	}
	if execErr != nil && err == nil { // it says of no command that it failed
		return gone, entries, execErr
	}
	return gone, left, err
}
