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
	k := &Kept{
		Tags:      int64(len(r.Tags)),
		manifests: map[digest.Digest]bool{},
		needed:    map[Key]bool{},
		revisions: make(map[digest.Digest]bool, len(r.Revisions)),
		removed:   map[digest.Digest]bool{},
		current:   map[string]digest.Digest{},
		broken:    map[string]bool{},
		// What a digest of another algorithm stands for here (law 14).
		aliases: map[Key][]digest.Digest{},
	}
	revisions := make([]visit, len(r.Revisions))
	for i, l := range r.Revisions {
		revisions[i] = visit{l.Digest(), asRoot}
		k.revisions[revisions[i].digest] = true
	}
	g := graph{
		Marker: m, repository: r, kept: k,
		byTags: m.opts.DeleteUntagged && !r.Odd,
		seen:   make(map[visit]bool, len(revisions)),

		reported: map[digest.Digest]bool{},
	}
	if g.byTags {
		g.linked = make(map[Key][]digest.Digest, len(revisions))
		for i, l := range r.Revisions {
			key := KeyOf(l.Algorithm, l.Hex)
			g.linked[key] = append(g.linked[key], revisions[i].digest)
		}
	}
	roots, err := g.readAliases(ctx)
	if err != nil {
		return nil, err
	}
	named, err := g.readTags(ctx)
	if err != nil {
		return nil, err
	}
	roots = append(roots, named...)
	if g.byTags {
		err = g.keepByTags(ctx, roots, revisions)
	} else {
		err = g.reach(ctx, append(roots, revisions...))
	}
	if err != nil {
		return nil, err
	}
	return k, g.keepSignatures(ctx)
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
	linked map[Key][]digest.Digest
	// reported are the manifests that findings were made of.
	reported map[digest.Digest]bool
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
	mf, err := g.load(ctx, v.digest)
	if err != nil {
		return nil, err
	}
	if v.mode == asPerhaps && mf.status != understood {
		return nil, nil // a blob, as it turns out
	}
	aliases := g.kept.aliases[DigestKey(v.digest)]
	g.mark(v.digest, mf)

	g.kept.mu.Lock()
	defer g.kept.mu.Unlock()
	if !g.reported[v.digest] && (mf.status != absent || len(aliases) == 0) {
		g.reported[v.digest] = true
		g.report(g.repository.Name, v, g.kept.revisions[v.digest], mf)
	}
	g.kept.manifests[v.digest] = true
	g.kept.needed[DigestKey(v.digest)] = true
	next := slices.Clip(g.referrers[v.digest]) // appending copies
	for _, child := range mf.children {
		// Where all revisions are roots, those need no second visit.
		if g.byTags || !g.kept.revisions[child.digest] {
			next = append(next, child)
		}
	}
	for _, to := range aliases {
		next = append(next, visit{to, asChild})
	}
	for _, key := range mf.keys {
		g.kept.needed[key] = true
		for _, revision := range g.linked[key] {
			next = append(next, visit{revision, asChild})
		}
		for _, to := range g.kept.aliases[key] {
			g.kept.needed[DigestKey(to)] = true
			g.Pin(to)
		}
	}
	return next, nil
}
