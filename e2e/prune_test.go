package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/retention"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// A policy on an object store: it takes ages from where the store has them, and
// what it keeps is whole after a collection.
func TestS3Prune(t *testing.T) {
	t.Parallel()
	checkPrune(t, newS3Store(t))
}

func TestOSSPrune(t *testing.T) {
	t.Parallel()
	checkPrune(t, newOSSStore(t))
}

func checkPrune(t *testing.T, s *store) {
	tree := fixture.New(longAgo())
	for i, tag := range []string{"v3", "v2", "v1"} {
		tree.Now = longAgo().Add(-time.Duration(i) * 24 * time.Hour)
		image := tree.Image("team/app", tag)
		tree.Tag("team/app", tag, image.Digest)
		tree.Tag("team/app", "sha256-"+image.Digest.Encoded()+".sig", tree.Image("team/app", "signature of "+tag).Digest)
		tree.Referrer("team/app", "of "+tag, image)
	}
	tree.Image("team/app", "untagged")
	gone := fixture.Describe(v1.MediaTypeImageManifest, []byte("gone"))
	tree.Tag("team/app", "sha256-"+gone.Digest.Encoded(), tree.Index("team/app", tree.Referrer("team/app", "of gone", gone)).Digest)
	tree.Tag("other", "v1", tree.Image("other", "v1").Digest)
	s.lay(t, tree.Files)

	policy, err := retention.Parse("policy.yaml", []byte(`
rules:
- name: team
  repositories: ["team/**"]
  keep: [{newest: 2}]
  untagged: {older-than: 1d}
  dangling-referrers: true
`))
	if err != nil {
		t.Fatal(err)
	}
	d := s.open()
	read := func() *catalog.Catalog {
		c, err := catalog.Read(t.Context(), d, catalog.Options{Match: policy.Matches})
		if err != nil || len(c.Repositories) != 1 {
			t.Fatalf("%+v, %v", c, err)
		}
		return c
	}
	c := read()
	decisions := policy.Decide(c.Repositories[0], retention.Options{})
	plan, err := release.New(c, retention.Targets(decisions), release.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Execute(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if _, err := blobsweep.Collect(t.Context(), d, blobsweep.Options{Offline: true}); err != nil {
		t.Fatal(err)
	}

	after := read().Repositories[0]
	var tags []string
	for _, tag := range after.Tags {
		if !strings.HasPrefix(tag.Name, "sha256-") {
			tags = append(tags, tag.Name)
		}
	}
	// Two images, with a signature of each kind.
	if !slices.Equal(tags, []string{"v2", "v3"}) || len(after.Tags) != 4 || len(after.Revisions) != 6 {
		t.Errorf("left are %v of %d tags, and %d revisions", tags, len(after.Tags), len(after.Revisions))
	}
	whole(t, s, after)
	for _, decision := range policy.Decide(after, retention.Options{}) {
		if !decision.Keep {
			t.Errorf("a rerun finds %+v", decision)
		}
	}
}

// whole: everything that the revisions need is there.
func whole(t *testing.T, s *store, r *catalog.Repository) {
	t.Helper()
	there := map[string]bool{}
	for key := range s.objects() {
		there[key] = true
	}
	for _, revision := range r.Revisions {
		closure := r.Closure(revision.Digest)
		for _, d := range slices.Concat(closure.Manifests, closure.Blobs) {
			hex := d.Encoded()
			if !there[root+"docker/registry/v2/blobs/sha256/"+hex[:2]+"/"+hex+"/data"] {
				t.Errorf("%s needs %s, which is gone", revision.Digest, d)
			}
		}
	}
}
