package trust_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blobsweep/blobsweep/internal/stream"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// memTree is a fixture's tree with real directories, in memory: what the
// filesystem driver is to the planner, fast enough to break at every step.
type memTree struct {
	mu    sync.Mutex
	files map[string]fixture.File
	dirs  map[string]*dir
}

type dir struct {
	time    time.Time
	entries map[string]storage.EntryKind
}

var (
	_ storage.Driver      = (*memTree)(nil)
	_ storage.Tree        = (*memTree)(nil)
	_ storage.DirRemover  = (*memTree)(nil)
	_ storage.MultiStater = (*memTree)(nil)
	_ storage.Opener      = (*memTree)(nil)
	_ storage.Writer      = (*memTree)(nil)
)

func newMemTree(t *fixture.Tree) *memTree {
	m := &memTree{files: maps.Clone(t.Files), dirs: map[string]*dir{}}
	for key, file := range t.Files {
		m.enter(key, file.ModTime)
	}
	for prefix, at := range t.Dirs {
		m.enter(prefix+"x", at)
		delete(m.dirs[prefix].entries, "x")
	}
	for key := range t.Symlinks {
		m.enter(key, t.Now.Add(-30*24*time.Hour))
		parent, name := split(key)
		m.dirs[parent].entries[name] = storage.EntryOther
	}
	return m
}

// split cuts the last component off a key or prefix.
func split(key string) (parent, name string) {
	key = strings.TrimSuffix(key, "/")
	i := strings.LastIndexByte(key, '/') + 1
	return key[:i], key[i:]
}

// enter makes the directories above a key.
func (m *memTree) enter(key string, at time.Time) {
	kind := storage.EntryFile
	for key != "" {
		parent, name := split(key)
		d := m.dirs[parent]
		if d == nil {
			d = &dir{entries: map[string]storage.EntryKind{}}
			m.dirs[parent] = d
		}
		d.entries[name] = kind
		if at.After(d.time) {
			d.time = at
		}
		key, kind = parent, storage.EntryDir
	}
}

// tree returns what is left.
func (m *memTree) tree() *fixture.Tree {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := fixture.New(time.Time{})
	t.Files = maps.Clone(m.files)
	for prefix, d := range m.dirs {
		if len(d.entries) == 0 {
			t.Dirs[prefix] = d.time
		}
	}
	return t
}

// forget removes an entry from its directory.
func (m *memTree) forget(key string) {
	parent, name := split(key)
	if d := m.dirs[parent]; d != nil {
		delete(d.entries, name)
	}
}

func (m *memTree) Hierarchical() bool { return true }

func (m *memTree) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.dirs[prefix]
	if d == nil {
		return nil, &storage.Error{Op: "list", Key: prefix, Err: storage.ErrNotFound}
	}
	var entries []storage.Entry
	for name, kind := range d.entries {
		entries = append(entries, storage.Entry{Name: name, Kind: kind})
	}
	return entries, ctx.Err()
}

func (m *memTree) List(ctx context.Context, prefix string, _ storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		m.mu.Lock()
		var keys []string
		for key := range m.files {
			if strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}
		m.mu.Unlock()
		slices.Sort(keys)
		for _, key := range keys {
			if o, err := m.Stat(ctx, key); !yield(o, err) || err != nil {
				return
			}
		}
	}
}

func (m *memTree) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	file, ok := m.files[key]
	switch {
	case !ok:
		return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrNotFound}
	case int64(len(file.Content)) > limit:
		return nil, &storage.Error{Op: "get", Key: key, Err: storage.ErrTooLarge}
	}
	return file.Content, ctx.Err()
}

func (m *memTree) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	content, err := m.Get(ctx, key, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return stream.New(ctx, key, io.NopCloser(bytes.NewReader(content)), int64(len(content))), nil
}

func (m *memTree) Write(ctx context.Context, key string, content []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &storage.Error{Op: "write", Key: key, Err: err}
	}
	m.files[key] = fixture.File{Content: bytes.Clone(content), ModTime: time.Now()}
	m.enter(key, time.Now())
	return nil
}

func (m *memTree) Stat(ctx context.Context, key string) (storage.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if file, ok := m.files[key]; ok {
		return storage.Object{Key: key, Size: int64(len(file.Content)), ModTime: file.ModTime}, ctx.Err()
	}
	if d, ok := m.dirs[key]; ok {
		return storage.Object{Key: key, ModTime: d.time, IsPrefix: true}, ctx.Err()
	}
	return storage.Object{}, &storage.Error{Op: "stat", Key: key, Err: storage.ErrNotFound}
}

func (m *memTree) StatEach(ctx context.Context, prefix string, names []string, file string) ([]storage.Described, error) {
	all := make([]storage.Described, len(names))
	for i, name := range names {
		all[i].Object, all[i].Err = m.Stat(ctx, prefix+name+"/"+file)
	}
	return all, ctx.Err()
}

func (m *memTree) Delete(ctx context.Context, keys ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var failed []*storage.Error
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			failed = append(failed, &storage.Error{Op: "delete", Key: key, Err: err})
			continue
		}
		delete(m.files, key)
		m.forget(key)
	}
	if failed != nil {
		return &storage.DeleteError{Failed: failed}
	}
	return nil
}

func (m *memTree) RemoveDir(ctx context.Context, prefix string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return &storage.Error{Op: "rmdir", Key: prefix, Err: err}
	}
	if d := m.dirs[prefix]; d != nil && len(d.entries) > 0 {
		return &storage.Error{Op: "rmdir", Key: prefix, Err: storage.ErrNotEmpty}
	}
	delete(m.dirs, prefix)
	m.forget(prefix)
	return nil
}
