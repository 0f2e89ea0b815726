package compare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/bench/gateway"
	"github.com/blobsweep/blobsweep/bench/workload"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// The storages that a registry can be on.
const (
	Filesystem = "filesystem"
	S3         = "s3"
)

// bucket is the name of the one that a registry is in.
const bucket = "registry"

// Options say where registries are laid out.
type Options struct {
	// Dir is where temporary directories are made; empty is the system's place.
	Dir string
	// Log is told what goes on, a line each time; nil discards it.
	Log func(line string)
}

func (o Options) logf(format string, args ...any) {
	if o.Log != nil {
		o.Log(fmt.Sprintf(format, args...))
	}
}

// Registry is one that is laid out, for comparisons that take turns.
type Registry struct {
	opts    Options
	storage string
	medium  string
	dir     string // all of it
	tree    string // with docker/registry/v2
	gateway *gateway.Gateway

	workload *workload.Workload
	truth    workload.Truth
	keys     []string // what there is, sorted
	// manifests are those that are linked anywhere, each once.
	manifests int
	damaged   []workload.Mode // what was removed from it and not restored
}

// Lay makes up a registry and lays it out, on a filesystem or on S3. Close
// removes it.
func Lay(ctx context.Context, storage string, spec workload.Spec, opts Options) (r *Registry, err error) {
	w, err := workload.New(spec)
	if err != nil {
		return nil, err
	}
	r = &Registry{opts: opts, storage: storage, workload: w, truth: w.Truth()}
	if r.dir, err = os.MkdirTemp(opts.Dir, "blobsweep-bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	switch storage {
	case Filesystem:
		r.tree, r.medium = filepath.Join(r.dir, "registry"), filesystemOf(r.dir)
		err = os.Mkdir(r.tree, 0o755)
	case S3:
		r.medium = "versitygw"
		if r.gateway, err = gateway.Start(ctx, r.dir); err == nil {
			r.tree, err = r.gateway.Bucket(bucket)
		}
	default:
		err = fmt.Errorf("there is no storage %q; there are %s and %s", storage, Filesystem, S3)
	}
	if err != nil {
		return r, err
	}
	return r, r.lay(ctx)
}

func (r *Registry) lay(ctx context.Context) error {
	start := time.Now()
	written, err := workload.Lay(ctx, r.workload, workload.Dir(r.tree))
	if err != nil {
		return err
	}
	r.opts.logf("laid out %s of %d blobs, %d objects in %s", r.truth.Spec.Shape, r.truth.Blobs, written, time.Since(start).Round(time.Millisecond))
	if r.keys, err = r.list(ctx); err != nil {
		return err
	}
	if len(r.keys) != r.truth.Objects {
		return fmt.Errorf("%d objects are laid out, and there must be %d", len(r.keys), r.truth.Objects)
	}
	linked := map[digest.Digest]bool{}
	for _, key := range r.keys {
		if p, ok := layout.Parse(key); ok && p.Kind == layout.RevisionLink {
			linked[p.Digest] = true
		}
	}
	r.manifests = len(linked)
	return nil
}

// Close removes the registry.
func (r *Registry) Close() error {
	var err error
	if r.gateway != nil {
		err = r.gateway.Close()
	}
	return errors.Join(err, os.RemoveAll(r.dir))
}

// list lists all objects, in the order of their keys.
func (r *Registry) list(ctx context.Context) ([]string, error) {
	var keys []string
	err := filepath.WalkDir(filepath.Join(r.tree, filepath.FromSlash(layout.Root)), func(name string, e fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil || e.IsDir() {
			return err
		}
		keys = append(keys, filepath.ToSlash(name[len(r.tree)+1:]))
		return nil
	})
	slices.Sort(keys)
	return keys, err
}

// gone is what is not there any more.
func (r *Registry) gone(ctx context.Context) (workload.Removal, error) {
	left, err := r.list(ctx)
	if err != nil {
		return workload.Removal{}, err
	}
	return workload.RemovalOfKeys(without(r.keys, left))
}

// without yields what is in one sorted list and not in another.
func without(all, left []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, key := range all {
			for len(left) > 0 && left[0] < key {
				left = left[1:]
			}
			if (len(left) == 0 || left[0] != key) && !yield(key) {
				return
			}
		}
	}
}

// restore puts back what was removed, and reads everything once, so that the
// next run finds it in the caches.
func (r *Registry) restore(ctx context.Context) error {
	if r.damaged == nil {
		return nil
	}
	if _, err := workload.Restore(ctx, r.workload, r.tree, r.damaged...); err != nil {
		return err
	}
	r.damaged = nil
	_, err := walk(ctx, r.tree, true, 0, 0)
	return err
}

// mode is that of a collector, for the truth.
func mode(upstream, deleteUntagged bool) workload.Mode {
	switch {
	case upstream && deleteUntagged:
		return workload.UpstreamDeleteUntagged
	case upstream:
		return workload.Upstream
	case deleteUntagged:
		return workload.DeleteUntagged
	}
	return workload.Default
}

// floor is how many requests a case cannot avoid on S3: the pages of the
// listings, each manifest once, where tags are roots each of them, and a request
// for each 1,000 keys to delete of each kind.
func (r *Registry) floor(c Case) int64 {
	requests := pages(r.truth.Blobs) + pages(r.truth.Objects-r.truth.Blobs) + r.manifests
	if c.DeleteUntagged {
		requests += r.truth.Tags
	}
	if c.Execute {
		removal := r.truth.Removal(mode(false, c.DeleteUntagged))
		uploads := 0
		for _, key := range r.keys {
			if strings.Contains(key, "/_uploads/") {
				uploads++
			}
		}
		for _, n := range []int{len(removal.TagIndexEntries), len(removal.Manifests), len(removal.LayerLinks), len(removal.Blobs), uploads} {
			requests += pages(n)
		}
	}
	return int64(requests)
}

// pages are how many requests it takes for a number of keys.
func pages(keys int) int { return (keys + 999) / 1000 }
