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
	for _, u := range r.Uploads {
		it := item{Candidate: Candidate{Kind: Upload, Repository: r.Name, Upload: u.ID}}
		old := true
		started, newest := time.Time{}, time.Time{}
		for _, o := range u.Objects {
			path, ok := layout.Parse(o.Key)
			if !ok || o.Irregular {
				p.onStranger(inventory.Stranger{Key: o.Key, Repository: r.Name, Irregular: o.Irregular})
				s.stays = true
				continue
			}
			old = old && p.old(o)
			if o.ModTime.After(newest) {
				newest = o.ModTime
			}
			it.paths = append(it.paths, path)
			switch path.Kind {
			case layout.UploadData:
				it.Bytes = max(o.Size, 0)
			case layout.UploadStartedAt:
				var err error
				if started, err = p.startedAt(ctx, o.Key); err != nil {
					return err
				}
			}
		}
		if len(it.paths) == 0 {
			s.gone = append(s.gone, layout.Path{Kind: layout.UploadData, Repository: r.Name, Upload: u.ID})
			continue
		}
		s.totalUploads++
		if started.IsZero() {
			started = newest
		}
		if !old || !started.Before(p.opts.Now.Add(-p.opts.UploadsOlderThan)) {
			s.recentUploads = append(s.recentUploads, u.ID)
			s.stays = true
			continue
		}
		it.Reason = "abandoned since " + started.UTC().Format(time.DateOnly)
		s.uploads = append(s.uploads, it)
	}
	return nil
}

// startedAt reads when an upload began; zero when no file tells.
func (p *planner) startedAt(ctx context.Context, key string) (time.Time, error) {
	content, err := inventory.Confirm(func() ([]byte, error) { return p.reader.Get(ctx, key, startedAtLimit) })
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrTooLarge) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(string(content)))
	if err != nil {
		return time.Time{}, nil // law 12: then the files' times count
	}
	return t, nil
}
