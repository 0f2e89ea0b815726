package sweep

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// Directory markers of flat stores (law 11). A tool may have made one for every
// directory, so a marker over something that stays must cost nothing: while the
// tree is read, each key that stays claims the markers above it. Only the
// unclaimed ones are looked at again, once everything is judged.

// markers are those found. It is safe for concurrent use.
type markers struct {
	mu    sync.Mutex
	found map[string]*marker // by key
}

type marker struct {
	storage.Object
	stays bool // for what lies under it
}

// add takes a marker that a listing shows.
func (m *markers) add(o storage.Object) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.found[o.Key] = &marker{Object: o}
}

// keep claims the markers above keys that stay.
func (m *markers) keep(keys ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.found) == 0 {
		return
	}
	for _, key := range keys {
		for above := parent(key); len(above) > len(layout.Root); above = parent(above) {
			if found := m.found[above]; found != nil {
				found.stays = true
			}
		}
	}
}

// any reports whether there are markers at all.
func (m *markers) any() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.found) > 0
}

// claimed reports whether a marker is known to stay.
func (m *markers) claimed(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.found[key]
	return found == nil || found.stays
}

// unclaimedAbove reports whether a marker above a key is not known to stay.
func (m *markers) unclaimedAbove(key string) bool {
	for above := parent(key); len(above) > len(layout.Root); above = parent(above) {
		if !m.claimed(above) {
			return true
		}
	}
	return false
}

// is reports whether a key is that of a marker.
func (m *markers) is(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.found[key] != nil
}

// keepMarkers claims the markers above what stays of a repository.
func (p *planner) keepMarkers(r *inventory.Repository, s *share) error {
	if p.tree != nil || !p.markers.any() {
		return nil
	}
	going, err := leavingOf(s)
	if err != nil {
		return err
	}
	var paths []layout.Path
	for _, l := range r.Layers {
		paths = append(paths, layout.Path{Kind: layout.LayerLink, Digest: l.Digest()})
	}
	for _, l := range r.Revisions {
		paths = append(paths, layout.Path{Kind: layout.RevisionLink, Digest: l.Digest()})
	}
	for _, sig := range r.Signatures {
		paths = append(paths, layout.Path{Kind: layout.SignatureLink, Digest: sig.Revision.Digest(), Signature: sig.Digest()})
	}
	for _, tag := range r.Tags {
		if !tag.Doubtful { // else it may have no link
			paths = append(paths, layout.Path{Kind: layout.TagLink, Tag: tag.Name})
		}
		for _, l := range tag.Index {
			paths = append(paths, layout.Path{Kind: layout.TagIndexLink, Tag: tag.Name, Digest: l.Digest()})
		}
	}
	var staying []string
	keep := func(key string) {
		if !going.keys[key] {
			staying = append(staying, key)
		}
	}
	for _, path := range paths {
		path.Repository = r.Name
		if key, err := path.Key(); err == nil { // an odd repository's markers are odd too
			keep(key)
		}
	}
	for _, u := range r.Uploads {
		for _, o := range u.Objects {
			keep(o.Key)
		}
	}
	p.markers.keep(staying...)
	return nil
}

// directoryMarkers plans the markers under which nothing stays.
func (p *planner) directoryMarkers(ctx context.Context) error {
	keys := slices.Sorted(maps.Keys(p.markers.found))
	for _, key := range keys {
		o := p.markers.found[key]
		if _, ours := layout.ParseDir(key); !ours {
			o.stays = true
		}
		if o.stays || !p.old(o.Object) {
			p.markers.keep(key)
		}
	}
	unclaimed := slices.DeleteFunc(keys, p.markers.claimed)
	if len(unclaimed) == 0 {
		return nil
	}
	going, err := p.keysUnderMarkers()
	if err != nil {
		return err
	}
	portions := p.portions(unclaimed)
	err = p.pool.ForEach(ctx, len(portions), func(ctx context.Context, i int) error {
		return p.lookUnder(ctx, portions[i], going)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(unclaimed, deeper)
	for _, key := range unclaimed {
		o := p.markers.found[key]
		dir, _ := layout.ParseDir(key)
		switch {
		case o.stays:
		case !p.old(o.Object):
			p.recentDirs.Add(1)
		default:
			p.dirMarkers = append(p.dirMarkers, dir)
		}
	}
	return nil
}

// keysUnderMarkers returns the keys of candidates that have an unclaimed marker
// above them.
func (p *planner) keysUnderMarkers() (map[string]bool, error) {
	keys := map[string]bool{}
	add := func(path layout.Path) error {
		key, err := path.Key()
		if err == nil && p.markers.unclaimedAbove(key) {
			keys[key] = true
		}
		return err
	}
	for _, items := range [][]item{p.entries, p.revisions, p.layers, p.uploads} {
		for _, it := range items {
			for _, path := range it.paths() {
				if err := add(path); err != nil {
					return nil, err
				}
			}
		}
	}
	for d := range p.blobs.all() {
		if err := add(orphanPath(d)); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// portions cuts sorted markers into parts that can be looked at side by side.
func (p *planner) portions(keys []string) [][]string {
	size := max(8, len(keys)/p.opts.Workers+1)
	split, _ := slices.BinarySearch(keys, layout.Repositories) // after those of blobs
	return slices.AppendSeq(slices.Collect(slices.Chunk(keys[:split], size)), slices.Chunk(keys[split:], size))
}

// lookUnder claims those of some sorted markers under which something lies that
// stays. A listing begins at a marker and goes on to the next ones while they
// are near: each request begins at a marker of its own, and is the only one for
// all markers on its page.
func (p *planner) lookUnder(ctx context.Context, keys []string, going map[string]bool) error {
	prefix := layout.Repositories
	if strings.HasPrefix(keys[0], layout.Blobs) {
		prefix = layout.Blobs
	}
	for len(keys) > 0 {
		read, far := 0, false
		for o, err := range p.reader.List(ctx, prefix, storage.ListOptions{StartAfter: keys[0]}) {
			if err != nil {
				return err
			}
			if !going[o.Key] && !p.markers.is(o.Key) {
				p.markers.keep(o.Key)
			}
			// What lies under a marker was seen when a later key shows up.
			for len(keys) > 0 && (p.markers.claimed(keys[0]) || keys[0] < o.Key && !strings.HasPrefix(o.Key, keys[0])) {
				keys = keys[1:]
			}
			if len(keys) == 0 {
				return nil
			}
			if read++; read%pageSize == 0 && o.Key < keys[0] { // the page ends, and they are further on
				far = true
				break
			}
		}
		if !far {
			return nil // the listing ended: nothing lies under the rest
		}
	}
	return nil
}

// pageSize is how many keys object stores list in one request.
const pageSize = 1000
