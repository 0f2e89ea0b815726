package catalog

import (
	"time"

	"github.com/opencontainers/go-digest"
)

// String formats a platform as os/architecture[/variant]. It is empty where
// neither is known.
func (p Platform) String() string {
	if p.OS == "" && p.Architecture == "" {
		return ""
	}
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// Platforms are what a manifest's images run on, without attestations: the
// children of an index in their order, each platform once (versions of an
// operating system do not count), or that of an image, if configurations were
// read.
func (r *Repository) Platforms(m *Manifest) []Platform {
	var platforms []Platform
	seen := map[string]bool{}
	add := func(p Platform) {
		if s := p.String(); s != "" && !seen[s] {
			seen[s] = true
			platforms = append(platforms, p)
		}
	}
	r.images(m, func(image *Manifest, in *Descriptor) {
		switch {
		case in != nil && in.Platform != nil && in.Platform.String() != "":
			add(*in.Platform)
		case image != nil && image.Image != nil:
			add(image.Image.Platform)
		}
	})
	return platforms
}

// Created is when a manifest's image was made, or the newest of the images of an
// index, without attestations. It is zero where that is not told, and where
// configurations were not read. Reproducible builds tell constants.
func (r *Repository) Created(m *Manifest) time.Time {
	var newest time.Time
	r.images(m, func(image *Manifest, _ *Descriptor) {
		if image != nil && image.Image != nil && image.Image.Created.After(newest) {
			newest = image.Image.Created
		}
	})
	return newest
}

// Labels are those of a manifest's image, if configurations were read. Of an
// index, they are those that all its images have alike, attestations aside:
// none, if one of them could not be read.
func (r *Repository) Labels(m *Manifest) map[string]string {
	var labels map[string]string
	first := true
	r.images(m, func(image *Manifest, _ *Descriptor) {
		var own map[string]string
		if image != nil && image.Image != nil {
			own = image.Image.Labels
		}
		common := map[string]string{}
		for name, value := range own {
			if other, ok := labels[name]; first || ok && other == value {
				common[name] = value
			}
		}
		labels, first = common, false
	})
	return labels
}

// images calls visit for each image that a manifest is or has as a child, once,
// but for attestations. One that the repository does not have is nil. The
// descriptor is that in the index; nil for the manifest itself.
func (r *Repository) images(m *Manifest, visit func(image *Manifest, in *Descriptor)) {
	seen := map[digest.Digest]bool{}
	var follow func(m *Manifest, in *Descriptor)
	follow = func(m *Manifest, in *Descriptor) {
		if m == nil || m.Kind() != KindIndex {
			visit(m, in)
			return
		}
		for i := range m.Manifests {
			child := &m.Manifests[i]
			if !child.IsAttestation() && !seen[child.Digest] {
				seen[child.Digest] = true
				follow(r.Manifests[child.Digest], child)
			}
		}
	}
	follow(m, nil)
}
