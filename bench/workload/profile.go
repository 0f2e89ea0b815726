package workload

import (
	"errors"
	"fmt"
)

// profile is what a registry of mixed images shall come to. Its numbers are
// met to within a few in a hundred, that of the blobs exactly.
type profile struct {
	blobs        int
	repositories int
	manifests    int // linked revisions
	tags         int
	layerLinks   int
	// orphans are blobs that nothing needs; stale are layer links that no
	// manifest of their repository needs.
	orphans, stale int
	uploads        int
	// plain leaves out multi-arch images, referrers and promoted images.
	plain bool
}

// part is one repository's share of a profile.
type part struct {
	images, indexes, referrers, promoted int
	tags, uploads                        int
	orphans, stale                       int
	bases                                int // layer links to shared bases
	pool                                 int // layers that its images share
}

// platforms is how many an index of a profile has.
const platforms = 3

// mix builds a registry by a profile.
type mix struct {
	*registry
	parts []part
	bases [][]id // shared base images: their layers

	// Layers of images of their own: how many there are, and how many images
	// they are spread over.
	layersLeft, imagesLeft int

	// previous is the repository before, from which images are promoted.
	previous *mixed
	orphans  int // how many are still to be made
}

// mixed is one repository as it is built.
type mixed struct {
	*draft
	part
	chains [][]id // its bases
	pool   []id
	tops   []id // images and indexes in order of time, as pushed
	owned  []id // layers that are of this repository alone
	child  []id // children of indexes
	made   int  // images, to pick bases in turn
}

func buildProfile(r *registry, p profile) error {
	m := &mix{registry: r, orphans: p.orphans}
	if err := m.plan(p); err != nil {
		return err
	}
	for at := range m.parts {
		m.repository(at)
	}
	m.leftovers()
	return nil
}

var errTooSmall = errors.New("too few blobs for its manifests")

// plan divides the profile among repositories.
func (m *mix) plan(p profile) error {
	s := m.random(streamShape, 0)
	weights := make([]int, p.repositories)
	for i := range weights {
		weights[i] = 60 + s.below(80)
		if i%10 == 7 {
			weights[i] *= 3 // some are much larger
		}
	}
	manifests, tags := share(p.manifests, weights), share(p.tags, weights)
	orphans, stale := share(p.orphans, weights), share(p.stale, weights)
	uploads := share(p.uploads, weights)
	m.parts = make([]part, p.repositories)
	var total part
	for i := range m.parts {
		q := part{tags: tags[i], orphans: orphans[i], stale: stale[i], uploads: uploads[i]}
		if n := manifests[i]; !p.plain && n >= 8 {
			q.referrers = n * 8 / 100
			q.indexes = n * 16 / 100 / (platforms + 1)
			if i > 0 {
				q.promoted = (n + 50) / 100
			}
		}
		q.images = manifests[i] - q.referrers - q.indexes*(platforms+1) - q.promoted
		q.pool = 1 + q.images/12
		m.parts[i] = q
		total.add(q)
	}
	if total.images < p.repositories || p.tags < p.repositories {
		return fmt.Errorf("%w: %d repositories", errTooSmall, p.repositories)
	}
	images := total.images + platforms*total.indexes
	m.plantBases(2 * p.repositories)
	m.layersLeft = p.blobs - p.orphans - (p.manifests - total.promoted) - images - total.referrers - total.pool - len(m.sums)
	if !p.plain {
		m.emptyConfig()
		m.layersLeft--
	}
	m.imagesLeft = images
	if m.layersLeft < images/2 {
		return errTooSmall
	}
	// What is left of the layer links are those to bases. A promoted image
	// links some nine layers once more.
	links := p.layerLinks - images - m.layersLeft - total.referrers - total.pool - p.stale - 9*total.promoted
	if !p.plain {
		links -= p.repositories // the empty config
	}
	for i, n := range share(max(links, 3*p.repositories), weights) {
		m.parts[i].bases = n
	}
	return nil
}

func (p *part) add(q part) {
	p.images += q.images
	p.indexes += q.indexes
	p.referrers += q.referrers
	p.promoted += q.promoted
	p.pool += q.pool
}

// plantBases makes the layers of base images.
func (m *mix) plantBases(n int) {
	s := m.random(streamShape, 1)
	m.bases = make([][]id, min(max(n, 4), 400))
	for i := range m.bases {
		m.bases[i] = m.layerList(3 + s.below(4))
	}
}
