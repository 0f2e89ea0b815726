package catalog

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Weights are what the images and repositories of a catalog weigh, in bytes.
//
// They hold for the repositories that the catalog has. What another repository
// of the registry needs as well is not known: read all of them for the truth
// about the registry.
//
// A digest counts once, however often it is needed. It weighs what descriptors
// declare (the most, where they contradict each other), and a manifest what it
// has; nothing, if it may lie elsewhere (foreign layers), was seen to be absent,
// or is declared nowhere (schema 1). A digest that stands for another (law
// 14) weighs what that one does. What no manifest needs is not counted at all.
type Weights struct {
	// Images are sorted by repository, then by digest.
	Images []ImageWeight
	// Repositories are those of the catalog, in its order.
	Repositories []RepositoryWeight
	// Size is that of all images together.
	Size int64
	// Shared is the part of it that more than one repository needs.
	Shared int64
	// Blobs is the number of digests, manifests included.
	Blobs int
}

// ImageWeight is what an image weighs: a manifest at the top of a repository.
// That is one that a tag names, or else a revision that no other manifest of
// the repository references and that refers to none there.
//
// To an image belongs what it needs, through all manifests, and the untagged
// referrers of those with what they need.
type ImageWeight struct {
	Repository string
	Digest     digest.Digest
	// Tags are sorted; there may be none.
	Tags []string
	// Size is what the image needs.
	Size int64
	// Unique is the part of it that no other image of any repository needs: what
	// is freed when the image goes.
	Unique int64
	// Blobs is the number of digests in Size, manifests included.
	Blobs int
}

// RepositoryWeight is what a repository weighs.
type RepositoryWeight struct {
	Name string
	// Size is what its images need together, Unique the part of it that no other
	// repository needs, Shared the rest.
	Size, Unique, Shared int64
	// Images and Blobs are numbers of them; manifests are blobs too.
	Images, Blobs int
}

// Image finds an image.
func (w *Weights) Image(repository string, d digest.Digest) (ImageWeight, bool) {
	i, ok := slices.BinarySearchFunc(w.Images, ImageWeight{Repository: repository, Digest: d}, compareImages)
	if !ok {
		return ImageWeight{}, false
	}
	return w.Images[i], true
}

// ImagesOf returns the images of a repository, a part of Images.
func (w *Weights) ImagesOf(repository string) []ImageWeight {
	byName := func(i ImageWeight, name string) int { return strings.Compare(i.Repository, name) }
	from, _ := slices.BinarySearchFunc(w.Images, repository, byName)
	to, _ := slices.BinarySearchFunc(w.Images[from:], repository+"\x00", byName)
	return w.Images[from : from+to : from+to]
}

// Repository finds a repository.
func (w *Weights) Repository(name string) (RepositoryWeight, bool) {
	i, ok := slices.BinarySearchFunc(w.Repositories, name, func(r RepositoryWeight, name string) int {
		return strings.Compare(r.Name, name)
	})
	if !ok {
		return RepositoryWeight{}, false
	}
	return w.Repositories[i], true
}

func compareImages(a, b ImageWeight) int {
	return cmp.Or(strings.Compare(a.Repository, b.Repository), strings.Compare(string(a.Digest), string(b.Digest)))
}

// Weigh weighs everything in the catalog. It takes time in proportion to the
// number of blobs of each image, summed up, and some 100 bytes of memory for
// each distinct blob.
func (c *Catalog) Weigh() *Weights {
	s := newScale(c)
	w := &Weights{Repositories: make([]RepositoryWeight, len(c.Repositories))}
	for i, r := range c.Repositories {
		w.Repositories[i].Name = r.Name
		s.weighRepository(w, r, int32(i+1))
	}
	for _, b := range s.blobs {
		if b.image == 0 {
			continue
		}
		w.Size = plus(w.Size, b.size)
		if b.stored {
			w.Blobs++
		}
		if !b.sharedByImages {
			image := &w.Images[b.image-1]
			image.Unique = plus(image.Unique, b.size)
		}
		if b.sharedByRepositories {
			w.Shared = plus(w.Shared, b.size)
		} else {
			r := &w.Repositories[b.repository-1]
			r.Unique = plus(r.Unique, b.size)
		}
	}
	for i := range w.Repositories {
		w.Repositories[i].Shared = w.Repositories[i].Size - w.Repositories[i].Unique
	}
	slices.SortFunc(w.Images, compareImages)
	return w
}

// plus adds sizes. They are what somebody declared, and may be as large as can
// be.
func plus(a, b int64) int64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return math.MaxInt64
}
