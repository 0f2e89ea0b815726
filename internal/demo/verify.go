package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// verifier pulls a registry from its directory as a client would over HTTP:
// from the tags and revisions to the last layer, hashing all it reads.
type verifier struct {
	root string
	seen map[digest.Digest]bool

	tags             []string // repository:tag
	manifests, blobs int
	bytes            int64
}

func newVerifier(dir string) *verifier {
	return &verifier{root: filepath.Join(dir, "docker", "registry", "v2"), seen: map[digest.Digest]bool{}}
}

// registry verifies what every link of a tag or a revision leads to.
func (v *verifier) registry() error {
	repositories := filepath.Join(v.root, "repositories")
	var broken []error
	err := filepath.WalkDir(repositories, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "link" {
			return err
		}
		inside, err := filepath.Rel(repositories, name)
		if err != nil {
			return err
		}
		repository, link, ok := strings.Cut(filepath.ToSlash(inside), "/_manifests/")
		if !ok || strings.Contains(link, "/index/") {
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if tag, ok := strings.CutPrefix(link, "tags/"); ok {
			tag, _, _ = strings.Cut(tag, "/")
			v.tags = append(v.tags, repository+":"+tag)
		}
		if err := v.manifest(digest.Digest(content)); err != nil {
			broken = append(broken, fmt.Errorf("%s %s: %w", repository, link, err))
		}
		return nil
	})
	return errors.Join(append(broken, err)...)
}

// manifest verifies a manifest and everything it references.
func (v *verifier) manifest(d digest.Digest) error {
	if v.seen[d] {
		return nil
	}
	content, err := v.blob(d)
	if err != nil {
		return err
	}
	v.manifests++
	var m struct {
		Config    *v1.Descriptor  `json:"config"`
		Layers    []v1.Descriptor `json:"layers"`
		Manifests []v1.Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return fmt.Errorf("manifest %s: %w", d, err)
	}
	for _, child := range m.Manifests {
		if err := v.manifest(child.Digest); err != nil {
			return err
		}
	}
	if m.Config != nil {
		m.Layers = append(m.Layers, *m.Config)
	}
	for _, layer := range m.Layers {
		if v.seen[layer.Digest] {
			continue
		}
		content, err := v.blob(layer.Digest)
		if err != nil {
			return err
		}
		if int64(len(content)) != layer.Size {
			return fmt.Errorf("blob %s has %d bytes, not %d", layer.Digest, len(content), layer.Size)
		}
		v.blobs++
	}
	return nil
}

// blob reads a blob and hashes it.
func (v *verifier) blob(d digest.Digest) ([]byte, error) {
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("digest %q: %w", d, err)
	}
	hex := d.Encoded()
	content, err := os.ReadFile(filepath.Join(v.root, "blobs", d.Algorithm().String(), hex[:2], hex, "data"))
	if err != nil {
		return nil, err
	}
	if actual := d.Algorithm().FromBytes(content); actual != d {
		return nil, fmt.Errorf("blob %s holds the bytes of %s", d, actual)
	}
	v.seen[d] = true
	v.bytes += int64(len(content))
	return content, nil
}
