package listing

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/opencontainers/go-digest"
)

// Role is what a node of a tree is to the one above it.
type Role string

// The roles.
const (
	// RoleImage: the top of the tree.
	RoleImage Role = "image"
	// RoleChild: a manifest in an index.
	RoleChild Role = "child"
	// RoleConfig: the configuration.
	RoleConfig Role = "config"
	// RoleLayer: a layer, or a blob of an artifact.
	RoleLayer Role = "layer"
	// RoleReferrer: a manifest that has the one above as its subject, or a tag of
	// cosign's that names it.
	RoleReferrer Role = "referrer"
	// RoleReference: what else a manifest names, as one of a type that is not known.
	RoleReference Role = "reference"
)

// Node is a manifest or a blob of an image, with what belongs to it.
type Node struct {
	Role   Role          `json:"role"`
	Digest digest.Digest `json:"digest"`
	// Type is that of a manifest, as in [Image]; empty for a blob.
	Type catalog.Kind `json:"type,omitempty"`
	// Tags are the names that the manifest has in the repository.
	Tags         []string `json:"tags"`
	MediaType    string   `json:"mediaType,omitempty"`
	ArtifactType string   `json:"artifactType,omitempty"`
	Platform     string   `json:"platform,omitempty"`
	// Size is that of the manifest or blob itself, in bytes, as far as something
	// tells it.
	Size int64 `json:"bytes"`
	// Total is the size with everything that it needs, each blob once. What refers
	// to it is not counted.
	Total int64 `json:"totalBytes"`
	// Foreign says that the bytes may lie elsewhere.
	Foreign     bool              `json:"foreign,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// Repeated says that what belongs to the manifest is shown where it comes
	// first.
	Repeated bool    `json:"repeated,omitempty"`
	Children []*Node `json:"children"`
}

// Tree returns what a manifest of a repository is made of, and what refers to
// it. It holds each manifest as a whole once.
func Tree(r *catalog.Repository, d digest.Digest) *Node {
	g := &grower{Repository: r, seen: map[digest.Digest]*Node{}, tags: r.TagsByDigest(), referrers: r.ReferrersBySubject()}
	for _, t := range r.Tags {
		if subject, _, ok := catalog.SubjectOfTag(t.Name); ok && t.Digest != "" && !slices.Contains(g.referrers[subject], t.Digest) {
			g.referrers[subject] = append(g.referrers[subject], t.Digest)
		}
	}
	return g.node(RoleImage, catalog.Descriptor{Digest: d})
}

// grower makes a tree.
type grower struct {
	*catalog.Repository
	seen      map[digest.Digest]*Node
	tags      map[digest.Digest][]string
	referrers map[digest.Digest][]digest.Digest
}

// node makes one of what describes it, and of what lies under the digest if that
// is a manifest.
func (g *grower) node(role Role, d catalog.Descriptor) *Node {
	n := &Node{
		Role: role, Digest: d.Digest, MediaType: d.MediaType, ArtifactType: d.ArtifactType, Size: d.Size,
		Foreign: d.Foreign, Annotations: d.Annotations, Tags: []string{}, Children: []*Node{},
	}
	if d.Platform != nil {
		n.Platform = d.Platform.String()
	}
	if m := g.Manifests[d.Digest]; m != nil {
		g.manifest(n, m, d)
	} else if !d.Foreign {
		n.Total = d.Size
	}
	return n
}

func (g *grower) manifest(n *Node, m *catalog.Manifest, described catalog.Descriptor) {
	n.Tags = append(n.Tags, g.tags[m.Digest]...)
	n.Type = kindOf(g.Repository, m.Digest, n.Tags...)
	if (n.Type == catalog.KindImage || n.Type == catalog.KindArtifact) && described.IsAttestation() {
		n.Type = catalog.KindAttestation
	}
	n.MediaType, n.ArtifactType = cmp.Or(m.MediaType, n.MediaType), cmp.Or(m.ArtifactType, n.ArtifactType)
	n.Size = m.Size
	if platforms := g.Platforms(m); n.Platform == "" && len(m.Manifests) == 0 && len(platforms) == 1 {
		n.Platform = platforms[0].String()
	}
	// What describes a manifest has the last word.
	annotations := maps.Clone(m.Annotations)
	if annotations == nil {
		annotations = n.Annotations
	} else {
		maps.Copy(annotations, n.Annotations)
	}
	n.Annotations = annotations
	if first := g.seen[m.Digest]; first != nil {
		n.Total, n.Repeated = first.Total, true
		return
	}
	g.seen[m.Digest] = n
	n.Total = total(g.Repository, m.Digest)
	g.children(n, m)
}

func (g *grower) children(n *Node, m *catalog.Manifest) {
	named := map[digest.Digest]bool{}
	add := func(role Role, d catalog.Descriptor) {
		named[d.Digest] = true
		n.Children = append(n.Children, g.node(role, d))
	}
	for _, d := range m.Manifests {
		add(RoleChild, d)
	}
	if m.Config != nil {
		add(RoleConfig, *m.Config)
	}
	for _, d := range m.Layers {
		add(RoleLayer, d)
	}
	for _, ref := range m.References {
		if !named[ref.Digest] {
			add(RoleReference, catalog.Descriptor{Digest: ref.Digest})
		}
	}
	for _, d := range g.referrers[m.Digest] {
		add(RoleReferrer, catalog.Descriptor{Digest: d})
	}
}

// total is the size of what a manifest needs, itself included, as manifests tell
// it.
func total(r *catalog.Repository, d digest.Digest) int64 {
	sizes := map[digest.Digest]int64{}
	closure := r.Closure(d)
	for _, d := range closure.Manifests {
		m := r.Manifests[d]
		if m == nil {
			continue
		}
		sizes[d] = m.Size
		for _, blobs := range [][]catalog.Descriptor{m.Layers, m.Manifests} {
			for _, b := range blobs {
				declare(r, sizes, b)
			}
		}
		if m.Config != nil {
			declare(r, sizes, *m.Config)
		}
	}
	var sum int64
	for _, size := range sizes {
		if sum += size; sum < 0 {
			return math.MaxInt64
		}
	}
	return sum
}

// declare takes a size that a manifest tells of a blob: the largest, where they
// differ. Manifests have their own.
func declare(r *catalog.Repository, sizes map[digest.Digest]int64, d catalog.Descriptor) {
	if r.Manifests[d.Digest] == nil && !d.Foreign {
		sizes[d.Digest] = max(sizes[d.Digest], d.Size)
	}
}

// minHex is how long a digest must be to be looked for: what a manifest calls a
// digest can be anything.
const minHex = 32

// Concerns reports whether a finding is about something in the tree: a manifest
// or blob, or a tag.
func (n *Node) Concerns(f mark.Finding) bool {
	if _, hex, _ := strings.Cut(string(n.Digest), ":"); len(hex) >= minHex && strings.Contains(f.Key, hex) {
		return true
	}
	for _, tag := range n.Tags {
		if strings.Contains(f.Key, "/tags/"+tag+"/") {
			return true
		}
	}
	return slices.ContainsFunc(n.Children, func(child *Node) bool { return child.Concerns(f) })
}
