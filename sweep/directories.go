package sweep

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// leaving is what goes from a repository.
type leaving struct {
	keys map[string]bool
	// homes are the directories that go with the keys, unless something else
	// is in them.
	homes map[string]bool
}

func leavingOf(s *share) (leaving, error) {
	l := leaving{map[string]bool{}, map[string]bool{}}
	for _, items := range [][]item{s.entries, s.revisions, s.layers, s.uploads} {
		for _, it := range items {
			for _, path := range it.paths() {
				key, err := path.Key()
				if err != nil {
					return l, err
				}
				l.keys[key] = true
				for _, home := range path.Homes() {
					l.homes[home.Prefix()] = true
				}
			}
		}
	}
	return l, nil
}

// planDirectories decides about the directory of a name (law 11). Its own parts
// go when nothing stays in them; the directory itself goes in emptyDirectories,
// when nothing below it stays either.
func (p *planner) planDirectories(ctx context.Context, r *inventory.Repository, s *share) error {
	if p.tree == nil {
		return nil
	}
	var dirs []layout.Dir
	stays := r.Strangers > 0 || r.Odd
	if s != nil {
		going, err := leavingOf(s)
		if err != nil {
			return err
		}
		if stays = stays || s.stays; stays {
			dirs, err = p.emptyHomes(ctx, r, s, going)
		} else {
			dirs, stays, err = p.emptyRepository(ctx, r, going)
		}
		if err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.directories = append(p.directories, dirs...)
	p.names[r.Prefix] = !stays
	return nil
}

// emptyHomes returns the directories of what is gone, and what an interrupted
// run left in the directories of what goes, where nothing stays in them and
// they are old.
func (p *planner) emptyHomes(ctx context.Context, r *inventory.Repository, s *share, going leaving) ([]layout.Dir, error) {
	var homes []string
	for _, tag := range s.linkless {
		homes = append(homes, r.Prefix+"_manifests/tags/"+tag+"/")
	}
	linkless := len(homes)
	add := func(path layout.Path) {
		home := path.Homes()[0].Prefix()
		if !slices.ContainsFunc(homes[:linkless], func(prefix string) bool { return strings.HasPrefix(home, prefix) }) {
			homes = append(homes, home)
		}
	}
	for _, path := range s.gone {
		add(path)
	}
	for _, it := range s.revisions {
		if s.kept.MayBeSigned(it.digest) { // it may have had signatures
			add(it.path())
		}
	}
	for _, it := range s.uploads {
		homes = append(homes, r.Prefix+"_uploads/"+it.name+"/")
	}
	var dirs []layout.Dir
	for _, home := range homes {
		empty, err := p.emptyTree(ctx, home, going)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, empty...)
	}
	return dirs, nil
}

// emptyRepository returns all directories of a repository's own parts, when
// nothing is in them but the keys that go.
func (p *planner) emptyRepository(ctx context.Context, r *inventory.Repository, going leaving) (dirs []layout.Dir, stays bool, err error) {
	for _, area := range []string{"_layers/", "_manifests/", "_uploads/"} {
		empty, err := p.emptyTree(ctx, r.Prefix+area, going)
		if err != nil {
			return nil, false, err
		}
		if empty == nil {
			_, err := inventory.Confirm(func() (storage.Object, error) { return p.reader.Stat(ctx, r.Prefix+area) })
			if !errors.Is(err, storage.ErrNotFound) {
				return nil, true, err // it is there, and stays
			}
		}
		dirs = append(dirs, empty...)
	}
	return dirs, false, nil
}

// emptyTree returns the directories from prefix down when there is nothing in
// them but the keys that go, and all are old; otherwise nil. Directories that
// go with a key are left out, unless there is an empty one in them.
func (p *planner) emptyTree(ctx context.Context, prefix string, going leaving) ([]layout.Dir, error) {
	if p.tree == nil {
		return nil, nil
	}
	entries, err := inventory.Confirm(func() ([]storage.Entry, error) { return p.tree.ReadDir(ctx, prefix) })
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrIrregular) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	dirs := []layout.Dir{}
	for _, e := range entries {
		switch {
		case e.Kind == storage.EntryFile && going.keys[prefix+e.Name]:
		case e.Kind != storage.EntryDir:
			return nil, nil
		default:
			below, err := p.emptyTree(ctx, prefix+e.Name+"/", going)
			if err != nil || below == nil {
				return nil, err
			}
			dirs = append(dirs, below...)
		}
	}
	dir, removable, err := p.removable(ctx, prefix)
	switch {
	case err != nil || !removable:
		return nil, err
	case len(dirs) == 0 && going.homes[prefix]:
		return dirs, nil
	}
	return append(dirs, dir), nil
}

// removable reports whether a directory in which nothing stays is one of ours
// and old.
func (p *planner) removable(ctx context.Context, prefix string) (layout.Dir, bool, error) {
	dir, ours := layout.ParseDir(prefix)
	if !ours {
		return dir, false, nil
	}
	o, err := inventory.Confirm(func() (storage.Object, error) { return p.reader.Stat(ctx, prefix) })
	if errors.Is(err, storage.ErrNotFound) {
		return dir, false, nil
	}
	if err != nil || !o.IsPrefix {
		return dir, false, err
	}
	if !p.old(o) {
		p.recentDirs.Add(1)
		return dir, false, nil
	}
	return dir, true, nil
}

// emptyDirectories plans the directories that can be judged only when all
// below them are: those of names, from the deepest up, and those of blobs'
// algorithms; on object stores, directory markers.
func (p *planner) emptyDirectories(ctx context.Context) error {
	prefixes := make([]string, 0, len(p.names))
	for prefix := range p.names {
		prefixes = append(prefixes, prefix)
	}
	slices.SortFunc(prefixes, deeper)
	for _, prefix := range prefixes {
		if p.names[prefix] {
			dir, removable, err := p.removable(ctx, prefix)
			if err != nil {
				return err
			}
			if removable {
				p.directories = append(p.directories, dir)
				continue
			}
		}
		if above := parent(prefix); p.names[above] {
			p.names[above] = false
		}
	}
	for prefix, going := range p.emptied {
		entries, err := inventory.Confirm(func() ([]storage.Entry, error) { return p.tree.ReadDir(ctx, prefix) })
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if int64(len(entries)) != going {
			continue
		}
		dir, removable, err := p.removable(ctx, prefix)
		if err != nil {
			return err
		}
		if removable {
			p.directories = append(p.directories, dir)
		}
	}
	return p.directoryMarkers(ctx)
}

// parent returns the prefix of the directory that holds another.
func parent(prefix string) string {
	return prefix[:strings.LastIndexByte(strings.TrimSuffix(prefix, "/"), '/')+1]
}
