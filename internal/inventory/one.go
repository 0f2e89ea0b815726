package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// Repository reads one repository, without those below it. One that does not
// exist has no Exists.
func (w *Walker) Repository(ctx context.Context, name string) (*Repository, error) {
	if tree, ok := storage.AsTree(w.Reader); ok {
		t := treeWalk{w, tree}
		r := newRepository(name)
		entries, found, err := t.readIfThere(ctx, r.Prefix)
		if err != nil || !found {
			return r, err
		}
		_, err = t.inside(ctx, r, entries)
		return r, err
	}
	return w.flatRepository(ctx, name)
}

// flatRepository lists the keys of one repository. They all begin with
// "<name>/_", as those of no other do.
func (w *Walker) flatRepository(ctx context.Context, name string) (*Repository, error) {
	r := newRepository(name)
	prefix, last := r.Prefix+"_", ""
	for o, err := range w.Reader.List(ctx, prefix, storage.ListOptions{}) {
		switch {
		case err != nil:
			return nil, err
		case o.Key <= last:
			return nil, &storage.Error{Op: "list", Key: prefix, Err: fmt.Errorf("%q after %q: %w", o.Key, last, errOrder)}
		}
		last = o.Key
		if !w.marker(o) {
			w.add(r, o, o.Key[len(prefix):])
		}
	}
	return r, nil
}

// Names returns the names of all repositories, sorted, reading directories and
// nothing in them; on a flat store each costs a listing of one level.
func (w *Walker) Names(ctx context.Context) ([]string, error) {
	var mu sync.Mutex
	var names []string
	var visit func(ctx context.Context, prefix string) error
	visit = func(ctx context.Context, prefix string) error {
		children, err := w.children(ctx, prefix)
		if err != nil {
			return err
		}
		exists := false
		var nested []string
		for _, child := range children {
			switch {
			case isArea(child):
				exists = true
			case !strings.HasPrefix(child, "_"):
				nested = append(nested, prefix+child+"/")
			}
		}
		if exists && prefix != layout.Repositories {
			mu.Lock()
			names = append(names, strings.TrimSuffix(prefix[len(layout.Repositories):], "/"))
			mu.Unlock()
		}
		return w.Pool.ForEach(ctx, len(nested), func(ctx context.Context, i int) error {
			return visit(ctx, nested[i])
		})
	}
	if err := visit(ctx, layout.Repositories); err != nil {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}

// children returns the names of the directories in a directory.
func (w *Walker) children(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	if tree, ok := storage.AsTree(w.Reader); ok {
		t := treeWalk{w, tree}
		entries, _, err := t.readIfThere(ctx, prefix)
		for _, e := range entries {
			if e.Kind == storage.EntryDir {
				names = append(names, e.Name)
			}
		}
		return names, err
	}
	for o, err := range w.Reader.List(ctx, prefix, storage.ListOptions{Delimiter: true}) {
		if err != nil {
			return nil, err
		}
		if o.IsPrefix {
			names = append(names, strings.TrimSuffix(o.Key[len(prefix):], "/"))
		}
	}
	return names, nil
}

// isArea tells the parts of a repository from other names.
func isArea(name string) bool {
	return name == "_layers" || name == "_manifests" || name == "_uploads"
}

func newRepository(name string) *Repository {
	return &Repository{Name: name, Prefix: layout.Repository(name), Odd: !layout.ValidRepository(name)}
}
