package text

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/listing"
	"github.com/blobsweep/blobsweep/mark"
)

// Image shows one image: what is known of it, the tree of what it is made of,
// and what is wrong there.
func Image(w io.Writer, image listing.Image, tree *listing.Node, found []mark.Finding, l List) error {
	var b strings.Builder
	name := clean(image.Repository)
	switch {
	case image.Tag != "":
		name += ":" + clean(image.Tag)
	default:
		name += "@" + clean(string(image.Digest))
	}
	b.WriteString(name + "\n")
	l.facts(&b, image, tree)
	b.WriteString("\n")
	l.tree(&b, tree)
	findings(&b, found, 0)
	_, err := io.WriteString(w, b.String())
	return err
}

// facts are lines of a name and what it is.
func (l List) facts(b *strings.Builder, image listing.Image, tree *listing.Node) {
	fact := func(name, what string) {
		if what != "" {
			wrapAfter(b, "  "+name+strings.Repeat(" ", 11-len(name)), 13, what)
		}
	}
	var tags []string
	for _, tag := range tree.Tags {
		tags = append(tags, clean(tag))
	}
	fact("digest", clean(string(image.Digest)))
	fact("tags", strings.Join(tags, ", "))
	fact("type", typed(tree))
	fact("platforms", clean(strings.Join(image.Platforms, ", ")))
	size := Bytes(image.Size)
	if image.Unique != nil {
		size += ", of which no other image needs " + Bytes(*image.Unique)
	}
	fact("size", size)
	if !image.Pushed.IsZero() {
		fact("pushed", Since(image.Pushed, l.Now)+", "+At(image.Pushed))
	}
	if !image.Created.IsZero() {
		fact("created", Since(image.Created, l.Now)+", "+At(image.Created))
	}
	for i, key := range slices.Sorted(maps.Keys(image.Labels)) {
		name := "labels"
		if i > 0 {
			name = ""
		}
		fact(name, clean(key)+"="+clean(image.Labels[key])+" ")
	}
}

func typed(n *listing.Node) string {
	kind := clean(string(n.Type))
	if n.ArtifactType != "" {
		kind += ", " + clean(n.ArtifactType)
	}
	if n.MediaType != "" {
		kind += ", " + clean(n.MediaType)
	}
	return kind
}

// tree draws an image. A line has what it is, the digest, the size (of a
// manifest, with all that it needs), and what helps to tell it from others.
func (l List) tree(b *strings.Builder, root *listing.Node) {
	g := &grid{columns: []column{{"", false}, {"", false}, {"", true}, {"", false}}}
	var draw func(n *listing.Node, first, rest string)
	draw = func(n *listing.Node, first, rest string) {
		g.rows = append(g.rows, []string{first + label(n), l.digest(n.Digest), nodeSize(n), l.remark(n)})
		for i, child := range n.Children {
			if i == len(n.Children)-1 {
				draw(child, rest+"└── ", rest+"    ")
			} else {
				draw(child, rest+"├── ", rest+"│   ")
			}
		}
	}
	draw(root, "", "")
	g.write(b)
}

// label is what a node is.
func label(n *listing.Node) string {
	parts := []string{string(n.Role)}
	if n.Type != "" {
		parts[0] = clean(string(n.Type))
		if n.Role == listing.RoleReferrer {
			parts[0] += " (referrer)"
		}
	}
	if n.Platform != "" && n.Platform != "unknown/unknown" {
		parts = append(parts, clean(n.Platform))
	}
	return strings.Join(parts, " ")
}

func nodeSize(n *listing.Node) string {
	switch {
	case n.Type != "":
		return Bytes(n.Total)
	case n.Size == 0 && n.MediaType == "": // nothing describes it
		return NotKnown
	}
	return Bytes(n.Size)
}

// telling are annotations that say what something is.
var telling = []string{
	"org.opencontainers.image.title", "org.opencontainers.image.ref.name", "org.opencontainers.image.version",
	"in-toto.io/predicate-type", "vnd.docker.reference.type",
}

// remark is what else tells a node from others.
func (l List) remark(n *listing.Node) string {
	var parts []string
	if n.ArtifactType != "" {
		parts = append(parts, clean(n.ArtifactType))
	} else if n.MediaType != "" {
		parts = append(parts, clean(n.MediaType))
	}
	for _, key := range telling {
		if value := n.Annotations[key]; value != "" {
			parts = append(parts, clean(value))
		}
	}
	if n.Role != listing.RoleImage {
		for _, tag := range n.Tags {
			parts = append(parts, "tag "+l.tag(tag))
		}
	}
	if n.Foreign {
		parts = append(parts, "may lie elsewhere")
	}
	if n.Repeated {
		parts = append(parts, "as above")
	}
	return strings.Join(parts, ", ")
}
