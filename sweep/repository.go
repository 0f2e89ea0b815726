package sweep

import (
	"context"
	"sync"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// share is what one repository adds to the plan.
type share struct {
	repository                          string
	entries, revisions, layers, uploads []item
	totalLayers, recentLayers           int64
	totalUploads, uploadBytes           int64
	recentUploads                       []string      // their IDs
	gone                                []layout.Path // link directories without a link
	linkless                            []string      // tags that name nothing
	stays                               bool          // something that is not a directory
	kept                                *mark.Kept
}

// repository marks a repository and plans what goes in it.
func (p *planner) repository(ctx context.Context, r *inventory.Repository) error {
	if !r.Exists {
		return p.planDirectories(ctx, r, nil)
	}
	kept, err := p.marker.Repository(ctx, r)
	if err != nil {
		return err
	}
	s := share{repository: r.Name, kept: kept}
	if r.Odd {
		p.odd(r)
		p.keepAll(r, kept)
		s.stays = true
		s.totalLayers = int64(len(r.Layers))
	} else {
		for _, plan := range []func(context.Context, *inventory.Repository, *mark.Kept, *share) error{
			p.tagIndexEntries, p.revisionLinks, p.layerLinks, p.abandonedUploads,
		} {
			if err := plan(ctx, r, kept, &s); err != nil {
				return err
			}
		}
	}
	return p.finish(ctx, r, &s)
}

// finish adds the share of a repository to the plan, and decides about its
// directories.
func (p *planner) finish(ctx context.Context, r *inventory.Repository, s *share) error {
	p.emptyLinks(r)
	p.add(r, s.kept, s)
	if err := p.keepMarkers(r, s); err != nil {
		return err
	}
	return p.planDirectories(ctx, r, s)
}

// keepAll pins what the links of a repository name.
func (p *planner) keepAll(r *inventory.Repository, kept *mark.Kept) {
	for _, l := range r.Layers {
		p.pin(append(kept.Holds(l), l.Digest())...)
	}
	for _, tag := range r.Tags {
		for _, l := range tag.Index {
			p.pin(l.Digest())
		}
	}
}

// add merges the share of a repository into the plan.
func (p *planner) add(r *inventory.Repository, kept *mark.Kept, s *share) {
	gathered := share{repository: s.repository}
	for _, of := range []struct{ to, from *[]item }{
		{&gathered.entries, &s.entries}, {&gathered.revisions, &s.revisions},
		{&gathered.layers, &s.layers}, {&gathered.uploads, &s.uploads},
	} {
		sortItems(*of.from)
		*of.to = *of.from
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shares = append(p.shares, &gathered)

	c := &p.counts
	revisions := int64(len(r.Revisions))
	c.Repositories++
	c.Tags += kept.Tags
	c.Manifests.Total += revisions
	c.Manifests.Recent += kept.Recent
	c.Manifests.Marked += revisions - kept.Recent - int64(len(kept.Untagged))
	c.LayerLinks.Total += s.totalLayers
	c.LayerLinks.Recent += s.recentLayers
	c.Uploads.Total += s.totalUploads
	c.Bytes.Uploads += s.uploadBytes
	c.Uploads.Recent += int64(len(s.recentUploads))
	for _, id := range s.recentUploads {
		p.recentUploads[uploadName{r.Name, id}] = true
	}
}

// emptyLinks reports links that a listing shows to be empty (law 15).
func (p *planner) emptyLinks(r *inventory.Repository) {
	for kind, links := range map[layout.Kind][]inventory.Link{layout.LayerLink: r.Layers, layout.RevisionLink: r.Revisions} {
		for _, l := range links {
			if l.Size != 0 {
				continue
			}
			if key, err := (layout.Path{Kind: kind, Repository: r.Name, Digest: l.Digest()}).Key(); err == nil {
				p.brokenLink(key)
			}
		}
	}
}

// tagIndexEntries plans the entries of tags' histories whose revision goes or
// is gone (law 8).
func (p *planner) tagIndexEntries(ctx context.Context, r *inventory.Repository, kept *mark.Kept, s *share) error {
	var mu sync.Mutex // guards s
	err := p.pool.ForEach(ctx, len(r.Tags), func(ctx context.Context, i int) error {
		for _, l := range r.Tags[i].Index {
			if kept.KeepsEntry(r.Tags[i].Name, l) {
				continue
			}
			path := layout.Path{Kind: layout.TagIndexLink, Repository: r.Name, Tag: r.Tags[i].Name, Digest: l.Digest()}
			key, err := path.Key()
			if err != nil {
				continue // an odd tag, kept
			}
			age, err := p.age(ctx, key, l)
			if err != nil {
				return err
			}
			mu.Lock()
			switch age {
			case inventory.Gone:
				s.gone = append(s.gone, path)
			case inventory.Old:
				s.entries = append(s.entries, item{
					kind: path.Kind, repository: r.Name, name: path.Tag, digest: path.Digest,
					reason: "its revision is not linked any more",
				})
			default:
				p.marker.Pin(path.Digest) // the link stays, so does its blob
				s.stays = true
			}
			mu.Unlock()
		}
		return nil
	})
	s.stays = s.stays || kept.Tags > 0
	s.linkless = kept.Linkless
	return err
}

// revisionLinks plans the revisions that are not kept (law 1).
func (p *planner) revisionLinks(ctx context.Context, r *inventory.Repository, kept *mark.Kept, s *share) error {
	signatures := map[digest.Digest][]digest.Digest{}
	for _, sig := range r.Signatures {
		d := sig.Revision.Digest()
		signatures[d] = append(signatures[d], sig.Digest())
	}
	for _, u := range kept.Untagged {
		it := item{kind: layout.RevisionLink, repository: r.Name, digest: u.Digest(), reason: u.Reason}
		also := signatures[it.digest]
		if p.tree != nil && kept.MayBeSigned(it.digest) {
			var err error
			if also, err = p.signatures(ctx, it.path()); err != nil {
				return err
			}
		}
		if len(also) > 0 {
			it.parts = &parts{signatures: also}
		}
		s.revisions = append(s.revisions, it)
	}
	for _, l := range r.Unlinked {
		s.gone = append(s.gone, layout.Path{Kind: layout.RevisionLink, Repository: r.Name, Digest: l.Digest()})
	}
	s.stays = s.stays || len(r.Revisions) > len(kept.Untagged)
	return nil
}

// signatures lists the signatures whose links lie below a revision.
func (p *planner) signatures(ctx context.Context, revision layout.Path) ([]digest.Digest, error) {
	var found []digest.Digest
	for o, err := range p.reader.List(ctx, revision.Homes()[0].Prefix()+"signatures/", storage.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		if path, ok := layout.Parse(o.Key); ok && path.Kind == layout.SignatureLink && !o.Irregular {
			found = append(found, path.Signature)
		}
	}
	return found, nil
}

// layerLinks plans the layer links that no kept manifest of the repository
// needs (law 7).
func (p *planner) layerLinks(ctx context.Context, r *inventory.Repository, kept *mark.Kept, s *share) error {
	var stale []inventory.Link
	for _, l := range r.Layers {
		if !kept.Needs(l) {
			stale = append(stale, l)
		}
	}
	ages, err := p.layerAges(ctx, r, stale)
	if err != nil {
		return err
	}
	s.totalLayers = int64(len(r.Layers))
	s.stays = s.stays || len(r.Layers) > len(stale)
	for i, l := range stale {
		it := item{
			kind: layout.LayerLink, repository: r.Name, digest: l.Digest(),
			reason: "no manifest of the repository needs it",
		}
		holds := kept.Holds(l)
		switch ages[i] {
		case inventory.Old:
			if len(holds) > 0 {
				it.parts = &parts{holds: holds}
			}
			s.layers = append(s.layers, it)
		case inventory.Gone:
			s.totalLayers--
			s.gone = append(s.gone, it.path())
		case inventory.Recent:
			// The link stays. Someone may be about to push a manifest that
			// needs the blob, and only this link tells.
			s.recentLayers++
			s.stays = true
			p.pin(append(holds, it.digest)...)
		case inventory.Irregular:
			s.totalLayers--
			s.stays = true
			p.pin(append(holds, it.digest)...)
		}
	}
	return nil
}

// layerAges tells the ages of layer links of a repository.
func (p *planner) layerAges(ctx context.Context, r *inventory.Repository, links []inventory.Link) ([]inventory.Age, error) {
	const portion = 512
	ages := make([]inventory.Age, len(links))
	err := p.pool.ForEach(ctx, (len(links)+portion-1)/portion, func(ctx context.Context, i int) error {
		first := i * portion
		rest := links[first:min(len(links), first+portion)]
		for len(rest) > 0 { // those of one algorithm at a time
			n := 1
			for n < len(rest) && rest[n].Algorithm == rest[0].Algorithm {
				n++
			}
			prefix := r.Prefix + "_layers/" + rest[0].Algorithm + "/"
			objects, own, err := p.lookEach(ctx, prefix, rest[:n], "link")
			if err != nil {
				return err
			}
			for j, l := range rest[:n] {
				p.remark(prefix+l.Hex+"/link", objects[j], own[j])
			}
			first += copy(ages[first:], own)
			rest = rest[n:]
		}
		return nil
	})
	return ages, err
}

// pin keeps the blobs of a link that stays.
func (p *planner) pin(digests ...digest.Digest) {
	for _, d := range digests {
		if d != "" {
			p.marker.Pin(d)
		}
	}
}
