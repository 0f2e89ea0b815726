package filesystem

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// searchDirs is how many directories LeadsOut reads behind a link.
const searchDirs = 1000

// LeadsOut implements [storage.LinkProber]. It is the one method that looks
// through a symbolic link, and only tells whether to refuse work.
func (d *Driver) LeadsOut(ctx context.Context, key, prefix, name string) (bool, error) {
	if err := errors.Join(checkPath(key), ctx.Err()); err != nil {
		return false, fail("stat", key, err)
	}
	link := filepath.Join(d.root, filepath.FromSlash(key))
	info, err := os.Stat(link)
	if isAny(err, syscall.ENOENT, syscall.ELOOP) || err == nil && !info.IsDir() {
		return false, nil // it leads nowhere, or to no directory
	}
	if err != nil {
		return false, fail("stat", key, err)
	}
	target, err := filepath.EvalSymlinks(link)
	if err != nil {
		return false, fail("stat", key, err)
	}
	home, err := filepath.EvalSymlinks(filepath.Join(d.root, filepath.FromSlash(prefix)))
	if err != nil {
		return false, fail("stat", prefix, err)
	}
	if name == "" || !isNamed(home, target) {
		found, err := holds(ctx, target, name)
		if err != nil {
			return false, fail("stat", key, err)
		}
		return found, nil
	}
	return false, nil
}

// isNamed reports whether target is home or lies below it, and is found there
// by whoever goes through all directories that are named as repositories are.
func isNamed(home, target string) bool {
	below, ok := strings.CutPrefix(target+string(filepath.Separator), home+string(filepath.Separator))
	if !ok {
		return false
	}
	for name := range strings.SplitSeq(below, string(filepath.Separator)) {
		if strings.HasPrefix(name, "_") {
			return false
		}
	}
	return true
}

// holds reports whether a directory of that name lies below root, or may.
func holds(ctx context.Context, root, name string) (bool, error) {
	if name == "" {
		return true, nil
	}
	dirs := []string{root}
	for read := 0; read < len(dirs); read++ {
		if read == searchDirs {
			return true, nil
		}
		entries, err := os.ReadDir(dirs[read])
		if err := errors.Join(err, ctx.Err()); err != nil {
			return false, err
		}
		for _, e := range entries {
			path := filepath.Join(dirs[read], e.Name())
			if e.Type()&fs.ModeSymlink != 0 {
				info, err := os.Stat(path)
				if err == nil && info.IsDir() {
					return true, nil // who knows what lies there
				}
			}
			if e.IsDir() && e.Name() == name {
				return true, nil
			}
			if e.IsDir() {
				dirs = append(dirs, path)
			}
		}
	}
	return false, nil
}
