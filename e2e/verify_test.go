package e2e

import (
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/verify"
	"github.com/opencontainers/go-digest"
)

// TestS3Check checks a damaged registry on a real S3 server, with every blob read,
// and mends it.
func TestS3Check(t *testing.T) {
	t.Parallel()
	tree := fixture.NewWild(time.Now()).Tree
	image := tree.Image("app", "broken", "base", "flipped", "lost").Digest
	tree.Tag("app", "broken", image)
	link := fixture.Key(layout.Path{Kind: layout.RevisionLink, Repository: "app", Digest: image})
	tree.Put(link, nil)
	flipped, lost := digest.FromString("layer flipped"), digest.FromString("layer lost")
	tree.Put(layout.BlobKey(flipped), []byte("Layer flipped"))
	delete(tree.Files, layout.BlobKey(lost))

	b := newBucket(t)
	for key, file := range tree.Files {
		if err := b.put(root+"/"+key, file.Content, file.ModTime); err != nil {
			t.Fatal(err)
		}
	}
	d := b.open(t, "/"+root)
	opts := verify.Options{Blobs: true, Offline: true}
	c, err := verify.New(t.Context(), d, opts)
	if err != nil {
		t.Fatal(err)
	}
	broken := map[string]mark.FindingKind{link: mark.BrokenLink, layout.BlobKey(flipped): mark.CorruptBlob, layout.BlobKey(lost): mark.MissingBlob}
	for _, f := range c.Report().Findings {
		if f.Kind == broken[f.Key] && len(f.Breaks) == 1 && f.Breaks[0] == "app:broken" {
			delete(broken, f.Key)
		}
	}
	if len(broken) > 0 {
		t.Errorf("not found, or not with what it breaks: %v", broken)
	}
	if err := c.Repair(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	content, err := d.Get(t.Context(), link, 1024)
	if err != nil || string(content) != string(image) {
		t.Errorf("the link holds %q, %v", content, err)
	}
	r := c.Report()
	again, err := verify.New(t.Context(), d, opts)
	if err != nil {
		t.Fatal(err)
	}
	if left := again.Report(); left.Faults != r.Faults || len(left.Repairs) > 0 || left.Blobs.Hashed != left.Blobs.Total {
		t.Errorf("%d faults, %d after the repair; left to mend: %v; %+v", left.Faults, r.Faults, left.Repairs, left.Blobs)
	}
}
