package redis

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/cache"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	"github.com/redis/go-redis/v9"
)

// recorder answers a pipeline: 1 to every command, or what it is told.
type recorder struct {
	queued  []*redis.IntCmd
	execs   int
	answer  func(command string) (int64, error) // may be nil
	execErr error
}

func (r *recorder) queue(ctx context.Context, args ...any) *redis.IntCmd {
	cmd := redis.NewIntCmd(ctx, args...)
	r.queued = append(r.queued, cmd)
	return cmd
}

func (r *recorder) Del(ctx context.Context, keys ...string) *redis.IntCmd {
	args := []any{"del"}
	for _, key := range keys {
		args = append(args, key)
	}
	return r.queue(ctx, args...)
}

func (r *recorder) SRem(ctx context.Context, key string, members ...any) *redis.IntCmd {
	return r.queue(ctx, append([]any{"srem", key}, members...)...)
}

func (r *recorder) Exec(context.Context) ([]redis.Cmder, error) {
	r.execs++
	for _, cmd := range r.queued {
		cmd.SetVal(1)
		if r.answer != nil {
			n, err := r.answer(line(cmd))
			cmd.SetVal(n)
			cmd.SetErr(err)
		}
	}
	return nil, r.execErr
}

func (r *recorder) lines() (lines []string) {
	for _, cmd := range r.queued {
		lines = append(lines, line(cmd))
	}
	return lines
}

func line(cmd redis.Cmder) string {
	var words []string
	for _, arg := range cmd.Args() {
		words = append(words, arg.(string))
	}
	return strings.Join(words, " ")
}

var (
	one = digest.FromString("1")
	two = digest.SHA512.FromString("2")
)

// Exactly the keys of what was removed, one key for each command.
func TestCommands(t *testing.T) {
	var r recorder
	gone, left, err := forget(t.Context(), &r, []cache.Entry{{Digest: one}, {Repository: "a/b", Digest: two}})
	if err != nil || len(left) > 0 || gone != (cache.Count{Descriptors: 1, Memberships: 1}) || r.execs != 1 {
		t.Errorf("%v, %v, %v in %d pipelines", gone, left, err, r.execs)
	}
	want := []string{
		"del blobs::" + one.String(),
		"srem repository::a/b::blobs " + two.String(),
		"del repository::a/b::blobs::" + two.String(),
	}
	if diff := cmp.Diff(want, r.lines()); diff != "" {
		t.Error(diff)
	}
}

func TestNoCommands(t *testing.T) {
	var r recorder
	if gone, left, err := forget(t.Context(), &r, nil); err != nil || len(left) > 0 || gone != (cache.Count{}) || r.execs != 0 {
		t.Errorf("%v, %v, %v in %d pipelines", gone, left, err, r.execs)
	}
}

// What was not there does not count, and half a membership is one.
func TestCounts(t *testing.T) {
	r := recorder{answer: func(line string) (int64, error) {
		if strings.Contains(line, "absent") || strings.HasPrefix(line, "srem repository::half") || strings.HasSuffix(line, one.String()) && strings.HasPrefix(line, "del blobs") {
			return 0, nil
		}
		return 1, nil
	}}
	gone, left, err := forget(t.Context(), &r, []cache.Entry{
		{Digest: one}, {Digest: two}, {Repository: "absent", Digest: one}, {Repository: "half", Digest: one}, {Repository: "whole", Digest: one},
	})
	if err != nil || len(left) > 0 || gone != (cache.Count{Descriptors: 1, Memberships: 2}) {
		t.Errorf("%v, %v, %v", gone, left, err)
	}
}

// Each command tells of itself: one server of a cluster may fail.
func TestFailures(t *testing.T) {
	down := errors.New("connection refused")
	r := recorder{execErr: down, answer: func(line string) (int64, error) {
		if strings.HasPrefix(line, "del repository::a::") || strings.HasPrefix(line, "srem repository::b::") || line == "del blobs::"+two.String() {
			return 0, down
		}
		return 1, nil
	}}
	gone, left, err := forget(t.Context(), &r, []cache.Entry{
		{Digest: one}, {Digest: two}, {Repository: "a", Digest: one}, {Repository: "b", Digest: one}, {Repository: "c", Digest: one},
	})
	if !errors.Is(err, down) || gone != (cache.Count{Descriptors: 1, Memberships: 1}) {
		t.Errorf("%v, %v", gone, err)
	}
	if diff := cmp.Diff([]cache.Entry{{Digest: two}, {Repository: "a", Digest: one}, {Repository: "b", Digest: one}}, left); diff != "" {
		t.Error(diff)
	}
	// A failure of the whole that no command tells of is one of them all.
	gone, left, err = forget(t.Context(), &recorder{execErr: down}, []cache.Entry{{Digest: one}})
	if !errors.Is(err, down) || len(left) != 1 {
		t.Errorf("%v, %v, %v", gone, left, err)
	}
}
