package catalog

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// repository reads what the links of a repository hold, and every manifest that
// they lead to.
func (rd *reading) repository(ctx context.Context, from *inventory.Repository) error {
	if !from.Exists {
		return nil
	}
	r := &Repository{
		Name: from.Name, Odd: from.Odd, Uploads: len(from.Uploads), Hides: from.Hides,
		Manifests: map[digest.Digest]*Manifest{},
	}
	for _, read := range []func(context.Context, *inventory.Repository, *Repository) error{
		rd.revisions, rd.layers, rd.tags, rd.reach, rd.signatures,
	} {
		if err := read(ctx, from, r); err != nil {
			return err
		}
	}
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.catalog.Repositories = append(rd.catalog.Repositories, r)
	return nil
}

// revisions takes the revisions, and what those hold whose name does not tell.
func (rd *reading) revisions(ctx context.Context, from *inventory.Repository, r *Repository) error {
	for _, l := range from.Revisions {
		held, err := rd.held(ctx, from, r, "_manifests/revisions/", l)
		if err != nil {
			return err
		}
		r.Revisions = append(r.Revisions, Revision{Digest: l.Digest(), Pushed: l.ModTime, Holds: held})
	}
	for _, l := range from.IrregularRevisions { // for a registry, they are linked
		r.Revisions = append(r.Revisions, Revision{Digest: l.Digest()})
	}
	for _, l := range from.UnverifiedRevisions {
		rd.unreadable()
		r.Unreadable = true
		rd.found(mark.UnverifiedFinding(from, l))
	}
	slices.SortFunc(r.Revisions, func(a, b Revision) int { return cmp.Compare(a.Digest, b.Digest) })
	return nil
}

func (rd *reading) layers(ctx context.Context, from *inventory.Repository, r *Repository) error {
	for _, links := range [][]inventory.Link{from.Layers, from.IrregularLayers} {
		for _, l := range links {
			r.Layers = append(r.Layers, l.Digest())
			held, err := rd.held(ctx, from, r, "_layers/", l)
			if err != nil {
				return err
			}
			if held != "" {
				if r.Aliases == nil {
					r.Aliases = map[digest.Digest]digest.Digest{}
				}
				r.Aliases[l.Digest()] = held
			}
		}
	}
	slices.Sort(r.Layers)
	r.Layers = slices.Compact(r.Layers)
	return nil
}

// held returns what a link of another algorithm than sha256 holds, where it
// differs from its name (law 14).
func (rd *reading) held(ctx context.Context, from *inventory.Repository, r *Repository, area string, l inventory.Link) (digest.Digest, error) {
	if l.Algorithm == "sha256" {
		return "", nil
	}
	key := from.Prefix + area + l.Algorithm + "/" + l.Hex + "/link"
	d, state, err := mark.ReadLink(ctx, rd, key, l.Size != 0)
	switch {
	case err != nil:
		return "", err
	case state == mark.LinkHidden:
		rd.unreadable()
		r.Unreadable = true
		rd.found(mark.Finding{
			Kind: mark.Symlink, Repository: from.Name, Key: storage.DisplayKey(key),
			Detail: "what this link holds cannot be known, because symbolic links are not followed; put the file in its place",
		})
	case state == mark.LinkHolds && d != l.Digest():
		return d, nil
	}
	return "", nil
}

// tags reads what every tag names, and since when.
func (rd *reading) tags(ctx context.Context, from *inventory.Repository, r *Repository) error {
	linked := map[digest.Digest]bool{}
	for _, revision := range r.Revisions {
		linked[revision.Digest] = true
	}
	r.Tags = make([]Tag, len(from.Tags))
	err := rd.pool.ForEach(ctx, len(from.Tags), func(ctx context.Context, i int) error {
		return rd.tag(ctx, from, from.Tags[i], linked, &r.Tags[i])
	})
	slices.SortFunc(r.Tags, func(a, b Tag) int { return cmp.Compare(a.Name, b.Name) })
	return err
}

func (rd *reading) tag(ctx context.Context, from *inventory.Repository, t inventory.Tag, linked map[digest.Digest]bool, tag *Tag) error {
	key := from.Prefix + "_manifests/tags/" + t.Name + "/current/link"
	d, state, err := mark.ReadLink(ctx, rd, key, !t.Doubtful)
	if err != nil {
		return err
	}
	*tag = Tag{Name: t.Name, Digest: d, Pushed: t.ModTime}
	tag.Broken = state == mark.LinkBroken || state == mark.LinkHidden
	for _, l := range t.Index {
		tag.History = append(tag.History, l.Digest())
	}
	slices.Sort(tag.History)
	if f, ok := mark.TagFinding(from.Name, key, state, d, linked[d], len(t.Index) > 0); ok {
		rd.found(f)
	}
	if rd.tree && state == mark.LinkHolds {
		tag.Pushed, err = rd.changed(ctx, key)
	}
	return err
}

