package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"pgregory.net/rapid"
)

// model is a random registry: the tree, and what was meant by it. What must be
// kept is computed from the meaning alone; no manifest is parsed.
type model struct {
	tree  *fixture.Tree
	nodes map[digest.Digest]*node
	order []*node
	repos []string
	// linked are the revisions of each repository, current what its tags name.
	linked  map[string]map[digest.Digest]bool
	current map[string]map[string]digest.Digest
	// unlinked are the keys of links that were removed. A registry leaves
	// their directories behind, empty.
	unlinked []string
}

// node is a manifest.
type node struct {
	descriptor v1.Descriptor
	parts      []digest.Digest // configuration and layers
	children   []digest.Digest // manifests that an index lists
	subject    digest.Digest
	push       func(repository string) v1.Descriptor
}

// drawModel draws a registry: content first, then what happened to it.
func drawModel(t *rapid.T) *model {
	m := &model{
		tree:    fixture.New(time.Now()),
		nodes:   map[digest.Digest]*node{},
		repos:   []string{"a", "a/b", "c"}[:rapid.IntRange(1, 3).Draw(t, "repositories")],
		linked:  map[string]map[digest.Digest]bool{},
		current: map[string]map[string]digest.Digest{},
	}
	for _, repository := range m.repos {
		m.linked[repository] = map[digest.Digest]bool{}
		m.current[repository] = map[string]digest.Digest{}
		// Upstream gives up at a repository without _layers.
		m.tree.Layer(repository, "0")
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "images") {
		m.drawImage(t, fmt.Sprint("image ", i))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "indexes") {
		m.drawIndex(t, fmt.Sprint("index ", i))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "referrers") {
		m.drawReferrer(t, fmt.Sprint("referrer ", i))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "orphans") {
		m.tree.Blob(v1.MediaTypeImageLayerGzip, fmt.Appendf(nil, "orphan %d", i))
	}
	for range rapid.IntRange(0, 12).Draw(t, "events") {
		m.drawEvent(t)
	}
	return m
}

// add pushes a manifest to some repositories.
func (m *model) add(t *rapid.T, n *node) {
	where := rapid.SliceOfNDistinct(rapid.SampledFrom(m.repos), 1, len(m.repos), rapid.ID).Draw(t, "where")
	for _, repository := range where {
		n.descriptor = n.push(repository)
		m.linked[repository][n.descriptor.Digest] = true
	}
	m.nodes[n.descriptor.Digest] = n
	m.order = append(m.order, n)
}

// drawLayers draws names of layers that images share.
func drawLayers(t *rapid.T) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"0", "1", "2", "3", "4", "5"}), 0, 3, rapid.ID).Draw(t, "layers")
}

// image is a node with a configuration of its own and some layers.
func (m *model) image(name string, layers []string, complete func(*v1.Manifest)) *node {
	n := &node{}
	n.push = func(repository string) v1.Descriptor {
		manifest := v1.Manifest{
			Versioned: specs.Versioned{SchemaVersion: 2},
			MediaType: v1.MediaTypeImageManifest,
			Config:    m.tree.Config(repository, name),
		}
		n.parts = []digest.Digest{manifest.Config.Digest}
		for _, layer := range layers {
			manifest.Layers = append(manifest.Layers, m.tree.Layer(repository, layer))
			n.parts = append(n.parts, manifest.Layers[len(manifest.Layers)-1].Digest)
		}
		complete(&manifest)
		return m.tree.ManifestOf(repository, manifest.MediaType, manifest)
	}
	return n
}

func (m *model) drawImage(t *rapid.T, name string) {
	docker := rapid.Bool().Draw(t, "docker")
	m.add(t, m.image(name, drawLayers(t), func(manifest *v1.Manifest) {
		if docker {
			manifest.MediaType = fixture.DockerManifest
		}
	}))
}

// drawReferrer draws a signature of any manifest so far.
func (m *model) drawReferrer(t *rapid.T, name string) {
	subject := rapid.SampledFrom(m.order).Draw(t, "subject").descriptor
	n := m.image(name, []string{name}, func(manifest *v1.Manifest) {
		manifest.ArtifactType = "application/vnd.example.signature"
		manifest.Subject = &subject
	})
	n.subject = subject.Digest
	m.add(t, n)
}

// drawIndex draws an index over any manifests so far, one that was never
// pushed, and a layer as BuildKit's caches list it.
func (m *model) drawIndex(t *rapid.T, name string) {
	n := &node{}
	index := v1.Index{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		MediaType:   rapid.SampledFrom([]string{v1.MediaTypeImageIndex, fixture.DockerList}).Draw(t, "type"),
		Annotations: map[string]string{"name": name},
	}
	children := rapid.SliceOfN(rapid.SampledFrom(m.order), 0, 3).Draw(t, "children")
	for _, child := range children {
		descriptor := child.descriptor
		if rapid.IntRange(0, 3).Draw(t, "untyped") == 0 {
			descriptor.MediaType = ""
		}
		index.Manifests = append(index.Manifests, descriptor)
		n.children = append(n.children, descriptor.Digest)
	}
	if rapid.Bool().Draw(t, "sparse") {
		index.Manifests = append(index.Manifests, fixture.Describe(v1.MediaTypeImageManifest, []byte("elsewhere")))
	}
	cache := rapid.Bool().Draw(t, "cache")
	n.push = func(repository string) v1.Descriptor {
		index := index
		n.parts = nil
		if cache {
			layer := m.tree.Layer(repository, "cached by "+name)
			index.Manifests = append(slices.Clone(index.Manifests), layer)
			n.parts = []digest.Digest{layer.Digest}
		}
		return m.tree.ManifestOf(repository, index.MediaType, index)
	}
	m.add(t, n)
}

