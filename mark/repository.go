package mark

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// linkLimit is more than any link holds.
const linkLimit = 1024

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

// Kept is what a repository keeps.
type Kept struct {
	// Untagged are the revisions that are not kept, old enough to go.
	Untagged []Untagged
	// Recent counts the revisions that only the grace period keeps.
	Recent int64
	// Tags counts the tags that have a link, as far as they were read.
	Tags int64
	// Linkless are the tags that were seen to have none.
	Linkless []string

	mu        sync.Mutex
	manifests map[digest.Digest]bool // everything kept
	needed    map[Key]bool
	revisions map[digest.Digest]bool // linked
	removed   map[digest.Digest]bool // linked, and untagged
	current   map[string]digest.Digest
	broken    map[string]bool
	aliases   map[Key][]digest.Digest
}

// Untagged is a revision that goes, with the reason.
type Untagged struct {
	inventory.Link
	Reason string
}

// Needs reports whether a kept manifest of the repository needs a layer link.
func (k *Kept) Needs(l inventory.Link) bool { return k.needed[KeyOf(l.Algorithm, l.Hex)] }

// KeepsEntry reports whether an entry of a tag's history stays: its revision
// is linked and kept, or the tag names it all the same, or what the tag names
// cannot be read.
func (k *Kept) KeepsEntry(tag string, l inventory.Link) bool {
	d := l.Digest()
	return k.revisions[d] && !k.removed[d] || k.broken[tag] || k.current[tag] == d
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
	aliases := g.kept.aliases[keyOf(v.digest)]
	g.mark(v.digest, mf)

	g.kept.mu.Lock()
	defer g.kept.mu.Unlock()
	if !g.reported[v.digest] && (mf.status != absent || v.mode == asRoot && len(aliases) == 0) {
		g.reported[v.digest] = true
		g.report(g.repository.Name, v, g.kept.revisions[v.digest], mf)
	}
	g.kept.manifests[v.digest] = true
	g.kept.needed[keyOf(v.digest)] = true
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
			g.kept.needed[keyOf(to)] = true
			g.Pin(to)
		}
	}
	return next, nil
}

