package usage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// PhaseDetail is what progress tells while the catalog is read.
const PhaseDetail sweep.Phase = "weighing images"

// detail reads the catalog and weighs it.
func detail(ctx context.Context, r storage.Reader, opts blobsweep.Options, untagged *blobsweep.Run) (*Detail, error) {
	from := catalog.Options{MaxManifestSize: opts.MaxManifestSize, Workers: opts.Workers, Logger: opts.Logger}
	if tell := opts.Progress; tell != nil {
		from.Progress = func(manifests int64) { tell(blobsweep.Progress{Phase: PhaseDetail, Done: manifests}) }
	}
	c, err := catalog.Read(ctx, r, from)
	if err != nil {
		return nil, err
	}
	going := removed(untagged)
	weights := c.Weigh()
	d := &Detail{
		ByRepository: make([]Repository, len(c.Repositories)),
		Largest:      make([]Image, 0, len(weights.Images)),
		Size:         weights.Size,
		Shared:       weights.Shared,
	}
	for i, r := range c.Repositories {
		w := weights.Repositories[i]
		d.ByRepository[i] = Repository{
			Name: r.Name, Tags: int64(len(r.Tags)), Images: int64(w.Images),
			Bytes: w.Size, Shared: w.Shared, Unique: w.Unique,
		}
		pushed := pushedTimes(r)
		for _, image := range weights.ImagesOf(r.Name) {
			d.Largest = append(d.Largest, Image{
				Repository: r.Name, Digest: image.Digest, Tags: append([]string{}, image.Tags...),
				Bytes: image.Size, Unique: image.Unique,
				Pushed: pushed[image.Digest].UTC(), Untagged: going[r.Name][image.Digest],
			})
		}
	}
	d.attribute(c, going, untagged)
	d.Sort(BySize, false)
	slices.SortFunc(d.Largest, func(a, b Image) int {
		return cmp.Or(cmp.Compare(b.Unique, a.Unique), cmp.Compare(b.Bytes, a.Bytes),
			cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Digest, b.Digest))
	})
	return d, nil
}

// pushedTimes tells when each manifest was pushed: the newest of its tags, or
// where there is none, itself.
func pushedTimes(r *catalog.Repository) map[digest.Digest]time.Time {
	times := map[digest.Digest]time.Time{}
	for _, tag := range r.Tags {
		if tag.Pushed.After(times[tag.Digest]) {
			times[tag.Digest] = tag.Pushed
		}
	}
	for _, revision := range r.Revisions {
		if times[revision.Digest].IsZero() {
			times[revision.Digest] = revision.Pushed
		}
	}
	return times
}

// removed are the manifests that a plan removes, by repository.
func removed(run *blobsweep.Run) map[string]map[digest.Digest]bool {
	all := map[string]map[digest.Digest]bool{}
	for c := range run.Candidates() {
		if c.Kind != sweep.Manifest {
			continue
		}
		if all[c.Repository] == nil {
			all[c.Repository] = map[digest.Digest]bool{}
		}
		all[c.Repository][c.Digest] = true
	}
	return all
}

// attribute shares out the blobs that a plan removes among the repositories
// whose manifests it removes: each to the only one that needs it.
func (d *Detail) attribute(c *catalog.Catalog, going map[string]map[digest.Digest]bool, untagged *blobsweep.Run) {
	const several = -1
	owners := map[digest.Digest]int{} // by index; a map has 0 for none, so from 1
	for i, r := range c.Repositories {
		var roots []digest.Digest
		for revision := range going[r.Name] {
			roots = append(roots, revision)
		}
		needs := r.Closure(roots...)
		for _, needed := range slices.Concat(needs.Manifests, needs.Blobs) {
			switch owners[needed] {
			case 0, i + 1:
				owners[needed] = i + 1
			default:
				owners[needed] = several
			}
		}
	}
	for candidate := range untagged.Candidates() {
		if candidate.Kind != sweep.Blob {
			continue
		}
		switch owner := owners[candidate.Digest]; owner {
		case 0:
			d.Unneeded += candidate.Bytes
		case several:
			d.UntaggedShared += candidate.Bytes
		default:
			d.ByRepository[owner-1].Reclaimable += candidate.Bytes
		}
	}
}
