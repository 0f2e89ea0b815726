package workload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Dir is a Sink that writes below a directory, which it makes if need be. A
// file that is there already is an error, for which errors.Is reports
// fs.ErrExist.
//
// Where files were deleted by the thousand in the minutes before, ext4 takes
// several times as long to make new ones: it does not give out what was in use
// a moment ago, and looks through all of it for each file.
func Dir(root string) Sink { return directory{root} }

type directory struct{ root string }

// Workers implements [Parallel].
func (d directory) Workers() int { return 2 * runtime.GOMAXPROCS(0) }

// Put implements [Sink].
func (d directory) Put(_ context.Context, o Object) error {
	name := filepath.Join(d.root, filepath.FromSlash(o.Key))
	// Nearly every file has a directory of its own, below one that is there.
	err := makeDir(filepath.Dir(name))
	if err == nil {
		err = writeFile(name, o.Content, o.ModTime)
	}
	if err != nil {
		return fmt.Errorf("lay out %s: %w", o.Key, err)
	}
	return nil
}

// makeDir makes a directory, and its parents where they are not there yet.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o755)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(dir, 0o755)
	case errors.Is(err, fs.ErrExist):
		return nil
	}
	return err
}

// writeFile writes a new file with its time.
func writeFile(name string, content []byte, modTime time.Time) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Chtimes(name, modTime, modTime)
}
