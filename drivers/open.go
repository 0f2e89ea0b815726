package drivers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/internal/ratelimit"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/distribution/distribution/v3/configuration"
)

// Options say how to open a registry. The zero value will do.
type Options struct {
	// MaxRequests per second, those that are tried again included; zero means
	// no limit.
	MaxRequests int
	// Logger is told of settings that are not known, and by object stores of
	// what is tried again; nil discards it.
	Logger *slog.Logger
}

// Registry is an opened registry.
type Registry struct {
	// Driver reads and deletes in the registry's storage. It may have the
	// optional powers of package storage, so pass it on as it is.
	Driver storage.Driver

	// Name says which storage it is, for reports. It holds no credentials.
	Name string

	// Cache is the blob descriptor cache that the registry's configuration
	// names: "inmemory", "redis", or empty. It keeps what a collection
	// removes: an inmemory cache until the registry restarts, redis for good.
	// Package cache clears it.
	Cache string

	// Redis is how the registry reaches its Redis, when that is its cache; else
	// nil. It may name no address: then the registry does not start, or it is
	// one of version 2 that speaks TLS to it.
	Redis *configuration.Redis

	closer io.Closer // nil where there is nothing to close
}

// Close releases what the driver holds.
func (r *Registry) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Open opens the registry that is named by the path of its configuration file,
// by a directory that holds docker/registry/v2, by a file:// URL of either, or
// by an s3:// or oss:// URL (see the ParseURL functions of those drivers). It
// sends nothing to an object store: whether the bucket can be reached shows
// when it is listed.
//
// A configuration is read as the registry reads it, with the environment's
// REGISTRY_* overrides; as the registry does, it warns on the standard error
// of such variables that name no setting. A relative rootdirectory is taken
// from the current directory.
//
// An error for which errors.Is reports [ErrUsage] is the caller's to mend: its
// message names the culprit and the remedy.
func Open(ctx context.Context, registry string, opts Options) (*Registry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if registry == "" {
		return nil, usage(nil, "no registry is named: give the path of its config.yml or of the directory that holds %s, or an s3:// or oss:// URL", tree)
	}
	name := registry
	if scheme, _, isURL := strings.Cut(registry, "://"); isURL {
		u, err := parseURL(strings.ToLower(scheme), registry)
		if err != nil {
			return nil, err
		}
		if u.Scheme != "file" {
			return openBucketURL(ctx, u, opts)
		}
		name = u.Path
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || notDirectory(err):
		return nil, usage(err, "%s: no such file or directory; give the path of the registry's config.yml or of the directory that holds %s", name, tree)
	case err != nil:
		return nil, unreadable(name, err)
	case info.IsDir():
		return openDirectory(name, opts)
	case info.Mode().IsRegular():
		return openConfig(ctx, name, opts)
	}
	return nil, usage(nil, "%s is neither a file nor a directory; give the path of the registry's config.yml or of the directory that holds %s", name, tree)
}

// parseURL reads a URL of a scheme that is known. What is refused may hold a
// password, so only file:// URLs are shown.
func parseURL(scheme, registry string) (*url.URL, error) {
	if scheme != "file" && scheme != "s3" && scheme != "oss" {
		return nil, unsupported(fmt.Sprintf("the URL scheme %s://", scheme), scheme)
	}
	u, err := url.Parse(registry)
	switch {
	case err != nil && scheme == "file":
		return nil, usage(nil, "%q is no URL that can be read; write file:///absolute/directory", registry)
	case err != nil:
		return nil, usage(nil, "this is no %s:// URL that can be read; write %s://bucket/prefix?region=…, special characters escaped", scheme, scheme)
	case scheme != "file":
		return u, nil
	case u.Host != "" && u.Host != "localhost":
		return nil, usage(nil, "%q names the host %q, not a directory of this machine; write file:///absolute/directory with three slashes", registry, u.Host)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Path == "":
		return nil, usage(nil, "%q is more or less than a path; write file:///absolute/directory", registry)
	}
	return u, nil
}

// openFilesystem opens the filesystem driver on a directory.
func openFilesystem(dir string, opts Options) (*Registry, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	driver, err := filesystem.New(absolute)
	if err != nil {
		return nil, unreadable(absolute, err)
	}
	r := &Registry{Driver: driver, Name: absolute, closer: driver}
	if opts.MaxRequests > 0 {
		r.Driver = ratelimit.Wrap(driver, opts.MaxRequests)
	}
	return r, nil
}
