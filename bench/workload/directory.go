package workload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Dir is a Sink that writes below a directory, which it makes if need be. A
// file that is there already is an error.
func Dir(root string) Sink { return directory{root: root} }

type directory struct {
	root string
	// keep leaves files alone that are there already.
	keep bool
}

// Workers implements [Parallel].
func (d directory) Workers() int { return 2 * runtime.GOMAXPROCS(0) }

// Put implements [Sink].
func (d directory) Put(_ context.Context, o Object) error {
	name := filepath.Join(d.root, filepath.FromSlash(o.Key))
	// Nearly every file has a directory of its own, below one that is there.
	if err := makeDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("lay out %s: %w", o.Key, err)
	}
	err := writeFile(name, o.Content, o.ModTime)
	switch {
	case d.keep && errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return fmt.Errorf("lay out %s: %w", o.Key, err)
	}
	return nil
}

// makeDir makes a directory, and its parents where they are not there yet.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(dir, 0o755)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
