package distribution_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/distribution"
	storagedriver "github.com/distribution/distribution/v3/registry/storage/driver"
)

// flat is a StorageDriver as those of object stores are: paths and contents,
// and directories only as far as something lies under them.
type flat struct {
	storagedriver.StorageDriver // what a Driver must not call is nil

	mu    sync.Mutex
	files map[string]string
	dirs  map[string]bool // directories that are really there, for a hybrid
	// fail may answer an operation on a path instead.
	fail func(op, path string) error
}

var modTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func (f *flat) Name() string { return "flat" }

// begin locks f and asks fail.
func (f *flat) begin(op, path string) error {
	f.mu.Lock()
	if f.fail != nil {
		return f.fail(op, path)
	}
	return nil
}

func (f *flat) Reader(_ context.Context, path string, _ int64) (io.ReadCloser, error) {
	defer f.mu.Unlock()
	if err := f.begin("get", path); err != nil {
		return nil, err
	}
	content, ok := f.files[path]
	if !ok {
		return nil, storagedriver.PathNotFoundError{Path: path}
	}
	return io.NopCloser(strings.NewReader(content)), nil
}

func (f *flat) PutContent(_ context.Context, path string, content []byte) error {
	defer f.mu.Unlock()
	if err := f.begin("put", path); err != nil {
		return err
	}
	f.files[path] = string(content)
	return nil
}

func (f *flat) Stat(_ context.Context, path string) (storagedriver.FileInfo, error) {
	defer f.mu.Unlock()
	if err := f.begin("stat", path); err != nil {
		return nil, err
	}
	if !storagedriver.PathRegexp.MatchString(path) {
		return nil, storagedriver.InvalidPathError{Path: path}
	}
	fields := storagedriver.FileInfoFields{Path: path, ModTime: modTime}
	if content, ok := f.files[path]; ok {
		fields.Size = int64(len(content))
	} else if fields.IsDir = f.dirs[path] || len(f.below(path)) > 0; !fields.IsDir {
		return nil, storagedriver.PathNotFoundError{Path: path}
	}
	return storagedriver.FileInfoInternal{FileInfoFields: fields}, nil
}

func (f *flat) List(_ context.Context, path string) ([]string, error) {
	defer f.mu.Unlock()
	if err := f.begin("list", path); err != nil {
		return nil, err
	}
	children := map[string]bool{}
	for _, name := range f.below(path) {
		rest := strings.TrimPrefix(name, strings.TrimSuffix(path, "/")+"/")
		child, _, deeper := strings.Cut(rest, "/")
		if !deeper {
			child += " " // told apart from a directory of the same name
		}
		children[child] = true
	}
	if len(children) == 0 && !f.dirs[path] {
		return nil, storagedriver.PathNotFoundError{Path: path}
	}
	var paths []string
	for child := range children {
		paths = append(paths, strings.TrimSuffix(path, "/")+"/"+strings.TrimSuffix(child, " "))
	}
	return paths, nil
}

func (f *flat) Delete(_ context.Context, path string) error {
	defer f.mu.Unlock()
	if err := f.begin("delete", path); err != nil {
		return err
	}
	gone := f.below(path)
	if _, ok := f.files[path]; ok {
		gone = append(gone, path)
	}
	if len(gone) == 0 && !f.dirs[path] {
		return storagedriver.PathNotFoundError{Path: path}
	}
	for _, name := range gone {
		delete(f.files, name)
	}
	delete(f.dirs, path)
	return nil
}

// below is every path under a directory.
func (f *flat) below(dir string) []string {
	var names []string
	for name := range f.files {
		if strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/") {
			names = append(names, name)
		}
	}
	return names
}

func (f *flat) keys() []string { return slices.Sorted(maps.Keys(f.files)) }

// open makes a driver over some keys; each holds its own name.
func open(t *testing.T, opts distribution.Options, keys ...string) (*flat, *distribution.Driver) {
	t.Helper()
	f := &flat{files: map[string]string{}, dirs: map[string]bool{}}
	for _, key := range keys {
		f.files["/"+key] = key
	}
	return f, distribution.New(f, opts)
}

var errBroken = errors.New("the store is broken")
