package drivers

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tree is where a registry keeps its data, below its root directory.
const tree = "docker/registry/v2"

// openDirectory opens a directory that the user names as a registry's root.
func openDirectory(dir string, opts Options) (*Registry, error) {
	found, err := holdsRegistry(dir)
	if err != nil {
		return nil, err
	}
	if found {
		return openFilesystem(dir, opts)
	}
	hint, err := suggest(dir)
	if err != nil {
		return nil, err
	}
	if hint != "" {
		return nil, usage(nil, "%s holds no %s; did you mean %s?", dir, tree, hint)
	}
	return nil, usage(nil, "%s holds no %s; give the directory that does, which a registry's config.yml calls rootdirectory, or that config.yml", dir, tree)
}

// holdsRegistry reports whether dir is the root of a registry. The driver
// follows no symbolic link below the root, so one on the way is an error that
// names it.
func holdsRegistry(dir string) (bool, error) {
	at := dir
	for name := range strings.SplitSeq(tree, "/") {
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		case err != nil:
			return false, unreadable(at, err)
		case info.Mode()&fs.ModeSymlink != 0:
			return false, usage(nil, "%s is a symbolic link, and none is followed below the root directory; mount or move the data there, or give a directory that really holds %s", at, tree)
		case !info.IsDir():
			return false, nil
		}
	}
	return true, nil
}

// suggest looks for a registry's root around a directory that is none: above
// it, when the user named a part of the tree, or one level below.
func suggest(dir string) (string, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for up := absolute; up != filepath.Dir(up); up = filepath.Dir(up) {
		parent := filepath.Dir(up)
		if within(absolute, filepath.Join(parent, "docker")) && isRegistry(parent) {
			return parent, nil
		}
	}
	entries, err := os.ReadDir(absolute)
	if err != nil {
		return "", unreadable(dir, err)
	}
	for _, entry := range entries {
		if child := filepath.Join(absolute, entry.Name()); entry.IsDir() && isRegistry(child) {
			return child, nil
		}
	}
	return "", nil
}

// isRegistry is holdsRegistry for a mere suggestion, where an error means no.
func isRegistry(dir string) bool {
	found, err := holdsRegistry(dir)
	return found && err == nil
}

func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
}

// notDirectory reports whether a path leads through a file.
func notDirectory(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
