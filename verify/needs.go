package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// served yields the manifests that a repository links, as far as they are
// understood: a registry serves no others.
func served(r *catalog.Repository) iter.Seq[*catalog.Manifest] {
	return func(yield func(*catalog.Manifest) bool) {
		for _, revision := range r.Revisions {
			m := r.Manifests[revision.Digest]
			if held := r.Manifests[revision.Holds]; held != nil && (m == nil || m.State == catalog.Absent) {
				m = held
			}
			if m != nil && m.State == catalog.Understood && !yield(m) {
				return
			}
		}
	}
}

// blobsOf returns what a manifest needs as blobs: not its children, which may be
// absent, not what may lie elsewhere, and not what stands in a field that no
// registry knows.
func blobsOf(m *catalog.Manifest) []digest.Digest {
	told := map[digest.Digest]bool{}
	if m.Config != nil {
		told[m.Config.Digest] = true
	}
	for _, descriptors := range [][]catalog.Descriptor{m.Manifests, m.Layers} {
		for _, d := range descriptors {
			told[d.Digest] = !d.Foreign
		}
	}
	var blobs []digest.Digest
	for _, ref := range m.References {
		if told[ref.Digest] && !ref.Manifest && !ref.Perhaps {
			told[ref.Digest] = false // once
			blobs = append(blobs, ref.Digest)
		}
	}
	return blobs
}

// lacking is a blob that is not stored, or of another size, and a manifest that
// says so.
type lacking struct {
	digest   digest.Digest
	by       digest.Digest
	declared int64
}

// needs finds out what manifests need that is not there, or not as they declare
// it. Each is asked for by its name before it is believed.
func (c *Check) needs(ctx context.Context) error {
	missing, sized := map[digest.Digest]lacking{}, map[digest.Digest]lacking{}
	children := map[digest.Digest]bool{}
	seen := map[*catalog.Manifest]bool{}
	for _, r := range c.catalog.Repositories {
		if r.Odd {
			continue // no registry serves anything of it
		}
		for m := range served(r) {
			for _, ref := range m.References {
				if _, linked := r.Revision(ref.Digest); (ref.Manifest || ref.Perhaps) && !linked {
					children[ref.Digest] = true
				}
			}
			for _, d := range blobsOf(m) {
				if _, linked := r.Revision(d); !linked && !c.storedIn(r, d) {
					missing[d] = lacking{digest: d, by: m.Digest}
				}
			}
			if !seen[m] {
				seen[m] = true
				c.sizes(m, sized)
			}
		}
	}
	c.report.AbsentChildren = int64(len(children))
	return errors.Join(c.confirmMissing(ctx, missing), c.confirmSizes(ctx, sized))
}

// storedIn reports whether a blob is stored, or what stands for it in a
// repository (law 14).
func (c *Check) storedIn(r *catalog.Repository, d digest.Digest) bool {
	if ok, _ := c.stored.has(d); ok {
		return true
	}
	to, aliased := r.Aliases[d]
	if !aliased {
		return false
	}
	ok, _ := c.stored.has(to)
	return ok
}

// sizes compares what a manifest declares with what is stored. The bytes of a
// signed manifest of schema 1 are more than those that its digest names.
func (c *Check) sizes(m *catalog.Manifest, to map[digest.Digest]lacking) {
	descriptors := slices.Concat(m.Manifests, m.Layers)
	if m.Config != nil {
		descriptors = append(descriptors, *m.Config)
	}
	for _, d := range descriptors {
		ok, size := c.stored.has(d.Digest)
		signed := strings.HasPrefix(d.MediaType, "application/vnd.docker.distribution.manifest.v1")
		if ok && size >= 0 && d.Size > 0 && d.Size != size && !d.Foreign && !signed {
			to[d.Digest] = lacking{d.Digest, m.Digest, d.Size}
		}
	}
}

func (c *Check) confirmMissing(ctx context.Context, missing map[digest.Digest]lacking) error {
	return c.confirm(ctx, missing, func(l lacking, _ storage.Object, absent bool) {
		if absent {
			c.missing[l.digest] = true
			c.found(Finding{Digest: l.digest, Finding: mark.Finding{
				Kind: mark.MissingBlob, Key: layout.BlobKey(l.digest),
				Detail: fmt.Sprintf("the manifest %s needs it, and it is not stored", l.by),
			}})
		}
	})
}

func (c *Check) confirmSizes(ctx context.Context, sized map[digest.Digest]lacking) error {
	return c.confirm(ctx, sized, func(l lacking, o storage.Object, absent bool) {
		if !absent && !o.Irregular && o.Size >= 0 && o.Size != l.declared {
			c.found(Finding{Digest: l.digest, Finding: mark.Finding{
				Kind: mark.SizeMismatch, Key: layout.BlobKey(l.digest),
				Detail: fmt.Sprintf("%d bytes are stored, and the manifest %s declares %d", o.Size, l.by, l.declared),
			}})
		}
	})
}

// confirm asks for blobs by their names, and tells of each under the lock.
func (c *Check) confirm(ctx context.Context, of map[digest.Digest]lacking, tell func(l lacking, o storage.Object, absent bool)) error {
	all := make([]lacking, 0, len(of))
	for _, l := range of {
		all = append(all, l)
	}
	return c.pool.ForEach(ctx, len(all), func(ctx context.Context, i int) error {
		o, absent, err := c.stat(ctx, layout.BlobKey(all[i].digest))
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		tell(all[i], o, absent)
		return nil
	})
}

// stat describes a key. That it is absent was seen twice; what lies behind a
// symbolic link is there.
func (c *Check) stat(ctx context.Context, key string) (o storage.Object, absent bool, err error) {
	o, err = inventory.Confirm(func() (storage.Object, error) { return c.reader.Stat(ctx, key) })
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return o, true, nil
	case errors.Is(err, storage.ErrIrregular):
		return storage.Object{Key: key, Size: -1, Irregular: true}, false, nil
	}
	return o, false, err
}

// confirmLinks asks for layer links that a repository was seen not to have.
func (c *Check) confirmLinks(ctx context.Context) error {
	return c.pool.ForEach(ctx, len(c.unlinked), func(ctx context.Context, i int) error {
		u := c.unlinked[i]
		if c.missing[u.digest] {
			return nil // a link would not help
		}
		key, err := layout.Path{Kind: layout.LayerLink, Repository: u.repository, Digest: u.digest}.Key()
		if err != nil {
			return err
		}
		_, absent, err := c.stat(ctx, key)
		if err != nil || !absent {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.found(Finding{Digest: u.digest, Finding: mark.Finding{
			Kind: mark.MissingLayerLink, Repository: u.repository, Key: key,
			Detail: fmt.Sprintf("the manifest %s needs the blob, which is stored, but the repository has no link to it", u.by),
		}})
		return nil
	})
}
