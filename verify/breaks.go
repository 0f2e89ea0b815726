package verify

import (
	"slices"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// place is a digest in a repository, or in all of them.
type place struct {
	repository string
	digest     digest.Digest
}

// breaks fills in the tags that each fault breaks.
func (c *Check) breaks() {
	wanted := map[place][]string{}
	for _, f := range c.findings {
		if p, ok := placeOf(f); ok {
			wanted[p] = nil
		}
	}
	if len(wanted) > 0 {
		for _, r := range c.catalog.Repositories {
			breaksIn(r, wanted)
		}
	}
	for i := range c.findings {
		f := &c.findings[i]
		if p, ok := placeOf(*f); ok {
			f.Breaks = append([]string{}, wanted[p]...)
		}
		if path, ok := layout.Parse(f.Key); f.Fault && ok && path.Kind == layout.TagLink {
			f.Breaks = []string{tagName(path.Repository, path.Tag)}
		}
	}
}

// placeOf is what the faults of a finding are looked for by.
func placeOf(f Finding) (place, bool) {
	if !f.Fault || f.Digest == "" {
		return place{}, false
	}
	path, ok := layout.Parse(f.Key)
	if ok && path.Kind == layout.TagIndexLink {
		return place{}, false // no one who pulls reads it
	}
	return place{f.Repository, f.Digest}, true
}

// breaksIn adds the tags of a repository that need what is wanted.
func breaksIn(r *catalog.Repository, wanted map[place][]string) {
	match := func(d digest.Digest) []place {
		var places []place
		for _, p := range []place{{r.Name, d}, {"", d}, {r.Name, r.Aliases[d]}, {"", r.Aliases[d]}} {
			if _, ok := wanted[p]; ok && p.digest != "" {
				places = append(places, p)
			}
		}
		return places
	}
	if !concerns(r, match) {
		return
	}
	for _, tag := range r.Tags {
		if tag.Digest == "" {
			continue
		}
		needs := r.Closure(tag.Digest)
		broken := map[place]bool{}
		for _, digests := range [][]digest.Digest{needs.Manifests, needs.Blobs} {
			for _, d := range digests {
				for _, p := range match(d) {
					broken[p] = true
				}
			}
		}
		for p := range broken {
			wanted[p] = append(wanted[p], tagName(r.Name, tag.Name))
		}
	}
}

// concerns reports whether anything in a repository is wanted: mostly nothing is.
func concerns(r *catalog.Repository, match func(digest.Digest) []place) bool {
	for d, m := range r.Manifests {
		if len(match(d)) > 0 || slices.ContainsFunc(m.References, func(ref mark.Reference) bool { return len(match(ref.Digest)) > 0 }) {
			return true
		}
	}
	return false
}

func tagName(repository, tag string) string { return repository + ":" + tag }
