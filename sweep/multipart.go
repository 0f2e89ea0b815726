package sweep

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// uploadName names an upload of a registry.
type uploadName struct{ repository, id string }

// multipart is a multipart upload that goes.
type multipart struct {
	Candidate
	path      layout.Path
	id        string
	initiated time.Time
}

// upload formats what to abort. There is nothing to abort under a key that has
// no grammar, and none without an ID: that request would mean the object.
func (m *multipart) upload() (storage.MultipartUpload, error) {
	key, err := m.path.Key()
	if err == nil && m.id == "" {
		err = errors.New("a multipart upload without an ID")
	}
	return storage.MultipartUpload{Key: key, ID: m.id, Initiated: m.initiated}, err
}

// multipartUploads plans the incomplete multipart uploads that are old enough
// (law 12). It comes after the repositories, whose uploads tell what a client
// may still be at.
func (p *planner) multipartUploads(ctx context.Context) error {
	lister, ok := p.reader.(storage.MultipartLister)
	if !ok || p.tree != nil {
		return nil
	}
	all, err := listMultiparts(ctx, lister)
	if err != nil {
		return err
	}
	var old []multipart
	var c TotalCounts
	stranger := ""
	for _, u := range all {
		path, ok := layout.Parse(u.Key)
		switch {
		case !ok || path.Kind != layout.UploadData && path.Kind != layout.BlobData:
			if u.Key != stranger { // a key can have several
				p.stranger(inventory.Stranger{Key: u.Key},
					"an incomplete multipart upload of a key that no registry uploads to; it is never aborted")
			}
			stranger = u.Key
			continue
		case p.abandoned(u, path):
			old = append(old, multipart{
				Candidate: Candidate{
					Kind: MultipartUpload, Repository: path.Repository, Upload: path.Upload, Digest: path.Digest, Key: u.Key,
					Reason: "never completed, begun " + u.Initiated.UTC().Format(time.DateOnly),
				},
				path: path, id: u.ID, initiated: u.Initiated,
			})
		default:
			c.Recent++
			p.markers.keep(u.Key)
		}
	}
	recent := make([]bool, len(old)) // parts still arrive
	err = p.pool.ForEach(ctx, len(old), func(ctx context.Context, i int) error {
		u, err := old[i].upload()
		if err != nil {
			return err
		}
		parts, err := inventory.Confirm(func() (storage.MultipartParts, error) { return lister.MultipartParts(ctx, u) })
		switch {
		case errors.Is(err, storage.ErrNotFound):
			old[i].id = "" // it is gone
		case err != nil:
			return err
		case parts.Count > 0 && !p.old(storage.Object{ModTime: parts.Newest}):
			recent[i] = true
		}
		old[i].Bytes = parts.Bytes
		return nil
	})
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // the backend has none
	}
	if err != nil {
		return err
	}
	for i, m := range old {
		switch {
		case recent[i]:
			c.Recent++
			p.markers.keep(m.Key)
		case m.id != "":
			p.multiparts = append(p.multiparts, m)
		}
	}
	c.Total = c.Recent + int64(len(p.multiparts))
	p.counts.MultipartUploads = c
	return nil
}

// abandoned reports whether a multipart upload goes unless parts of it still
// arrive. One of which the time or the ID is not known is recent, and so is that
// of an upload which stays for its age.
func (p *planner) abandoned(u storage.MultipartUpload, path layout.Path) bool {
	return !p.tidy && u.ID != "" && p.longAgo(u.Initiated) && !p.recentUploads[uploadName{path.Repository, path.Upload}]
}

// longAgo reports whether a time is past both the grace period and the age of
// uploads that go. One that is not known is not.
func (p *planner) longAgo(t time.Time) bool {
	return !t.IsZero() && t.Before(p.opts.Now.Add(-p.opts.Grace)) && t.Before(p.opts.Now.Add(-p.opts.UploadsOlderThan))
}

// listMultiparts lists them by key and ID, each once. Where the backend has
// none after all, there are none.
func listMultiparts(ctx context.Context, lister storage.MultipartLister) ([]storage.MultipartUpload, error) {
	var all []storage.MultipartUpload
	for u, err := range lister.ListMultipartUploads(ctx, layout.Root) {
		if errors.Is(err, errors.ErrUnsupported) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b storage.MultipartUpload) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(all, func(a, b storage.MultipartUpload) bool { return a.Key == b.Key && a.ID == b.ID }), nil
}

var errNoAborter = errors.New("the driver cannot abort multipart uploads, though the one that was planned on lists them")

// abort aborts the multipart uploads of the plan.
func (x *execution) abort(ctx context.Context) error {
	if len(x.multiparts) == 0 {
		return nil
	}
	x.meter.enter(PhaseMultipart, int64(len(x.multiparts)))
	aborter, able := x.driver.(storage.MultipartAborter)
	return x.pool.ForEach(ctx, len(x.multiparts), func(ctx context.Context, i int) error {
		u, err := x.multiparts[i].upload()
		if err != nil {
			return err
		}
		err = errors.ErrUnsupported
		if able {
			err = aborter.AbortMultipartUpload(ctx, u)
		}
		if errors.Is(err, errors.ErrUnsupported) {
			err = errNoAborter
		}
		switch {
		case err == nil:
			x.mu.Lock()
			defer x.mu.Unlock()
			x.counts.MultipartUploads.Removed++
			x.meter.done.Add(1)
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			x.fail(u.Key, err)
		}
		return nil
	})
}
