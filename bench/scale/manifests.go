package scale

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// manifests are those of all images. Their bytes are made anew each time.
type manifests struct {
	shape
	used  lattice
	sums  []sum    // by image
	order []uint32 // the images in the order of their digests
}

// portion is how many images are hashed at a time.
const portion = 10_000

// newManifests makes and hashes each manifest, in so many goroutines.
func newManifests(ctx context.Context, s shape, used lattice, workers int) (*manifests, error) {
	m := &manifests{shape: s, used: used}
	m.sums = make([]sum, s.manifests())
	m.order = make([]uint32, s.manifests())
	g, working := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for first := int64(0); first < s.manifests(); first += portion {
		g.Go(func() error {
			var text []byte
			for image := first; image < min(first+portion, s.manifests()); image++ {
				text = m.appendText(text[:0], image)
				m.sums[image] = sha256.Sum256(text)
				m.order[image] = uint32(image)
			}
			return working.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(m.order, func(a, b uint32) int { return bytes.Compare(m.sums[a][:], m.sums[b][:]) })
	return m, ctx.Err()
}

// at returns the nth digest in their order.
func (m *manifests) at(i int64) sum { return m.sums[m.order[i]] }

// find tells the image whose manifest has a digest.
func (m *manifests) find(s sum) (image int64, ok bool) {
	at := sort.Search(len(m.order), func(i int) bool { return bytes.Compare(m.sums[m.order[i]][:], s[:]) >= 0 })
	if at == len(m.order) || m.sums[m.order[at]] != s {
		return 0, false
	}
	return int64(m.order[at]), true
}

// The text of a manifest, around the digest and the size of each layer.
const (
	textHead = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",` +
		`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:`
	textSize       = `","size":`
	textFirstLayer = `},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:`
	textLayer      = `},{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:`
	textTail       = `}]}`
)

// length is that of every manifest.
func (m *manifests) length() int64 {
	each := int64(2*sha256.Size + len(textSize) + len("10000"))
	return int64(len(textHead)) + each + int64(len(textFirstLayer)) + (m.layers-2)*int64(len(textLayer)) +
		(m.layers-1)*each + int64(len(textTail))
}

// appendText appends the manifest of an image.
func (m *manifests) appendText(to []byte, image int64) []byte {
	to = slices.Grow(to, int(m.length()))
	for nth := range m.layers {
		switch nth {
		case 0:
			to = append(to, textHead...)
		case 1:
			to = append(to, textFirstLayer...)
		default:
			to = append(to, textLayer...)
		}
		layer := m.used.at(m.layer(image/m.images, m.link(image, nth)))
		to = hex.AppendEncode(to, layer[:])
		to = append(to, textSize...)
		to = strconv.AppendInt(to, size(layer), 10)
	}
	return append(to, textTail...)
}
