package compare

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/storage/layout"
	"golang.org/x/sync/errgroup"
)

// walk reads what a collector cannot do without, and makes nothing of it.
func (t task) walk(ctx context.Context) (a answer, err error) {
	a.Run, err = measured(result.Walk, func() (int64, error) {
		return walk(ctx, t.Dir, t.DeleteUntagged, t.Workers, t.Delay)
	})
	return a, err
}

// walker reads a registry's tree: the names in each directory that has more in
// it than its name tells, and each manifest once; where tags are roots, the link
// of each tag as well.
type walker struct {
	root  string // with docker/registry/v2/ and a slash at the end
	tags  bool
	delay time.Duration

	group    *errgroup.Group
	ctx      context.Context
	requests atomic.Int64
	seen     sync.Map // manifests, by <alg>/<hex>
}

// walk returns how many directories and files were read.
func walk(ctx context.Context, root string, tags bool, workers int, delay time.Duration) (int64, error) {
	if workers == 0 {
		workers = 4 * runtime.GOMAXPROCS(0)
	}
	w := &walker{root: root + "/", tags: tags, delay: delay}
	w.group, w.ctx = errgroup.WithContext(ctx)
	w.group.SetLimit(workers - 1) // beside this one
	err := errors.Join(w.repositories(layout.Repositories), w.blobs())
	err = errors.Join(err, w.group.Wait())
	return w.requests.Load(), err
}

// do runs f beside others where there is a worker without work, and else here.
func (w *walker) do(f func() error) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if w.group.TryGo(f) {
		return nil
	}
	return f()
}

// names are those of the directories in a directory, which need not be there.
func (w *walker) names(dir string) ([]string, error) {
	w.requests.Add(1)
	time.Sleep(w.delay)
	f, err := os.Open(w.root + dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := f.ReadDir(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (w *walker) read(file string) error {
	w.requests.Add(1)
	time.Sleep(w.delay)
	_, err := os.ReadFile(w.root + file)
	return err
}

// each does something for each directory in one.
func (w *walker) each(dir string, f func(name string) error) error {
	names, err := w.names(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := w.do(func() error { return f(name) }); err != nil {
			return err
		}
	}
	return nil
}

// only reads a directory, and the directories in it.
func (w *walker) only(dir string) error {
	return w.each(dir, func(name string) error {
		_, err := w.names(dir + name)
		return err
	})
}

func (w *walker) repositories(dir string) error {
	return w.each(dir, func(name string) error {
		below := dir + name + "/"
		switch {
		case name == "_layers" || name == "_uploads":
			return w.only(below)
		case name == "_manifests":
			return w.manifests(below)
		case strings.HasPrefix(name, "_"):
			return nil
		}
		return w.repositories(below)
	})
}

func (w *walker) manifests(dir string) error {
	areas, err := w.names(dir)
	if err != nil {
		return err
	}
	for _, area := range areas {
		switch area {
		case "revisions":
			err = w.revisions(dir + "revisions/")
		case "tags":
			err = w.history(dir + "tags/")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) revisions(dir string) error {
	return w.each(dir, func(algorithm string) error {
		return w.each(dir+algorithm+"/", func(hex string) error {
			blob := algorithm + "/" + hex[:2] + "/" + hex + "/data"
			if _, again := w.seen.LoadOrStore(blob, true); again {
				return nil
			}
			err := w.read(layout.Blobs + blob)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		})
	})
}

func (w *walker) history(dir string) error {
	return w.each(dir, func(tag string) error {
		if _, err := w.names(dir + tag + "/index/sha256"); err != nil || !w.tags {
			return err
		}
		return w.read(dir + tag + "/current/link")
	})
}

func (w *walker) blobs() error {
	return w.each(layout.Blobs, func(algorithm string) error {
		return w.only(layout.Blobs + algorithm + "/")
	})
}
