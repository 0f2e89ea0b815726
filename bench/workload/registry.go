package workload

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
)

// id is the number of a blob.
type id = uint32

// none is the number of no blob.
const none = ^id(0)

// registry is the plan: a graph of numbers. It does not change once it is
// finished.
type registry struct {
	seed uint64

	// Of each blob, by its number.
	sums  [][sha256.Size]byte
	sizes []uint32
	kinds []kind
	docs  []uint32 // where in documents, for manifests

	documents  []document
	references []id

	// Links, of all repositories one after the other, each in order of keys.
	repositories []repository
	layers       []id
	revisions    []id
	tags         []tag
	entries      []id
	uploads      []upload

	order []id // blobs that are stored, in order of digests

	empty   id // the config of referrers, once there is one
	scratch []byte
}

// kind is what a blob is.
type kind uint8

const (
	layerBlob kind = iota
	lostBlob       // a layer that is linked, but whose bytes are gone
	configBlob
	emptyBlob
	manifestBlob
)

// document is what a manifest says.
type document struct {
	form form
	// first and last bound its references: a config and layers, or manifests.
	first, last uint32
	subject     id
}

// span is a range of one of the registry's lists of links.
type span struct{ from, to int }

// repository is what is linked under a name.
type repository struct {
	name                             string
	layers, revisions, tags, uploads span
}

// tag names a manifest, and in its history, an index of entries, those that it
// named before.
type tag struct {
	name    string
	current id
	entries span
}

// upload was begun and never completed.
type upload struct {
	name   string
	number uint64
	hashed bool // it has the state of a hash
}

func newRegistry(seed uint64) *registry { return &registry{seed: seed, empty: none} }

// add makes up a blob.
func (r *registry) add(k kind, doc uint32) id {
	b := id(len(r.sums))
	r.kinds = append(r.kinds, k)
	r.docs = append(r.docs, doc)
	r.sums = append(r.sums, [sha256.Size]byte{})
	r.sizes = append(r.sizes, 0)
	r.scratch = r.content(r.scratch[:0], b)
	r.sums[b] = sha256.Sum256(r.scratch)
	r.sizes[b] = uint32(len(r.scratch))
	return b
}

func (r *registry) layer() id     { return r.add(layerBlob, 0) }
func (r *registry) lostLayer() id { return r.add(lostBlob, 0) }
func (r *registry) config() id    { return r.add(configBlob, 0) }

// layerList makes up some layers.
func (r *registry) layerList(n int) []id {
	list := make([]id, n)
	for i := range list {
		list[i] = r.layer()
	}
	return list
}

// emptyConfig is the config of all referrers.
func (r *registry) emptyConfig() id {
	if r.empty == none {
		r.empty = r.add(emptyBlob, 0)
	}
	return r.empty
}

// manifest makes up a manifest that references a config and layers, or an index
// that references manifests.
func (r *registry) manifest(f form, subject id, references ...id) id {
	first := uint32(len(r.references))
	r.references = append(r.references, references...)
	r.documents = append(r.documents, document{f, first, uint32(len(r.references)), subject})
	return r.add(manifestBlob, uint32(len(r.documents)-1))
}

// of returns what a blob references: nothing, unless it is a manifest.
func (r *registry) of(b id) []id {
	if r.kinds[b] != manifestBlob {
		return nil
	}
	d := r.documents[r.docs[b]]
	return r.references[d.first:d.last]
}

// subject is what a referrer refers to, or none.
func (r *registry) subject(b id) id {
	if r.kinds[b] != manifestBlob {
		return none
	}
	return r.documents[r.docs[b]].subject
}

// finish sorts what is sorted once.
func (r *registry) finish() {
	r.order = make([]id, 0, len(r.sums))
	for b, k := range r.kinds {
		if k != lostBlob {
			r.order = append(r.order, id(b))
		}
	}
	slices.SortFunc(r.order, r.byDigest)
	r.scratch = nil
}

func (r *registry) byDigest(a, b id) int { return bytes.Compare(r.sums[a][:], r.sums[b][:]) }

// draft is a repository while it is planned. Repositories are planned in order
// of their names.
type draft struct {
	*registry
	name    string
	layers  []id // any number of times
	revised []id
	tagged  []draftTag
	begun   []upload
}

type draftTag struct {
	name    string
	current id
	history []id // with current
}

func (r *registry) repository(name string) *draft { return &draft{registry: r, name: name} }

// link gives the repository access to blobs.
func (d *draft) link(blobs ...id) { d.layers = append(d.layers, blobs...) }

// revise links a manifest as a revision.
func (d *draft) revise(manifest id) { d.revised = append(d.revised, manifest) }

// push links a manifest with everything that it references.
func (d *draft) push(manifest id) {
	for _, b := range d.of(manifest) {
		if d.kinds[b] == manifestBlob {
			d.push(b)
		} else {
			d.link(b)
		}
	}
	d.revise(manifest)
}

// tag names a manifest; history is what the name stood for before.
func (d *draft) tag(name string, current id, history ...id) {
	d.tagged = append(d.tagged, draftTag{name, current, append(history, current)})
}

// upload begins an upload.
func (d *draft) upload(number uint64) {
	n := d.random(streamUpload, number)
	d.begun = append(d.begun, upload{uuid(n.Uint64(), n.Uint64()), number, number%2 == 0})
}

// done adds the repository to the registry.
func (d *draft) done() {
	r := d.registry
	var added repository
	added.name = d.name
	r.layers, added.layers = appendSorted(r.layers, d.layers, r.byDigest)
	r.revisions, added.revisions = appendSorted(r.revisions, d.revised, r.byDigest)
	// Keys go on after a name with a slash.
	slices.SortFunc(d.tagged, func(a, b draftTag) int { return strings.Compare(a.name+"/", b.name+"/") })
	added.tags.from = len(r.tags)
	for _, t := range d.tagged {
		sorted := tag{name: t.name, current: t.current}
		r.entries, sorted.entries = appendSorted(r.entries, t.history, r.byDigest)
		r.tags = append(r.tags, sorted)
	}
	added.tags.to = len(r.tags)
	r.uploads, added.uploads = appendSorted(r.uploads, d.begun, func(a, b upload) int { return cmp.Compare(a.name, b.name) })
	r.repositories = append(r.repositories, added)
}

// appendSorted appends each of the items once, in order.
func appendSorted[T comparable](list, items []T, compare func(a, b T) int) ([]T, span) {
	slices.SortFunc(items, compare)
	from := len(list)
	list = append(list, slices.Compact(items)...)
	return list, span{from, len(list)}
}
