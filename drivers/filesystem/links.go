package filesystem

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// How far LeadsOut searches behind a link.
const (
	searchDepth = 4
	searchDirs  = 1000
)

// LeadsOut implements [storage.LinkProber]. It is the one method that looks
// through a symbolic link, and only tells whether to refuse work.
func (d *Driver) LeadsOut(ctx context.Context, key, prefix, name string) (bool, error) {
	if err := errors.Join(checkPath(key), ctx.Err()); err != nil {
		return false, fail("stat", key, err)
	}
	target, err := filepath.EvalSymlinks(filepath.Join(d.root, filepath.FromSlash(key)))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // it leads nowhere
	}
	if err != nil {
		return false, fail("stat", key, err)
	}
	home, err := filepath.EvalSymlinks(filepath.Join(d.root, filepath.FromSlash(prefix)))
	if err != nil {
		return false, fail("stat", prefix, err)
	}
	if target == home || strings.HasPrefix(target, home+string(filepath.Separator)) {
		return false, nil
	}
	info, err := os.Stat(target)
	if err != nil {
		return false, fail("stat", key, err)
	}
	if !info.IsDir() || name == "" {
		return info.IsDir(), nil
	}
	found, err := holds(ctx, target, name)
	if err != nil {
		return false, fail("stat", key, err)
	}
	return found, nil
}

// holds reports whether a directory of that name lies below root, level by
// level.
func holds(ctx context.Context, root, name string) (bool, error) {
	read := 0
	level := []string{root}
	for range searchDepth {
		var next []string
		for _, dir := range level {
			if read++; read > searchDirs {
				return true, nil
			}
			entries, err := os.ReadDir(dir)
			if err := errors.Join(err, ctx.Err()); err != nil {
				return false, err
			}
			for _, e := range entries {
				if e.IsDir() && e.Name() == name {
					return true, nil
				}
				if e.IsDir() {
					next = append(next, filepath.Join(dir, e.Name()))
				}
			}
		}
		level = next
	}
	return false, nil
}