// changed tells when a key was last changed: at no time that is known, when it
// is gone or no plain object.
func (rd *reading) changed(ctx context.Context, key string) (time.Time, error) {
	o, err := inventory.Confirm(func() (storage.Object, error) { return rd.Stat(ctx, key) })
	switch {
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrIrregular):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	case o.Irregular:
		return time.Time{}, nil
	}
	return o.ModTime, nil
}

// reach reads the manifests that the tags and revisions lead to, as marking
// does (law 2), level by level.
func (rd *reading) reach(ctx context.Context, _ *inventory.Repository, r *Repository) error {
	linked := map[digest.Digest]bool{}
	seen := map[digest.Digest]bool{}
	var level []mark.Reference
	visit := func(ref mark.Reference) {
		if !seen[ref.Digest] || ref.Manifest && !ref.Perhaps && r.Manifests[ref.Digest] == nil {
			seen[ref.Digest] = true
			level = append(level, ref)
		}
	}
	root := func(d digest.Digest) {
		if d != "" {
			visit(mark.Reference{Digest: d, Manifest: true})
		}
	}
	for _, revision := range r.Revisions {
		linked[revision.Digest] = true
		root(revision.Digest)
		root(revision.Holds)
	}
	for _, tag := range r.Tags {
		root(tag.Digest)
		if tag.Broken {
			for _, d := range tag.History {
				root(d)
			}
		}
	}
	for len(level) > 0 {
		now := level
		level = nil
		loaded := make([]*load, len(now))
		err := rd.pool.ForEach(ctx, len(now), func(ctx context.Context, i int) (err error) {
			loaded[i], err = rd.manifest(ctx, now[i].Digest)
			return err
		})
		if err != nil {
			return err
		}
		for i, l := range loaded {
			d := now[i].Digest
			if now[i].Perhaps && l.State != Understood && !linked[d] {
				continue // a blob, as it turns out
			}
			r.Manifests[d] = &l.Manifest
			rd.report(r, l, linked[d])
			for _, ref := range l.References {
				ref.Manifest = ref.Manifest || linked[ref.Digest]
				if ref.Manifest || ref.Perhaps {
					visit(ref)
				}
				if to, ok := r.Aliases[ref.Digest]; ok && ref.Manifest {
					root(to)
				}
			}
		}
	}
	return nil
}

// report makes a finding of a manifest that could not be read as one.
func (rd *reading) report(r *Repository, l *load, linked bool) {
	if v, _ := r.Revision(l.Digest); v.Holds != "" && l.State == Absent {
		return // its bytes lie under what the link holds
	}
	f, blocks, ok := l.doc.Finding(r.Name, l.Digest, linked, rd.opts.MaxManifestSize)
	if ok {
		rd.found(f)
	}
	if blocks {
		r.Unreadable = true
		rd.unreadable()
	}
}

// signatures finds those beside revisions: the flat listing has them all, and
// directories are asked where there can be any.
func (rd *reading) signatures(ctx context.Context, from *inventory.Repository, r *Repository) error {
	beside := map[digest.Digest][]digest.Digest{}
	for _, s := range from.Signatures {
		beside[s.Revision.Digest()] = append(beside[s.Revision.Digest()], s.Digest())
	}
	for i := range r.Revisions {
		v := &r.Revisions[i]
		v.Signatures = beside[v.Digest]
		if m := r.Manifests[v.Digest]; !rd.tree || m == nil || m.State == Understood && !m.schema1() {
			continue
		}
		prefix := from.Prefix + "_manifests/revisions/" + v.Digest.Algorithm().String() + "/" + v.Digest.Encoded() + "/signatures/"
		for o, err := range rd.List(ctx, prefix, storage.ListOptions{}) {
			if err != nil {
				return err
			}
			if p, ok := layout.Parse(o.Key); ok && p.Kind == layout.SignatureLink {
				v.Signatures = append(v.Signatures, p.Signature)
			}
		}
	}
	return nil
}

// manifest reads a manifest that was not read yet.
func (rd *reading) manifest(ctx context.Context, d digest.Digest) (*load, error) {
	rd.mu.Lock()
	l := rd.manifests[d]
	if l == nil {
		l = &load{Manifest: Manifest{Digest: d}}
		rd.manifests[d] = l
	}
	rd.mu.Unlock()
	l.once.Do(func() {
		l.doc, l.err = mark.ReadDocument(ctx, rd, d, rd.opts.MaxManifestSize)
		if l.err == nil {
			l.describe(l.doc)
			l.doc.Content = nil
			rd.countManifest()
		}
	})
	return l, l.err
}