// drawEvent draws something that befalls a repository.
func (m *model) drawEvent(t *rapid.T) {
	repository := rapid.SampledFrom(m.repos).Draw(t, "repository")
	tag := rapid.SampledFrom([]string{"v1", "v2", "latest"}).Draw(t, "tag")
	event := rapid.SampledFrom([]string{"tag", "tag", "tag", "untag", "delete", "lose revision", "lose layer link"}).Draw(t, "event")
	linked := slices.Sorted(maps.Keys(m.linked[repository]))
	if event == "untag" {
		m.tree.Untag(repository, tag)
		delete(m.current[repository], tag)
		return
	}
	if len(linked) == 0 {
		return
	}
	d := rapid.SampledFrom(linked).Draw(t, "revision")
	switch event {
	case "tag":
		m.tree.Tag(repository, tag, d)
		m.current[repository][tag] = d
	case "delete": // over the API, with its tags
		m.unlink(layout.Path{Kind: layout.RevisionLink, Repository: repository, Digest: d})
		m.tree.DeleteManifest(repository, d)
		delete(m.linked[repository], d)
		maps.DeleteFunc(m.current[repository], func(_ string, named digest.Digest) bool { return named == d })
	case "lose revision": // by hand, or by a crash
		m.unlink(layout.Path{Kind: layout.RevisionLink, Repository: repository, Digest: d})
		delete(m.linked[repository], d)
	case "lose layer link":
		for _, part := range m.nodes[d].parts[:min(1, len(m.nodes[d].parts))] {
			m.unlink(layout.Path{Kind: layout.LayerLink, Repository: repository, Digest: part})
		}
		m.tree.Layer(repository, "0")
	}
}

func (m *model) unlink(p layout.Path) {
	m.tree.Remove(p)
	m.unlinked = append(m.unlinked, fixture.Key(p))
}

// write stores the registry in a driver whose directories are real.
func (m *model) write(d *inmemory.Driver) error {
	for _, key := range m.unlinked {
		if err := d.PutContent(context.Background(), "/"+key, nil); err != nil {
			return err
		}
		if err := d.Delete(context.Background(), "/"+key); err != nil {
			return err
		}
	}
	return fill(d, m.tree)
}

// laws are those of blobsweep's laws that upstream's collector does not keep.
type laws struct {
	referrers bool // law 1: untagged referrers of what is kept stay
	unlinked  bool // law 2: children stay that are not linked, or met before where they are not
	dangling  bool // laws 1, 8 and 9: what a tag names stays, linked or not
}

// kept computes the blobs that the laws keep.
func (m *model) kept(deleteUntagged bool, keep laws) map[digest.Digest]bool {
	all := map[digest.Digest]bool{}
	for _, repository := range m.repos {
		maps.Copy(all, m.keptIn(repository, deleteUntagged, keep))
	}
	return all
}

func (m *model) keptIn(repository string, deleteUntagged bool, keep laws) map[digest.Digest]bool {
	kept, visited := map[digest.Digest]bool{}, map[digest.Digest]bool{}
	linked := m.linked[repository]
	var visit func(d digest.Digest)
	visit = func(d digest.Digest) {
		kept[d] = true
		n := m.nodes[d]
		if visited[d] || n == nil {
			return
		}
		visited[d] = true
		for _, part := range n.parts {
			kept[part] = true
		}
		for _, child := range n.children {
			kept[child] = true
			if keep.unlinked || linked[child] && !m.metUnlinked(child) {
				visit(child)
			}
		}
		for referrer := range linked {
			if keep.referrers && deleteUntagged && m.nodes[referrer].subject == d {
				visit(referrer)
			}
		}
	}
	for _, d := range m.current[repository] {
		if linked[d] || keep.dangling {
			visit(d)
		}
	}
	for d := range linked {
		if !deleteUntagged {
			visit(d)
		}
	}
	return kept
}

// metUnlinked reports whether a child is listed by an index in a repository
// where it is not linked. Upstream marks it there without looking into it, and
// then takes it for done everywhere else.
func (m *model) metUnlinked(child digest.Digest) bool {
	for _, repository := range m.repos {
		for _, n := range m.order {
			if m.linked[repository][n.descriptor.Digest] && !m.linked[repository][child] && slices.Contains(n.children, child) {
				return true
			}
		}
	}
	return false
}
