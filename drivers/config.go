package drivers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/distribution/distribution/v3/configuration"
)

// defaultRootDirectory is where a registry keeps its data when its
// configuration does not say.
// Source: registry/storage/driver/filesystem of CNCF Distribution.
const defaultRootDirectory = "/var/lib/registry"

// openConfig opens the storage that a registry's configuration file names.
func openConfig(ctx context.Context, file string, opts Options) (*Registry, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable(file, err)
	}
	config, err := parseConfig(content)
	if err != nil {
		// The parser may answer in several lines.
		reason := strings.Join(strings.Fields(err.Error()), " ")
		return nil, usage(err, "%s: %s; it must be a registry's config.yml with a version and a storage section", file, reason)
	}
	var redis *configuration.Redis
	cache := cacheOf(config.Storage)
	if cache == "redis" {
		if redis, err = redisOf(content, config.Redis); err != nil {
			return nil, usage(err, "%s: %v; correct it", file, err)
		}
	}
	registry, err := openStorage(ctx, file, config.Storage, opts)
	if err != nil {
		return nil, err
	}
	registry.Cache, registry.Redis = cache, redis
	return registry, nil
}

func openStorage(ctx context.Context, file string, config configuration.Storage, opts Options) (*Registry, error) {
	switch driver := config.Type(); driver {
	case "filesystem":
		return openRootDirectory(file, config, opts)
	case "s3", "s3aws", "oss":
		return openBucketConfig(ctx, file, config, opts)
	case "inmemory":
		return nil, usage(nil, "%s: the storage driver inmemory keeps everything in the registry's own memory, so there is nothing to collect; restart the registry to empty it", file)
	default:
		return nil, unsupported(fmt.Sprintf("%s: the storage driver %s", file, driver), driver)
	}
}

// parseConfig reads a configuration with the overrides of the environment. The
// parser panics when the environment adds a second storage driver.
func parseConfig(content []byte) (config *configuration.Configuration, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v (look for REGISTRY_STORAGE_* in the environment)", p)
		}
	}()
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, errors.New("the file is empty")
	}
	return configuration.Parse(bytes.NewReader(content))
}

func openRootDirectory(file string, config configuration.Storage, opts Options) (*Registry, error) {
	dir := defaultRootDirectory
	if value, ok := config.Parameters()["rootdirectory"]; ok && value != nil {
		dir = fmt.Sprint(value)
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || notDirectory(err):
		return nil, usage(err, "%s: the rootdirectory %s does not exist; mount it at the same place as the registry has it, or set REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY to where it is", file, dir)
	case err != nil:
		return nil, unreadable(dir, err)
	case !info.IsDir():
		return nil, usage(nil, "%s: the rootdirectory %s is not a directory; correct the configuration", file, dir)
	}
	// Without a tree it is a registry that nothing was pushed to yet.
	if _, err := holdsRegistry(dir); err != nil {
		return nil, err
	}
	return openFilesystem(dir, opts)
}

// cacheOf names the blob descriptor cache. Old configurations call it
// layerinfo. Other words than these two turn the cache off, as in the registry.
func cacheOf(config configuration.Storage) string {
	section := config["cache"]
	value, ok := section["blobdescriptor"]
	if !ok {
		value = section["layerinfo"]
	}
	if name := fmt.Sprint(value); name == "inmemory" || name == "redis" {
		return name
	}
	return ""
}

// unsupported is the error for storage that this package has no driver for.
func unsupported(what, driver string) error {
	switch strings.ToLower(driver) {
	case "gcs", "gs", "azure", "swift":
		what += " is not supported by this command yet"
	default:
		what += " is not known"
	}
	return usage(nil, "%s; supported are a config.yml with one of the drivers filesystem, s3 and oss, a directory, file:///directory, s3://bucket and oss://bucket. A Go program can collect any storage driver of Distribution through the package drivers/distribution", what)
}
