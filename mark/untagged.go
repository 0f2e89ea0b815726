package mark

import (
	"context"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// keepByTags keeps what the roots lead to, referrers included, what cannot be
// understood, and what is recent; the other revisions are untagged.
func (g *graph) keepByTags(ctx context.Context, roots, revisions []visit) error {
	loaded := make([]*manifest, len(revisions))
	err := g.opts.Pool.ForEach(ctx, len(revisions), func(ctx context.Context, i int) (err error) {
		loaded[i], err = g.load(ctx, revisions[i].digest)
		return err
	})
	if err != nil {
		return err
	}
	for i, v := range revisions {
		n := g.kept.manifests[v.digest]
		n.manifest = loaded[i]
		n.read(loaded[i])
		g.kept.manifests[v.digest] = n
		for _, to := range g.kept.aliases[DigestKey(v.digest)] {
			if loaded[i].status == absent {
				if loaded[i], err = g.load(ctx, to); err != nil {
					return err
				}
			}
		}
	}
	g.referrers = map[digest.Digest][]visit{}
	for i, mf := range loaded {
		if mf.subject != "" {
			g.referrers[mf.subject] = append(g.referrers[mf.subject], revisions[i])
		}
		if mf.status != understood && mf.status != absent {
			roots = append(roots, revisions[i]) // laws 3 and 4: pinned
		}
	}
	if err := g.reach(ctx, roots); err != nil {
		return err
	}
	recent, err := g.keepRecent(ctx, revisions)
	if err != nil {
		return err
	}
	before := g.countKept(revisions)
	if err := g.reach(ctx, recent); err != nil {
		return err
	}
	g.kept.Recent = g.countKept(revisions) - before
	for i, v := range revisions {
		l := g.repository.Revisions[i]
		if g.kept.manifests[v.digest].is(kept) {
			continue
		}
		g.kept.add(v.digest, removed)
		reason := "untagged"
		switch {
		case loaded[i].status == absent:
			reason = "untagged, and its bytes are gone"
		case loaded[i].subject != "":
			reason = "untagged, and its subject is not kept"
		}
		g.kept.Untagged = append(g.kept.Untagged, Untagged{l, reason})
	}
	return nil
}

func (g *graph) countKept(revisions []visit) (n int64) {
	for _, v := range revisions {
		if g.kept.manifests[v.digest].is(kept) {
			n++
		}
	}
	return n
}

// keepRecent returns the revisions that only the grace period keeps: their own
// link or an entry of a tag's history is recent (law 6), or what it is just now
// cannot be told.
func (g *graph) keepRecent(ctx context.Context, revisions []visit) ([]visit, error) {
	type named struct {
		tag   string
		entry inventory.Link
	}
	entries := map[digest.Digest][]named{}
	for _, tag := range g.repository.Tags {
		for _, entry := range tag.Index {
			if !g.kept.node(entry).is(kept) {
				d := entry.Digest()
				entries[d] = append(entries[d], named{tag.Name, entry})
			}
		}
	}
	ages := make([]inventory.Age, len(revisions))
	err := g.opts.Pool.ForEach(ctx, len(revisions), func(ctx context.Context, i int) (err error) {
		d := revisions[i].digest
		if g.kept.manifests[d].is(kept) {
			return nil
		}
		p := layout.Path{Kind: layout.RevisionLink, Repository: g.repository.Name, Digest: d}
		ages[i], err = g.age(ctx, p, g.repository.Revisions[i])
		for _, n := range entries[d] {
			if err != nil || ages[i] != inventory.Old {
				break
			}
			p := layout.Path{Kind: layout.TagIndexLink, Repository: g.repository.Name, Tag: n.tag, Digest: d}
			if age, entryErr := g.age(ctx, p, n.entry); entryErr != nil || age == inventory.Recent {
				ages[i], err = age, entryErr
			}
		}
		return err
	})
	var recent []visit
	for i, age := range ages {
		if age != inventory.Old && !g.kept.manifests[revisions[i].digest].is(kept) {
			recent = append(recent, revisions[i])
		}
	}
	return recent, err
}

// age asks for the age of a link. One that has no key of ours is foreign.
func (g *graph) age(ctx context.Context, p layout.Path, l inventory.Link) (inventory.Age, error) {
	key, err := p.Key()
	if err != nil {
		return inventory.Irregular, nil // an odd tag: kept
	}
	return g.opts.Age(ctx, key, l)
}
