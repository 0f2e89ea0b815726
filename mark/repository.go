package mark

import (
	"context"
	"slices"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/opencontainers/go-digest"
)

// mode is how a manifest was come by.
type mode uint8

const (
	// asRoot: it is linked as a revision, or a tag names it.
	asRoot mode = iota + 1
	// asChild: a manifest references it as one.
	asChild
	// asPerhaps: a manifest references it, and it may be one.
	asPerhaps
)

// visit is a manifest on the way through a repository's references.
type visit struct {
	digest digest.Digest
	mode   mode
}

// Repository marks what the repository needs (laws 1 to 5, 14, 15), and says
// what in it stays. It reads each manifest that no other repository had read,
// and with DeleteUntagged each tag.
func (m *Marker) Repository(ctx context.Context, r *inventory.Repository) (*Kept, error) {
	g, revisions := m.begin(r)
	roots, err := g.readLinks(ctx)
	if err != nil {
		return nil, err
	}
	if g.byTags {
		err = g.keepByTags(ctx, roots, revisions)
	} else {
		err = g.reach(ctx, append(roots, revisions...))
	}
	if err != nil {
		return nil, err
	}
	return g.kept, g.keepSignatures(ctx)
}

// Links tells of a repository what its links alone tell: which entries of
// histories stay where all revisions do (law 8), and which tags name nothing. It
// reads the links that [Marker.Repository] reads, but no manifest.
func (m *Marker) Links(ctx context.Context, r *inventory.Repository) (*Kept, error) {
	g, _ := m.begin(r)
	_, err := g.readLinks(ctx)
	return g.kept, err
}

// begin returns what is known of a repository before anything is read, and its
// revisions.
func (m *Marker) begin(r *inventory.Repository) (*graph, []visit) {
	k := &Kept{
		Tags:      int64(len(r.Tags)),
		manifests: make(map[digest.Digest]node, len(r.Revisions)),
		needed:    make(map[Key]uint32, len(r.Revisions)+len(r.Layers)),
		current:   map[string]digest.Digest{},
		broken:    map[string]bool{},
		// What a digest of another algorithm stands for here (law 14).
		aliases: map[Key][]digest.Digest{},
	}
	revisions := make([]visit, len(r.Revisions))
	for i, l := range r.Revisions {
		revisions[i] = visit{l.Digest(), asRoot}
		k.manifests[revisions[i].digest] = node{state: linked}
	}
	g := &graph{
		Marker: m, repository: r, kept: k,
		byTags: m.opts.DeleteUntagged && !r.Odd,
		seen:   make(map[visit]bool, len(revisions)),
	}
	if g.byTags {
		g.linked = newLinked(revisions)
	}
	return g, revisions
}

// readLinks reads aliases and tags, and returns the roots that follow.
func (g *graph) readLinks(ctx context.Context) ([]visit, error) {
	roots, err := g.readAliases(ctx)
	if err != nil {
		return nil, err
	}
	named, err := g.readTags(ctx)
	return append(roots, named...), err
}

// graph is what one repository references.
type graph struct {
	*Marker
	repository *inventory.Repository
	kept       *Kept
	// byTags says that tags are the roots. Otherwise all revisions are.
	byTags bool
	seen   map[visit]bool
	// linked are the revisions by key, where tags are the roots.
	linked linkedByKey
	// referrers are the linked manifests by their subject, where tags are the
	// roots.
	referrers map[digest.Digest][]visit
}

func (g *graph) reach(ctx context.Context, roots []visit) error {
	return reach(ctx, g.opts.Pool, roots, g.seen, g.expand)
}

// expand marks a manifest with all it references, and returns what to descend
// into: manifests by media type, references that are linked as revisions here,
// and referrers (law 2).
func (g *graph) expand(ctx context.Context, v visit) ([]visit, error) {
	mf, err := g.manifest(ctx, v.digest)
	if err != nil {
		return nil, err
	}
	if v.mode == asPerhaps && mf.status != understood {
		return nil, nil // a blob, as it turns out
	}
	key := DigestKey(v.digest)
	aliases := g.kept.aliases[key]

	g.kept.mu.Lock()
	defer g.kept.mu.Unlock()
	n := g.kept.manifests[v.digest]
	if !n.is(reported) && (mf.status != absent || len(aliases) == 0) {
		n.state |= reported
		g.report(g.repository.Name, v, n.is(linked), mf)
	}
	n.read(mf)
	n.state |= kept
	g.kept.manifests[v.digest] = n
	g.need(key, sizeToTell(mf.size))
	next := slices.Clip(g.referrers[v.digest]) // appending copies
	for _, child := range mf.children {
		// Where all revisions are roots, those need no second visit.
		if g.byTags || !g.kept.manifests[child.digest].is(linked) {
			next = append(next, child)
		}
	}
	for _, to := range aliases {
		next = append(next, visit{to, asChild})
	}
	for i, key := range mf.keys {
		size := uint32(untold)
		if mf.sizes != nil {
			size = mf.sizes[i]
		}
		g.need(key, size)
		next = g.linked.appendTo(next, key)
		for _, to := range g.kept.aliases[key] {
			g.need(DigestKey(to), untold)
		}
	}
	return next, nil
}

// manifest returns one that was read in this repository before, or loads it.
func (g *graph) manifest(ctx context.Context, d digest.Digest) (*manifest, error) {
	if g.byTags { // otherwise all revisions are visited once
		g.kept.mu.Lock()
		mf := g.kept.manifests[d].manifest
		g.kept.mu.Unlock()
		if mf != nil {
			return mf, nil
		}
	}
	return g.load(ctx, d)
}

// need marks a key that the repository needs, with a size, once.
func (g *graph) need(key Key, size uint32) {
	if g.kept.need(key, size) {
		g.marks.add(key, size)
	}
}

// linkedByKey finds revisions by their key, which two of them may share.
type linkedByKey struct {
	revisions []visit
	first     map[Key]int32 // 1 for the first revision
	next      []int32
}

func newLinked(revisions []visit) linkedByKey {
	l := linkedByKey{revisions, make(map[Key]int32, len(revisions)), make([]int32, len(revisions))}
	for i, v := range revisions {
		key := DigestKey(v.digest)
		l.next[i], l.first[key] = l.first[key], int32(i+1)
	}
	return l
}

// appendTo appends the revisions with a key.
func (l linkedByKey) appendTo(visits []visit, key Key) []visit {
	for i := l.first[key]; i != 0; i = l.next[i-1] {
		visits = append(visits, visit{l.revisions[i-1].digest, asChild})
	}
	return visits
}
