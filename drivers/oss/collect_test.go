package oss_test

import (
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/drivers/oss"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
)

// A collection of a tree with every shape found in the wild ends as it does in
// memory, and leaves what lies beside it alone.
func TestCollect(t *testing.T) {
	const abandoned = "docker/registry/v2/repositories/team/app/_uploads/0f1e2d3c-4b5a-4678-8f9e-0a1b2c3d4e5f/data"
	neighbours := []string{"reg", "reg-2/docker/registry/v2/blobs/sha256/00/x", "reg.d", "reg0"}
	for _, untagged := range []bool{false, true} {
		s, m := osstest.Start(t, osstest.Config{}), memory.New()
		old := time.Now().Add(-1000 * time.Hour)
		for _, key := range neighbours {
			if err := s.Put(t.Context(), key, nil, old); err != nil {
				t.Fatal(err)
			}
		}
		for key, file := range fixture.NewWild(time.Now()).Files {
			if err := s.Put(t.Context(), "reg/"+key, file.Content, file.ModTime); err != nil {
				t.Fatal(err)
			}
			if err := m.Put(t.Context(), key, file.Content, file.ModTime); err != nil {
				t.Fatal(err)
			}
		}
		s.PutUpload("reg/"+abandoned, old, make([]byte, 77))
		s.PutUpload("reg-2/"+abandoned, old, make([]byte, 77))
		d, err := oss.New(t.Context(), oss.Config{
			Bucket: osstest.Bucket, Root: "/reg", Region: "oss-" + osstest.Region, Endpoint: s.URL,
			AccessKeyID: osstest.AccessKeyID, AccessKeySecret: osstest.AccessKeySecret,
		})
		if err != nil {
			t.Fatal(err)
		}
		opts := blobsweep.Options{DeleteUntagged: untagged}
		want, err := blobsweep.Collect(t.Context(), m, opts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := blobsweep.Collect(t.Context(), d, opts)
		if err != nil {
			t.Fatal(err)
		}
		left := slices.Clone(neighbours)
		for _, key := range m.Keys() {
			left = append(left, "reg/"+key)
		}
		slices.Sort(left)
		if diff := cmp.Diff(left, s.Keys()); diff != "" {
			t.Errorf("untagged %v: %s", untagged, diff)
		}
		if diff := cmp.Diff(want.Blobs, got.Blobs); diff != "" || want.Blobs.Removed == 0 {
			t.Errorf("untagged %v: %s", untagged, diff)
		}
		if got.MultipartUploads.Removed != 1 || got.Bytes.Reclaimed < want.Bytes.Reclaimed ||
			!slices.Equal(s.Uploads(), []string{"reg-2/" + abandoned}) {
			t.Errorf("%+v, %+v, left %q", got.MultipartUploads, got.Bytes, s.Uploads())
		}
		if n := got.Requests; int(n.Total()) != s.Total() {
			t.Errorf("counted %+v, sent %v", n, s.Requests())
		}
	}
}
