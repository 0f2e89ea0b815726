package workload

import "fmt"

// buildOneRepository has half as many tags as blobs, all in one repository. An
// image has four tags; each of them named another image before. Of those, one
// in 50 was deleted by the API. There are so half as many manifests as tags.
func buildOneRepository(r *registry, blobs int) error {
	tags := blobs / 2
	images := (tags + 3) / 4
	d := r.repository("team/monolith")
	base := r.layerList(8)
	left := blobs - len(base) - 4*images // for layers, after manifests and configs
	image := func(of int) id {
		own := left / of
		left -= own
		references := append([]id{r.config()}, base...)
		return r.manifest(ociImage, none, append(references, r.layerList(own)...)...)
	}
	for i := range images {
		before := image(2 * (images - i))
		if i%50 == 49 {
			d.link(r.of(before)...)
		} else {
			d.push(before)
		}
		now := image(2*(images-i) - 1)
		d.push(now)
		for t := 4 * i; t < min(4*i+4, tags); t++ {
			d.tag(fmt.Sprintf("v%07d", t), now, before)
		}
	}
	d.done()
	return nil
}

// buildManySmall has repositories of one image. Of 20, one has an image that
// the tag named before, and two have a signature. Of 25, one is a ghost: its
// image was deleted, and the links to its layers are still there.
func buildManySmall(r *registry, blobs int) error {
	empty := r.emptyConfig()
	bases := make([][]id, 8)
	for i := range bases {
		bases[i] = r.layerList(5 - i/7) // 39 in all
	}
	repositories := (blobs - len(r.sums)) * 20 / 67
	for i := range repositories {
		d := r.repository(repositoryName(i, repositories))
		image := func() id {
			references := append([]id{r.config()}, bases[i%len(bases)]...)
			return r.manifest(dockerImage+form(i%2)*ociImage, none, append(references, r.layer())...)
		}
		now := image()
		switch {
		case i%25 == 24:
			d.link(r.of(now)...)
			d.done()
			continue
		case i%20 == 5:
			before := image()
			d.push(before)
			d.tag("latest", now, before)
		case i%10 == 2:
			d.push(r.manifest(signature, now, empty, r.layer()))
			d.tag("latest", now)
		default:
			d.tag("latest", now)
		}
		d.push(now)
		if i%50 == 11 {
			d.upload(uint64(i))
		}
		d.done()
	}
	r.layerList(max(0, blobs-len(r.sums)))
	return nil
}

// buildLinks has 30,000 layer links and 55 tags to 10,400 blobs. Each tag has
// moved twice. Of the links that no image needs, the blobs of some are there.
func buildLinks(r *registry, blobs int) error {
	const size, links, tags = 10_400, 30_000, 55
	d := r.repository("team/service")
	base := r.layerList(5)
	d.link(base...)
	needed := len(base)
	image := func() id {
		references := append([]id{r.config()}, base...)
		b := r.manifest(dockerImage, none, append(references, r.layerList(2)...)...)
		d.push(b)
		needed += 3
		return b
	}
	for i := range max(1, blobs*tags/size) {
		d.tag(fmt.Sprintf("release-%04d", i), image(), image(), image())
	}
	stored := blobs - len(r.sums)
	d.link(r.layerList(stored)...)
	for range blobs*links/size - needed - stored {
		d.link(r.lostLayer())
	}
	d.upload(1)
	d.done()
	return nil
}

// buildWideIndex has groups of an index of 50 platforms with what refers to it:
// a bill of materials, its signature, the signature of that, and signatures of
// some platforms. Of four indexes, two are tagged, one has lost its tag to the
// next, and one was deleted by the API, which leaves its platforms behind.
func buildWideIndex(r *registry, blobs int) error {
	const groupSize, groupsEach = 168, 8
	empty := r.emptyConfig()
	base := r.layerList(8)
	groups := (blobs - len(r.sums)) / groupSize
	repositories := (groups + groupsEach - 1) / groupsEach
	for at := range repositories {
		d := r.repository(repositoryName(at, repositories))
		d.link(empty)
		before := none
		for i := at * groupsEach; i < min(groups, (at+1)*groupsEach); i++ {
			index := r.wideIndex(d, dockerImage+form(i%2)*ociImage, base)
			switch {
			case i%4 == 3:
			case i%4 == 1 && i+1 < groups:
				d.revise(index)
				before = index
			case before != none:
				d.revise(index)
				d.tag(fmt.Sprintf("%d.0", i), index, before)
				before = none
			default:
				d.revise(index)
				d.tag(fmt.Sprintf("%d.0", i), index)
			}
		}
		d.done()
	}
	r.layerList(max(0, blobs-len(r.sums)))
	return nil
}

// wideIndex pushes a group, but for the index itself.
func (r *registry) wideIndex(d *draft, f form, base []id) (index id) {
	const platforms = 50
	common := r.layer()
	children := make([]id, platforms)
	for i := range children {
		references := append([]id{r.config()}, base[i%2*4:][:4]...)
		children[i] = r.manifest(f, none, append(references, common, r.layer())...)
		d.push(children[i])
	}
	index = r.manifest(f+1, none, children...)
	last := index
	for _, f := range []form{sbom, signature, signature} {
		last = r.manifest(f, last, r.emptyConfig(), r.layer())
		d.push(last)
	}
	for i := 0; i < platforms; i += 10 {
		d.push(r.manifest(signature, children[i], r.emptyConfig(), r.layer()))
	}
	return index
}
