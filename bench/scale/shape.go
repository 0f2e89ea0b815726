package scale

import (
	"errors"
	"fmt"
)

// shape says what a registry is made of. Everything in it is a function of
// these numbers.
type shape struct {
	repositories int64
	images       int64 // in each repository
	layers       int64 // of each image, the config among them
	orphans      int64
}

// The shape of a registry by its number of blobs: images of a manifest, a config
// and 48 layers, 100 in each repository, and what is left over, at least 1 of 100
// blobs, is orphans.
const (
	imagesEach = 100
	layersEach = 49
	orphansOf  = 100
	// Smallest is the least number of blobs that make a registry of that shape.
	Smallest = 10_000
	// Largest is bound by the numbering of images.
	Largest = 10_000_000_000
)

var errSize = errors.New("no registry of that size can be made up")

func shapeOf(blobs int64) (shape, error) {
	if blobs < Smallest || blobs > Largest {
		return shape{}, fmt.Errorf("%d blobs: %w: from %d to %d", blobs, errSize, int64(Smallest), int64(Largest))
	}
	s := shape{images: imagesEach, layers: layersEach}
	repository := s.images * (s.layers + 1)
	s.repositories = (blobs - blobs/orphansOf) / repository
	s.orphans = blobs - s.repositories*repository
	return s, nil
}

// manifests is how many there are, one for each image.
func (s shape) manifests() int64 { return s.repositories * s.images }

// links is how many layer links a repository has.
func (s shape) links() int64 { return s.images * s.layers }

// used is how many layers there are that an image needs.
func (s shape) used() int64 { return s.repositories * s.links() }

func (s shape) blobs() int64 { return s.manifests() + s.used() + s.orphans }

// layer tells the number, in the order of digests, of the layer that a
// repository links as its nth. The layers of one repository are spread evenly
// over all, and keep their order: the nth of all repositories are next to each
// other, each time in another order.
func (s shape) layer(repository, nth int64) int64 {
	return nth*s.repositories + turn(repository, nth, s.repositories)
}

// linked is the reverse of layer.
func (s shape) linked(layer int64) (repository, nth int64) {
	nth = layer / s.repositories
	return turnBack(layer%s.repositories, nth, s.repositories), nth
}

// link tells which of the links of its repository an image needs as its nth
// layer.
func (s shape) link(image, nth int64) int64 {
	return nth*s.images + turn(image%s.images, nth+image/s.images, s.images)
}

// turn moves all of n numbers by the same, which differs from round to round.
func turn(number, round, n int64) int64 {
	return (number + int64(mix(uint64(round))%uint64(n))) % n
}

func turnBack(number, round, n int64) int64 {
	return (number + n - int64(mix(uint64(round))%uint64(n))) % n
}
