package workload

import (
	"encoding/hex"
	"slices"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// Truth counts what a registry holds, and names what each mode must remove.
type Truth struct {
	Spec Spec `json:"spec"`
	Counts

	// Default and DeleteUntagged are what blobsweep removes offline, but for
	// empty directories; Upstream and UpstreamDeleteUntagged are what
	// Distribution's collector does.
	Default                Removal `json:"default"`
	DeleteUntagged         Removal `json:"deleteUntagged"`
	Upstream               Removal `json:"upstream"`
	UpstreamDeleteUntagged Removal `json:"upstreamDeleteUntagged"`
}

// Counts are the figures of a registry.
type Counts struct {
	Objects      int `json:"objects"`
	Repositories int `json:"repositories"`
	Tags         int `json:"tags"`
	// TagIndexEntries are the entries in the histories of all tags.
	TagIndexEntries int `json:"tagIndexEntries"`
	// Manifests are revisions that are linked, in each repository.
	Manifests  int `json:"manifests"`
	LayerLinks int `json:"layerLinks"`
	Blobs      int `json:"blobs"`
	Uploads    int `json:"uploads"`
	// Bytes of all blobs.
	Bytes int64 `json:"bytes"`
}

// Removal is what a run removes. Each list is sorted: links by repository, tag
// and digest.
type Removal struct {
	TagIndexEntries []Link          `json:"tagIndexEntries"` // with Tag
	Manifests       []Link          `json:"manifests"`       // revision links
	LayerLinks      []Link          `json:"layerLinks"`
	Blobs           []digest.Digest `json:"blobs"`
	// Uploads are the prefixes of keys below which everything goes; they end
	// in a slash.
	Uploads []string `json:"uploads"`
}

// Link is a link of a repository.
type Link struct {
	Repository string        `json:"repository"`
	Tag        string        `json:"tag,omitempty"`
	Digest     digest.Digest `json:"digest"`
}

// Truth takes about a microsecond an object, and some 100 bytes of memory for
// each that any mode removes.
func (w *Workload) Truth() Truth {
	t := Truth{Spec: w.spec, Counts: w.Counts()}
	names := make(names, len(w.sums))
	for m := range modes {
		*t.Removal(m) = w.removal(w.selections[m](), names)
	}
	return t
}

// Counts are those of the truth, at no cost.
func (w *Workload) Counts() Counts {
	c := Counts{
		Repositories: len(w.repositories), Tags: len(w.tags), TagIndexEntries: len(w.entries),
		Manifests: len(w.revisions), LayerLinks: len(w.layers), Blobs: len(w.order), Uploads: len(w.uploads),
	}
	c.Objects = c.Blobs + c.LayerLinks + c.Manifests + c.Tags + c.TagIndexEntries + 2*c.Uploads
	for _, u := range w.uploads {
		if u.hashed {
			c.Objects++
		}
	}
	for _, b := range w.order {
		c.Bytes += int64(w.sizes[b])
	}
	return c
}

// Removal is what a mode removes.
func (t *Truth) Removal(m Mode) *Removal {
	return [...]*Removal{&t.Default, &t.DeleteUntagged, &t.Upstream, &t.UpstreamDeleteUntagged}[m]
}

// names are the texts of digests that were needed so far, by numbers of blobs.
type names []digest.Digest

func (n names) of(r *registry, b id) digest.Digest {
	if n[b] == "" {
		n[b] = digest.Digest("sha256:" + hex.EncodeToString(r.sums[b][:]))
	}
	return n[b]
}

// removal spells out a selection.
func (r *registry) removal(s *selection, names names) (out Removal) {
	links := func(repo repository, tag string, list []id, in span, chosen bits, to *[]Link) {
		for i := in.from; i < in.to; i++ {
			if chosen.has(i) {
				*to = append(*to, Link{repo.name, tag, names.of(r, list[i])})
			}
		}
	}
	for _, repo := range r.repositories {
		links(repo, "", r.layers, repo.layers, s.layers, &out.LayerLinks)
		links(repo, "", r.revisions, repo.revisions, s.revisions, &out.Manifests)
		for _, t := range r.tags[repo.tags.from:repo.tags.to] {
			links(repo, t.name, r.entries, t.entries, s.entries, &out.TagIndexEntries)
		}
		for i := repo.uploads.from; i < repo.uploads.to; i++ {
			if s.uploads.has(i) {
				out.Uploads = append(out.Uploads, layout.Repository(repo.name)+"_uploads/"+r.uploads[i].name+"/")
			}
		}
	}
	for _, b := range r.order {
		if s.blobs.has(int(b)) {
			out.Blobs = append(out.Blobs, names.of(r, b))
		}
	}
	out.sort()
	return out
}

// sort sorts what is not sorted yet.
func (r *Removal) sort() {
	for _, list := range [][]Link{r.TagIndexEntries, r.Manifests, r.LayerLinks} {
		slices.SortFunc(list, compareLinks)
	}
	slices.Sort(r.Blobs)
	slices.Sort(r.Uploads)
}
