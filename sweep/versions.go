package sweep

import (
	"context"
	"errors"
	"io/fs"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// versioning asks whether deletes leave noncurrent versions: then they free
// nothing, and nothing counts as reclaimed (law 10). That it cannot be known is
// no reason not to collect.
func (p *planner) versioning(ctx context.Context) error {
	keeper, ok := p.reader.(storage.VersionKeeper)
	if !ok {
		return nil
	}
	versioned, err := keeper.KeepsVersions(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errors.ErrUnsupported):
	case err != nil:
		detail := "whether the bucket keeps versions of what is deleted is not known"
		if errors.Is(err, fs.ErrPermission) {
			detail += ", for want of a permission (on S3 s3:GetBucketVersioning, on OSS oss:GetBucketVersioning)"
		}
		detail += ", so the bytes that count as reclaimed are so only if it keeps none: "
		p.found(mark.Finding{Kind: mark.VersioningUnknown, Key: layout.Root, Detail: detail + err.Error()})
	case versioned:
		p.versioned = true
		p.found(mark.Finding{
			Kind: mark.VersionedBucket, Key: layout.Root,
			Detail: "deletes leave noncurrent versions here, so nothing is reclaimed until a lifecycle rule " +
				"(NoncurrentVersionExpiration, and ExpiredObjectDeleteMarker) removes those",
		})
	}
	return nil
}
