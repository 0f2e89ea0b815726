package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// images reads the configurations of all manifests that have one, in those
// repositories of which they are wanted.
func (rd *reading) images(ctx context.Context) error {
	var with []*Manifest
	seen := map[*Manifest]bool{} // several repositories can have one
	for _, r := range rd.catalog.Repositories {
		if rd.opts.ImagesOf != nil && !rd.opts.ImagesOf(r.Name) {
			continue
		}
		for _, m := range r.Manifests {
			if m.Config != nil && isImageConfig(m.Config.MediaType) && !seen[m] {
				seen[m] = true
				with = append(with, m)
			}
		}
	}
	return rd.pool.ForEach(ctx, len(with), func(ctx context.Context, i int) (err error) {
		with[i].Image, err = rd.image(ctx, with[i].Config)
		return err
	})
}

// isImageConfig tells the configurations of images from those of charts and
// other artifacts.
func isImageConfig(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/vnd.oci.image.config.v1") ||
		strings.HasPrefix(mediaType, "application/vnd.docker.container.image.v1")
}

// image reads a configuration. There is nothing to say of one that is absent,
// too large, or that is not what its digest names.
func (rd *reading) image(ctx context.Context, config *Descriptor) (*Image, error) {
	key := layout.BlobKey(config.Digest)
	if key == "" {
		return nil, nil
	}
	content, err := inventory.Confirm(func() ([]byte, error) { return rd.Get(ctx, key, rd.opts.MaxManifestSize) })
	switch {
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrTooLarge), errors.Is(err, storage.ErrIrregular):
		return nil, nil
	case err != nil:
		return nil, err
	case config.Digest.Algorithm().FromBytes(content) != config.Digest:
		return nil, nil
	}
	var says struct {
		Created      *time.Time `json:"created"`
		OS           string     `json:"os"`
		Architecture string     `json:"architecture"`
		Variant      string     `json:"variant"`
		OSVersion    string     `json:"os.version"`
		Config       struct {
			Labels map[string]string `json:"Labels"`
		} `json:"config"`
	}
	if json.Unmarshal(content, &says) != nil {
		return nil, nil
	}
	image := &Image{
		Platform: Platform{says.OS, says.Architecture, says.Variant, says.OSVersion},
		Labels:   says.Config.Labels,
	}
	if says.Created != nil {
		image.Created = *says.Created
	}
	return image, nil
}
