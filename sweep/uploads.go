package sweep

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// startedAtLimit is more than any startedat file holds.
const startedAtLimit = 1024

// abandonedUploads plans the uploads that are old enough (law 12).
func (p *planner) abandonedUploads(ctx context.Context, r *inventory.Repository, _ *mark.Kept, s *share) error {
	uploads := make([]upload, len(r.Uploads))
	err := p.pool.ForEach(ctx, len(uploads), func(ctx context.Context, i int) (err error) {
		uploads[i], err = p.upload(ctx, r, r.Uploads[i])
		return err
	})
	if err != nil {
		return err
	}
	for _, u := range uploads {
		s.stays = s.stays || u.foreign
		if len(u.files) == 0 {
			s.gone = append(s.gone, layout.Path{Kind: layout.UploadData, Repository: r.Name, Upload: u.name})
			continue
		}
		s.totalUploads++
		s.uploadBytes += u.bytes
		if p.tidy || !u.old || !u.started.Before(p.opts.Now.Add(-p.opts.UploadsOlderThan)) {
			s.recentUploads = append(s.recentUploads, u.name)
			s.stays = true
			continue
		}
		u.reason = "abandoned since " + u.started.UTC().Format(time.DateOnly)
		s.uploads = append(s.uploads, u.item)
	}
	return nil
}

// upload is an upload with what its age is told by.
type upload struct {
	item
	started time.Time
	old     bool // all of its files
	foreign bool // something that no registry writes lies in it
}

func (p *planner) upload(ctx context.Context, r *inventory.Repository, listed inventory.Upload) (upload, error) {
	u := upload{item: item{kind: layout.UploadData, repository: r.Name, name: listed.ID, parts: &parts{}}, old: true}
	var startedAt storage.Object
	newest := time.Time{}
	for _, o := range listed.Objects {
		path, ok := layout.Parse(o.Key)
		if !ok || o.Irregular {
			p.onStranger(inventory.Stranger{Key: o.Key, Repository: r.Name, Irregular: o.Irregular})
			u.foreign = true
			continue
		}
		u.old = u.old && p.old(o)
		if o.ModTime.After(newest) {
			newest = o.ModTime
		}
		u.files = append(u.files, path)
		switch path.Kind {
		case layout.UploadData:
			u.bytes = max(o.Size, 0)
		case layout.UploadStartedAt:
			startedAt = o
		}
	}
	if startedAt.Key != "" && u.old { // else it stays anyway
		var err error
		if u.started, u.old, err = p.startedAt(ctx, startedAt); err != nil {
			return u, err
		}
	}
	if u.started.IsZero() {
		u.started = newest
	}
	return u, nil
}

// startedAt reads when an upload began; zero when no file tells. It is not known
// to be so when the file has another size than the listing shows.
func (p *planner) startedAt(ctx context.Context, o storage.Object) (at time.Time, known bool, err error) {
	content, err := inventory.Confirm(func() ([]byte, error) { return p.reader.Get(ctx, o.Key, startedAtLimit) })
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrTooLarge) {
		return time.Time{}, true, nil
	}
	if err != nil {
		return time.Time{}, false, err
	}
	at, err = time.Parse(time.RFC3339, strings.TrimSpace(string(content)))
	if err != nil {
		at = time.Time{} // law 12: then the files' times count
	}
	return at, o.Size < 0 || o.Size == int64(len(content)), nil
}
