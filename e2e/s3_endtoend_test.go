package e2e

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
)

// TestS3EndToEnd is TestEndToEnd for a registry on S3, with another one beside
// it in the bucket, whose prefix begins with that of the first.
func TestS3EndToEnd(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, deleteUntagged bool) {
		t.Parallel()
		b := newBucket(t)
		s := b.store(t)
		for key, file := range fixture.NewWild(time.Now()).Files {
			if err := b.put("reg-2/"+key, file.Content, file.ModTime); err != nil {
				t.Fatal(err)
			}
		}
		b.fill(t, "docker/registry/v2/blobs/sha256/at the top", "re", "reg0")
		s.begin("reg-2/" + layout.Repository("uploading") + "_uploads/0cf11e44-0000-4000-8000-000000000001/data")
		outside, uploads := s.outside(), s.uploads()

		config := writeConfig(t, "s3", b.parameters("/"+root))
		h := home{config, filepath.Join(b.dir, root), b.upstream(t, "/"+root), collectConfig(config)}
		report := endToEnd(t, h, deleteUntagged)
		if report.MultipartUploads.Removed != 1 {
			t.Errorf("the report says: %+v", report.MultipartUploads)
		}
		if diff := cmp.Diff(outside, s.outside()); diff != "" {
			t.Errorf("outside of the registry (-before +after):\n%s", diff)
		}
		if left := s.uploads(); len(uploads) != 1 || !slices.Equal(left, uploads) {
			t.Errorf("the multipart uploads are %q, and were %q", left, uploads)
		}
	})
}

func TestS3Requests(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, deleteUntagged bool) { checkRequests(t, newBucket(t).store(t), deleteUntagged) })
}
