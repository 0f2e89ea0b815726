package drivers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/storage"
)

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
	Cache string
}

// Close releases what the driver holds.
func (r *Registry) Close() error {
	if c, ok := r.Driver.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Open opens the registry that is named by the path of its configuration file,
// by a directory that holds docker/registry/v2, or by a file:// URL of either.
//
// A configuration is read as the registry reads it, with the environment's
// REGISTRY_* overrides; as the registry does, it warns on the standard error
// of such variables that name no setting. A relative rootdirectory is taken
// from the current directory.
//
// An error for which errors.Is reports [ErrUsage] is the caller's to mend: its
// message names the culprit and the remedy.
func Open(ctx context.Context, registry string) (*Registry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if registry == "" {
		return nil, usage(nil, "no registry is named: give the path of its config.yml or of the directory that holds %s", tree)
	}
	name := registry
	if strings.Contains(registry, "://") {
		var err error
		if name, err = fileURL(registry); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || notDirectory(err):
		return nil, usage(err, "%s: no such file or directory; give the path of the registry's config.yml or of the directory that holds %s", name, tree)
	case err != nil:
		return nil, unreadable(name, err)
	case info.IsDir():
		return openDirectory(name)
	case info.Mode().IsRegular():
		return openConfig(name)
	}
	return nil, usage(nil, "%s is neither a file nor a directory; give the path of the registry's config.yml or of the directory that holds %s", name, tree)
}

// fileURL is the path that a file:// URL names.
func fileURL(registry string) (string, error) {
	scheme, _, _ := strings.Cut(registry, "://")
	scheme = strings.ToLower(scheme)
	if scheme != "file" {
		return "", unsupported(fmt.Sprintf("the URL scheme %s://", scheme), scheme)
	}
	u, err := url.Parse(registry)
	if err != nil {
		return "", usage(nil, "%q is no URL that can be read; write file:///absolute/directory", registry)
	}
	if u.Host != "" && u.Host != "localhost" {
		return "", usage(nil, "%q names the host %q, not a directory of this machine; write file:///absolute/directory with three slashes", registry, u.Host)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Path == "" {
		return "", usage(nil, "%q is more or less than a path; write file:///absolute/directory", registry)
	}
	return u.Path, nil
}

// openFilesystem opens the filesystem driver on a directory.
func openFilesystem(dir, cache string) (*Registry, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	driver, err := filesystem.New(absolute)
	if err != nil {
		return nil, unreadable(absolute, err)
	}
	return &Registry{Driver: driver, Name: absolute, Cache: cache}, nil
}