// keepByTags keeps what the roots lead to, referrers included, what cannot be
// understood, and what is recent; the other revisions are untagged.
func (g *graph) keepByTags(ctx context.Context, roots, revisions []visit) error {
	loaded := make([]*manifest, len(revisions))
	err := g.opts.Pool.ForEach(ctx, len(revisions), func(ctx context.Context, i int) (err error) {
		loaded[i], err = g.load(ctx, revisions[i].digest)
		for _, to := range g.kept.aliases[keyOf(revisions[i].digest)] {
			if err == nil && loaded[i].status == absent {
				loaded[i], err = g.load(ctx, to)
			}
		}
		return err
	})
	if err != nil {
		return err
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
		if g.kept.manifests[v.digest] {
			continue
		}
		g.kept.removed[v.digest] = true
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
		if g.kept.manifests[v.digest] {
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
			if d := entry.Digest(); !g.kept.manifests[d] {
				entries[d] = append(entries[d], named{tag.Name, entry})
			}
		}
	}
	ages := make([]inventory.Age, len(revisions))
	err := g.opts.Pool.ForEach(ctx, len(revisions), func(ctx context.Context, i int) (err error) {
		d := revisions[i].digest
		if g.kept.manifests[d] {
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
		if age != inventory.Old && !g.kept.manifests[revisions[i].digest] {
			recent = append(recent, revisions[i])
		}
	}
	return recent, err
}

// age asks for the age of a link. One that has no key of ours is foreign.
func (g *graph) age(ctx context.Context, p layout.Path, l inventory.Link) (inventory.Age, error) {
	key, err := p.Key()
	if err != nil {
		return inventory.Foreign, nil //nolint:nilerr // an odd tag: kept
	}
	return g.opts.Age(ctx, key, l)
}

// readTags reads what tags name and returns the roots that follow. Where tags
// are not the roots, only those are read whose history names a revision that is
// not linked, or that have none: as a registry writes them, all others name a
// linked revision, a root.
func (g *graph) readTags(ctx context.Context) ([]visit, error) {
	tags := g.repository.Tags
	roots := make([][]visit, len(tags))
	err := g.opts.Pool.ForEach(ctx, len(tags), func(ctx context.Context, i int) (err error) {
		if g.byTags || g.suspicious(tags[i]) {
			roots[i], err = g.readTag(ctx, tags[i])
		}
		return err
	})
	var flat []visit
	for _, r := range roots {
		flat = append(flat, r...)
	}
	return flat, err
}

func (g *graph) suspicious(tag inventory.Tag) bool {
	if tag.Doubtful {
		return true
	}
	for _, entry := range tag.Index {
		if !g.kept.revisions[entry.Digest()] {
			return true
		}
	}
	return len(tag.Index) == 0
}

func (g *graph) readTag(ctx context.Context, tag inventory.Tag) ([]visit, error) {
	key := g.repository.Prefix + "_manifests/tags/" + tag.Name + "/current/link"
	finding := Finding{Kind: DanglingTag, Repository: g.repository.Name, Key: storage.DisplayKey(key)}
	d, state, err := g.readLink(ctx, key)
	if err != nil {
		return nil, err
	}
	g.kept.mu.Lock()
	defer g.kept.mu.Unlock()
	switch state {
	case linkHolds:
		g.kept.current[tag.Name] = d
		if g.kept.revisions[d] {
			return []visit{{d, asRoot}}, nil
		}
		finding.Detail = fmt.Sprintf("the tag names %s, which is not linked as a revision here: delete the tag or push it again", d)
		g.opts.OnFinding(finding)
		return []visit{{d, asChild}}, nil
	case linkAbsent:
		g.kept.Tags--
		g.kept.Linkless = append(g.kept.Linkless, tag.Name)
		finding.Detail = "the tag has a directory but names nothing: delete the tag or push it again"
		g.opts.OnFinding(finding)
		return nil, nil
	}
	// What the tag names is not known; it is one of those that it named, and
	// if that is not known either, any revision of the repository.
	g.kept.broken[tag.Name] = true
	finding.Kind = BrokenLink
	finding.Detail = "the link does not hold a digest; every revision in the tag's history is kept: push the tag again"
	history := tag.Index
	if len(history) == 0 {
		finding.Detail = "the link does not hold a digest and the tag has no history; every revision of the repository is kept: push the tag again"
		history = g.repository.Revisions
	}
	g.opts.OnFinding(finding)
	var roots []visit
	for _, entry := range history {
		roots = append(roots, visit{entry.Digest(), asChild})
	}
	return roots, nil
}

// readAliases reads the links whose name does not tell what they hold: those
// of other algorithms than sha256 (law 14). It pins what stands in the place of
// a link, and returns further roots.
func (g *graph) readAliases(ctx context.Context) ([]visit, error) {
	r := g.repository
	var roots []visit
	read := func(area string, links []inventory.Link, then func(l inventory.Link, target digest.Digest)) error {
		for _, l := range links {
			if l.Algorithm == "sha256" {
				continue
			}
			key := r.Prefix + area + l.Algorithm + "/" + l.Hex + "/link"
			target, state, err := g.readLink(ctx, key)
			switch {
			case err != nil:
				return err
			case state == linkHidden: // a registry reads it
				g.blocked.Store(true)
				g.opts.OnFinding(Finding{Symlink, r.Name, storage.DisplayKey(key), "what this link holds cannot be known, because symbolic links are not followed; put the file in its place"})
			case state == linkBroken:
				g.opts.OnFinding(Finding{BrokenLink, r.Name, storage.DisplayKey(key), "the link does not hold a digest: push the image again"})
			case state == linkHolds:
				then(l, target)
			}
		}
		return nil
	}
	alias := func(l inventory.Link, target digest.Digest) {
		key := KeyOf(l.Algorithm, l.Hex)
		g.kept.aliases[key] = append(g.kept.aliases[key], target)
	}
	pin := func(_ inventory.Link, target digest.Digest) {
		g.Pin(target)
		g.kept.needed[keyOf(target)] = true
	}
	for _, l := range r.Foreign {
		pin(l, l.Digest())
	}
	for _, l := range r.Roots { // for a registry, they are linked
		g.kept.revisions[l.Digest()] = true
		roots = append(roots, visit{l.Digest(), asChild})
	}
	err := errors.Join(
		read("_layers/", r.Layers, alias),
		read("_layers/", r.Aliens, pin),
		read("_manifests/revisions/", r.Revisions, alias),
		read("_manifests/revisions/", r.Unknown, func(_ inventory.Link, target digest.Digest) {
			roots = append(roots, visit{target, asChild})
		}),
	)
	for _, l := range r.Unknown {
		g.blocked.Store(true)
		g.opts.OnFinding(Finding{
			UnknownAlgorithm, r.Name, storage.DisplayKey(r.Prefix + "_manifests/revisions/" + l.Algorithm + "/" + l.Hex + "/link"),
			"a manifest under a digest algorithm that cannot be verified here, so what it references cannot be known: delete it, or use a version that knows the algorithm",
		})
	}
	return roots, err
}

type linkState uint8

const (
	linkHolds linkState = iota + 1
	linkAbsent
	linkBroken
	linkHidden // behind a symbolic link
)

// readLink reads the digest in a link.
func (m *Marker) readLink(ctx context.Context, key string) (digest.Digest, linkState, error) {
	content, err := inventory.Confirm(func() ([]byte, error) { return m.reader.Get(ctx, key, linkLimit) })
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "", linkAbsent, nil
	case errors.Is(err, storage.ErrTooLarge):
		return "", linkBroken, nil
	case errors.Is(err, storage.ErrIrregular):
		return "", linkHidden, nil
	case err != nil:
		return "", 0, err
	}
	if d, ok := layout.ParseLink(content); ok {
		return d, linkHolds, nil
	}
	return "", linkBroken, nil
}

// keepSignatures marks the signatures of revisions that stay: old registries
// stored those of schema 1 as blobs, linked below the revision.
func (g *graph) keepSignatures(ctx context.Context) error {
	for _, s := range g.repository.Signatures {
		if !g.kept.removed[s.Revision.Digest()] {
			g.marks.Add(KeyOf(s.Algorithm, s.Hex))
		}
	}
	if _, ok := storage.AsTree(g.reader); !ok {
		return nil // the listing had them all
	}
	for _, l := range slices.Concat(g.repository.Revisions, g.repository.Unlinked) {
		if d := l.Digest(); g.kept.removed[d] || g.kept.revisions[d] && !g.MayBeSigned(d) {
			continue
		}
		prefix := g.repository.Prefix + "_manifests/revisions/" + l.Algorithm + "/" + l.Hex + "/signatures/"
		for o, err := range g.reader.List(ctx, prefix, storage.ListOptions{}) {
			if err != nil {
				return err
			}
			if p, ok := layout.Parse(o.Key); ok && p.Kind == layout.SignatureLink {
				g.Pin(p.Signature)
			}
		}
	}
	return nil
}

// Holds returns what a link of another algorithm than sha256 holds.
func (k *Kept) Holds(l inventory.Link) []digest.Digest {
	return slices.Clip(k.aliases[KeyOf(l.Algorithm, l.Hex)])
}
