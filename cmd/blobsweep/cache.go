package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/cache"
	rediscache "github.com/blobsweep/blobsweep/cache/redis"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
)

// cacheFlags are those of every command that removes.
type cacheFlags struct {
	clear    bool
	clearSet bool // on the command line
	redis    string
}

// register declares the flags. They need no default.
func (f *cacheFlags) register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.BoolVar(&f.clear, "clear-cache", true, "make the registry's Redis cache forget what is removed")
	set.StringVar(&f.redis, "redis", "", "redis:// or rediss:// URL of that cache, where no config.yml names it;\n"+
		"REDISCLI_AUTH holds its password")
}

// check looks at the flags, once they are parsed.
func (f *cacheFlags) check(cmd *cobra.Command) error {
	f.clearSet = cmd.Flags().Changed("clear-cache")
	if f.redis != "" && !f.clear {
		return usagef("--redis and --clear-cache=false contradict each other").hint("Leave out one of them.")
	}
	return nil
}

// clearing makes the descriptor cache of a registry forget what a command
// removes. The command
//
//   - has cacheFlags, which it registers, and checks with its other flags;
//   - calls newClearing before it deletes anything, and close when it is done;
//   - passes removed as OnRemoved;
//   - calls finish when all that it removes is gone, however that ended, an
//     interruption included, and before it prints its report: as text with
//     line, where that is not empty, as JSON with report in the field "cache";
//   - returns what verdict makes of its own error.
type clearing struct {
	kind    string            // "redis" where that is cleared; else of the configuration
	warns   string            // the kind to warn of, once something was removed
	store   *rediscache.Store // nil where nothing is cleared
	clearer *cache.Clearer    // nil where store is
	stderr  io.Writer
	any     bool // something was removed
	result  cache.Result
	err     error // of finish
}

// pingTimeout is how long a Redis gets to answer before a run, which goes on
// without.
const pingTimeout = 5 * time.Second

// newClearing opens the cache that the flags or the registry's configuration
// name. It fails only for what is wrong with those: a Redis that does not answer
// is warned of. A dry run asks for none.
func newClearing(ctx context.Context, s *session, f cacheFlags, dryRun bool) (*clearing, error) {
	c := &clearing{kind: s.Cache, warns: s.Cache, stderr: s.stderr}
	if !f.clear || s.Cache != "redis" && f.redis == "" {
		if f.clear && f.clearSet {
			return nil, usagef("--clear-cache: no Redis is named").
				hint("Name the registry's config.yml with storage.cache.blobdescriptor redis, or say --redis redis://host:6379/0.")
		}
		return c, nil
	}
	redis.SetLogger(redisLog{s.logger})
	var err error
	if f.redis != "" {
		if c.store, err = rediscache.OpenURL(f.redis, os.Getenv("REDISCLI_AUTH")); err != nil {
			return nil, usagef("--redis: %w", err)
		}
	} else if c.store, err = rediscache.Open(*s.Redis); err != nil {
		return nil, usagef("the registry caches descriptors in Redis, which cannot be cleared: %w", err).
			hint("Correct the redis section, name that Redis by --redis redis://host:6379/0, or leave it alone by --clear-cache=false.")
	}
	if c.kind = "redis"; s.Cache == "redis" {
		c.warns = ""
	}
	c.clearer = cache.New(c.store, cache.Options{Logger: s.logger})
	if !dryRun {
		ctx, cancel := context.WithTimeout(ctx, pingTimeout)
		defer cancel()
		if err := c.store.Ping(ctx); err != nil {
			s.logger.Warn("the registry's Redis cache does not answer; it is tried again while the run goes on, and in the end", "error", err)
		}
	}
	return c, nil
}

// close ends the connections.
func (c *clearing) close() error {
	if c.store == nil {
		return nil
	}
	if err := c.store.Close(); err != nil {
		return fmt.Errorf("close the connection to Redis: %w", err)
	}
	return nil
}

// removed is for OnRemoved.
func (c *clearing) removed(r sweep.Removal) {
	c.any = true
	if c.clearer != nil {
		c.clearer.Removed(r)
	}
}

// finish clears what is left, within a bounded time.
func (c *clearing) finish(ctx context.Context) {
	if c.clearer != nil {
		c.result, c.err = c.clearer.Finish(ctx)
	}
}

// line is for a report that people read; empty where nothing was to be cleared.
func (c *clearing) line() string {
	if c.clearer == nil || !c.any {
		return ""
	}
	return text.Cleared(c.result.Descriptors, c.result.Memberships, len(c.result.Left))
}

// cacheReport is the field "cache" of a report in JSON.
type cacheReport struct {
	// Kind is that of the cache: "redis", "inmemory", or empty where none is
	// named. Only redis is cleared.
	Kind        string `json:"kind"`
	Descriptors int64  `json:"descriptors"`
	Memberships int64  `json:"memberships"`
	Failed      int    `json:"failed"`
	Error       string `json:"error"`
}

func (c *clearing) report() cacheReport {
	r := cacheReport{c.kind, c.result.Descriptors, c.result.Memberships, len(c.result.Left), ""}
	if c.err != nil {
		r.Error = c.err.Error()
	}
	return r
}

// verdict adds to the error of a command, or nil, what is to be said of a cache
// that was not cleared: a warning where it could not be, or was not to be, and
// status 4 where it failed. The command's own status counts first.
func (c *clearing) verdict(own error) error {
	if c.any {
		if warning := text.CacheWarning(c.warns); warning != "" {
			if _, err := fmt.Fprintln(c.stderr, warning); err != nil {
				return errors.Join(own, failed(fmt.Errorf("a warning could not be printed: %w", err)))
			}
		}
	}
	if c.err == nil {
		return own
	}
	mine := (&failure{status: statusPartial, err: fmt.Errorf("the registry's Redis cache: %w", c.err)}).
		hint("The registry may still offer blobs that are gone, and no later run clears these entries. Once",
			"Redis answers, and while nothing is pushed (REDISCLI_AUTH holds its password, if it has one):").
		hint(strings.Split(c.store.Remedy(), "\n")...)
	if own != nil {
		complain(c.stderr, mine)
		return own
	}
	return mine
}

// redisLog takes what go-redis would write to the standard error.
type redisLog struct{ logger *slog.Logger }

// Printf implements the interface that redis.SetLogger takes.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.logger.DebugContext(ctx, fmt.Sprintf(format, v...))
}
