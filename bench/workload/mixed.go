package workload

import (
	"encoding/hex"
	"fmt"
	"slices"
)

// repository builds one of a profile.
func (m *mix) repository(at int) {
	d := &mixed{draft: m.registry.repository(repositoryName(at, len(m.parts))), part: m.parts[at]}
	m.choose(d, at)
	m.pushImages(d)
	m.promote(d)
	m.tagImages(d)
	m.refer(d)
	m.deleteImages(d)
	m.abandonLayers(d)
	for i := range d.uploads {
		d.upload(uint64(at)<<32 | uint64(i))
	}
	d.done()
	m.previous = d
}

// words are names of services, in order. Some repositories lie within others.
var words = [...]string{"api", "api/cache", "batch", "frontend", "gateway", "jobs", "jobs/runner", "store"}

// repositoryName is the name of the repository at a place out of n. Names are
// in order, by bytes as well as component by component.
func repositoryName(at, n int) string {
	width := len(fmt.Sprint(n / len(words)))
	return fmt.Sprintf("team-%0*d/%s", width, at/len(words), words[at%len(words)])
}

// choose picks the bases of a repository and makes the layers that its images
// share.
func (m *mix) choose(d *mixed, at int) {
	for i := 0; d.bases > 0 && i < len(m.bases); i++ {
		chain := m.bases[(2*at+i)%len(m.bases)]
		chain = chain[:min(len(chain), d.bases)] // the last one is an older base
		d.chains = append(d.chains, chain)
		d.bases -= len(chain)
	}
	d.pool = m.layerList(d.part.pool)
}

// image makes up an image of a repository, with layers of its own.
func (m *mix) image(d *mixed, f form, own int) id {
	references := []id{m.config()}
	references = append(references, d.chains[d.made%len(d.chains)]...)
	references = append(references, d.pool[d.made%len(d.pool)])
	references = append(references, m.layerList(own)...)
	d.made++
	return m.manifest(f, none, references...)
}

// own is how many layers the next image has for itself: the number that is
// left, spread evenly but not equally.
func (m *mix) own() int {
	n := m.layersLeft / m.imagesLeft
	switch {
	case m.imagesLeft%4 == 0 && n > 0:
		n--
	case m.imagesLeft%4 == 2 && n > 0 && m.imagesLeft > 2:
		n++
	}
	m.imagesLeft--
	m.layersLeft -= n
	return n
}

// pushImages pushes the images and indexes.
func (m *mix) pushImages(d *mixed) {
	for i := range d.images + d.indexes {
		f := dockerImage
		if i%2 == 1 {
			f = ociImage
		}
		// Indexes lie evenly among the images.
		if i*d.indexes/(d.images+d.indexes) == (i+1)*d.indexes/(d.images+d.indexes) {
			b := m.image(d, f, m.own())
			d.push(b)
			d.owned = append(d.owned, m.of(b)[0])
			d.tops = append(d.tops, b)
			continue
		}
		var children []id
		for range platforms {
			children = append(children, m.image(d, f, m.own()))
		}
		d.child = append(d.child, children...)
		b := m.manifest(f+1, none, children...)
		d.push(b)
		d.tops = append(d.tops, b)
	}
}

// promote takes over images from the repository before: some that are tagged
// there and some that are not any more.
func (m *mix) promote(d *mixed) {
	if m.previous == nil {
		return
	}
	before := slices.DeleteFunc(slices.Clone(m.previous.tops), func(b id) bool {
		return m.kinds[m.of(b)[0]] == manifestBlob // an index
	})
	for i := range min(d.promoted, len(before)) {
		b := before[len(before)-1-i*len(before)/d.promoted]
		d.push(b)
		d.tag(fmt.Sprintf("stable-%02d", i), b)
		d.tags--
	}
}

// tagImages names images in order of time. A tag that has moved on has the
// images that it named before in its history.
func (m *mix) tagImages(d *mixed) {
	left := d.tags - m.signatureTags(d)
	named := min(max(left*5/6, 1), len(d.tops))
	var recent, history []id // tagged images so far; images without a tag since
	for i, b := range d.tops {
		if (i+1)*named/len(d.tops) == i*named/len(d.tops) {
			if i%10 != 3 { // this one was pushed by its digest
				history = append(history, b)
			}
			continue
		}
		d.tag(fmt.Sprintf("1.%d.%d", len(recent)/10, len(recent)%10), b, history...)
		recent, history = append(recent, b), nil
		left--
	}
	for i := 0; left > 0; i++ {
		at := len(recent) - 1 - i%len(recent)
		if i == 0 {
			d.tag("latest", recent[at], recent[max(0, at-4):at]...)
		} else {
			d.tag(fmt.Sprintf("build-%06d", i), recent[at])
		}
		left--
	}
}

// signatureTags is how many signatures have a tag in place of a subject.
func (m *mix) signatureTags(d *mixed) int { return min(d.referrers/8, d.tags/10) }

// refer pushes signatures and bills of material.
func (m *mix) refer(d *mixed) {
	last := none
	for i := range d.referrers {
		f := signature
		if i%3 == 2 {
			f = sbom
		}
		subject := d.tops[i*len(d.tops)/d.referrers]
		switch {
		case i < m.signatureTags(d):
			subject = none // its tag tells
		case i%10 == 4 && len(d.child) > 0:
			subject = d.child[i%len(d.child)]
		case i%10 == 7 && last != none:
			subject = last // signs what refers to something else
		case i%20 == 9:
			subject = m.manifest(ociImage, none, m.config(), d.pool[0]) // gone since
			d.part.orphans -= 2
			m.orphans -= 2
		}
		b := m.manifest(f, subject, m.emptyConfig(), m.layer())
		d.push(b)
		if i < m.signatureTags(d) {
			signed := d.tops[len(d.tops)-1-i]
			d.tag("sha256-"+hex.EncodeToString(m.sums[signed][:])+".sig", b)
		}
		last = b
	}
}

// deleteImages leaves what images leave that were deleted by the API: layer
// links, and entries in the history of tags that had named them before.
func (m *mix) deleteImages(d *mixed) {
	const own = 2
	for i := 0; d.part.orphans >= own+2 && d.part.stale >= 2*(own+1); i++ {
		b := m.image(d, ociImage, own)
		for _, blob := range m.of(b) {
			d.link(blob)
		}
		d.part.orphans -= own + 2
		m.orphans -= own + 2
		d.part.stale -= own + 1
		if i%2 == 0 {
			t := &d.tagged[i%len(d.tagged)]
			t.history = append(t.history, b)
		}
	}
}

// abandonLayers leaves links to layers that belong to no image here: of pushes
// that were not completed, and of images that are in another repository still.
func (m *mix) abandonLayers(d *mixed) {
	for i := 0; d.part.stale > 0; i++ {
		switch {
		case m.previous != nil && i%2 == 0 && i/2 < len(m.previous.owned):
			d.link(m.previous.owned[i/2])
		case d.part.orphans > 0:
			d.link(m.layer())
			d.part.orphans--
			m.orphans--
		default:
			return
		}
		d.part.stale--
	}
}

// leftovers makes the orphans that no link tells of any more, as a repository
// leaves them that was removed by hand.
func (m *mix) leftovers() {
	d := &mixed{draft: m.registry.repository("gone"), chains: m.bases, pool: []id{m.bases[0][0]}}
	for m.orphans >= 4 {
		m.image(d, dockerImage, 2)
		m.orphans -= 4
	}
	for ; m.orphans > 0; m.orphans-- {
		m.layer()
	}
}
