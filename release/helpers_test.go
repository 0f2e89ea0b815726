package release_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/opencontainers/go-digest"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const (
	old    = -30 * 24 * time.Hour
	recent = -time.Minute
)

func newTree() *fixture.Tree { return fixture.New(now.Add(old)) }

// at changes the time of what build adds.
func at(tree *fixture.Tree, age time.Duration, build func()) {
	before := tree.Now
	tree.Now = now.Add(age)
	build()
	tree.Now = before
}

// store is a driver with a tree in it.
type store struct {
	storage.Driver
	put  func(p layout.Path, content []byte)
	left func() *fixture.Tree
}

// inDirectory opens a directory with a tree in it.
func inDirectory(t *testing.T, tree *fixture.Tree, dir string) *filesystem.Driver {
	t.Helper()
	if err := tree.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	d, err := filesystem.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// onEach runs a test on a flat store and on directories.
func onEach(t *testing.T, tree *fixture.Tree, run func(t *testing.T, s store)) {
	t.Helper()
	t.Run("flat", func(t *testing.T) {
		d := memory.New()
		if err := tree.Write(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		put := func(p layout.Path, content []byte) {
			if err := d.Put(context.Background(), fixture.Key(p), content, now); err != nil {
				t.Error(err)
			}
		}
		run(t, store{d, put, func() *fixture.Tree {
			left := fixture.New(now)
			for o, err := range d.List(t.Context(), "", storage.ListOptions{}) {
				if err != nil {
					t.Fatal(err)
				}
				left.Files[o.Key] = fixture.File{}
			}
			return left
		}})
	})
	t.Run("directories", func(t *testing.T) {
		dir := t.TempDir()
		d := inDirectory(t, tree, dir)
		put := func(p layout.Path, content []byte) {
			more := fixture.New(now)
			more.Add(p, content)
			if err := more.WriteDir(dir); err != nil {
				t.Error(err)
			}
		}
		run(t, store{d, put, func() *fixture.Tree {
			left, err := fixture.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			return left
		}})
	})
}

func tag(repository string, names ...string) release.Target {
	t := release.Target{Repository: repository}
	for _, name := range names {
		t.Tags = append(t.Tags, release.Choice{Name: name})
	}
	return t
}

func manifest(repository string, digests ...digest.Digest) release.Target {
	t := release.Target{Repository: repository}
	for _, d := range digests {
		t.Revisions = append(t.Revisions, release.Choice{Name: string(d)})
	}
	return t
}

func plan(t *testing.T, d storage.Reader, opts release.Options, targets ...release.Target) *release.Plan {
	t.Helper()
	c, err := catalog.Read(t.Context(), d, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	opts.Now = now
	p, err := release.New(c, targets, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// let plans and executes.
func let(t *testing.T, s store, opts release.Options, targets ...release.Target) *release.Plan {
	t.Helper()
	p := plan(t, s.Driver, opts, targets...)
	if err := p.Execute(t.Context(), s.Driver); err != nil {
		t.Error(err)
	}
	return p
}

// names tells digests by what the tests call them.
type names map[digest.Digest]string

func (n names) of(d digest.Digest) string {
	if name, ok := n[d]; ok {
		return name
	}
	return string(d)
}

// done are the tags and manifests that went, sorted.
func (n names) done(p *release.Plan) string {
	var words []string
	for s := range p.Done() {
		switch s.Kind {
		case release.Tag:
			words = append(words, ":"+s.Tag)
		case release.Manifest:
			words = append(words, n.of(s.Digest))
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// kept are the tags and manifests that stay, with the cause, sorted.
func (n names) kept(p *release.Plan) string {
	var words []string
	for k := range p.Kept() {
		name := n.of(k.Digest)
		switch {
		case k.Tag != "":
			name = ":" + k.Tag
		case k.Kind == release.Upload:
			name = k.Upload
		}
		words = append(words, fmt.Sprintf("%s=%s", name, k.Cause))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// below are the keys and empty directories of a repository that are left.
func below(tree *fixture.Tree, repository string) (keys []string) {
	for key := range maps.Keys(tree.Files) {
		if strings.HasPrefix(key, layout.Repository(repository)) {
			keys = append(keys, key)
		}
	}
	for key := range maps.Keys(tree.Dirs) {
		if strings.HasPrefix(key, layout.Repository(repository)) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
