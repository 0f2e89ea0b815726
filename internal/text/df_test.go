package text

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/blobsweep/blobsweep/usage"
	"github.com/google/go-cmp/cmp"
)

func sampleUsage() *usage.Usage {
	bytes := int64(5 << 30)
	pending := int64(0)
	u := &usage.Usage{
		Registry: "/srv/registry", Grace: "1h0m0s", Repositories: 2, Tags: 1234,
		Types: []usage.Type{
			{Name: usage.Manifests, Total: 3040, Active: 2000, GCUntagged: usage.Share{Count: 1040}},
			{Name: usage.Blobs, Total: 13641, Active: 12000, Bytes: &bytes,
				GC: usage.Share{Count: 14, Bytes: 1 << 20}, GCUntagged: usage.Share{Count: 1641, Bytes: 1 << 30}},
			{Name: usage.Uploads, Bytes: &pending},
			{Name: usage.MultipartUploads, Total: 2, Active: 1, GC: usage.Share{Count: 1, Bytes: 2048}, GCUntagged: usage.Share{Count: 1, Bytes: 2048}},
		},
		Detail: &usage.Detail{
			ByRepository: []usage.Repository{
				{Name: "shop/web", Tags: 1200, Images: 2000, Bytes: 4 << 30, Shared: 1 << 30, Unique: 3 << 30, Reclaimable: 1 << 29},
				{Name: "shop/api", Tags: 34, Images: 40, Bytes: 1 << 20, Shared: 1 << 20},
			},
			Largest: []usage.Image{
				{Repository: "shop/web", Digest: "sha256:aa", Tags: []string{"1.0", "1.1", "1.2", "1.3", "latest"}, Bytes: 2 << 30, Unique: 1 << 30,
					Pushed: time.Date(2026, 10, 22, 0, 0, 0, 0, time.UTC)},
				{Repository: "shop/web", Digest: "sha256:bb", Bytes: 1 << 20, Unique: 1 << 10, Untagged: true},
				{Repository: "shop/api", Digest: "sha256:cc", Bytes: 1 << 20},
			},
			UntaggedShared: 1 << 19, Unneeded: 1 << 20,
		},
		Findings: []mark.Finding{{Kind: mark.DanglingTag}, {Kind: mark.Stranger}},
	}
	u.GC.Bytes = sweep.ByteCounts{Total: bytes, Reclaimable: 1 << 20}
	u.GCUntagged.Bytes = sweep.ByteCounts{Total: bytes, Reclaimable: 1 << 30}
	u.GCUntagged.Blobs.Recent = 3
	u.GCUntagged.BlockedBy = []sweep.Blocker{sweep.BlockedUnreadableManifest}
	return u
}

func renderUsage(t *testing.T, u *usage.Usage, top int) string {
	t.Helper()
	var b strings.Builder
	if err := Usage(&b, u, top); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUsage(t *testing.T) {
	want := `/srv/registry: 2 repositories, 1,234 tags, grace period 1h

TYPE                TOTAL  ACTIVE     SIZE  RECLAIMABLE (gc)  RECLAIMABLE (gc -m)
manifests           3,040   2,000        -            0 (0%)          1,040 (34%)
blobs              13,641  12,000  5.0 GiB     1.0 MiB (<1%)        1.0 GiB (20%)
uploads                 0       0      0 B               0 B                  0 B
multipart uploads       2       1        -        1, 2.0 KiB           1, 2.0 KiB

 TAGS  IMAGES     SIZE   SHARED   UNIQUE  RECLAIMABLE (gc -m)  REPOSITORY
1,200   2,000  4.0 GiB  1.0 GiB  3.0 GiB              512 MiB  shop/web
   34      40  1.0 MiB  1.0 MiB      0 B                  0 B  shop/api

WOULD FREE     SIZE      PUSHED  IMAGE
   1.0 GiB  2.0 GiB  2026-10-22  shop/web:1.0, 1.1, 1.2 and 2 more
   1.0 KiB  1.0 MiB           -  shop/web@sha256:bb  untagged
and 1 smaller image; --top 0 shows all

gc would free 1.0 MiB (<1%) of 5.0 GiB, gc -m 1.0 GiB (20%).
Of what gc -m would free, 1.0 MiB are needed by no image, and so belong to no repository. Untagged
  images of several repositories need 512 KiB.
3 blobs: not needed, but too young to go. --grace sets another age.
gc -m would be blocked by unreadable-manifest, and delete nothing. What a manifest references cannot
  be known, so what it needs cannot be told from what nothing needs. The findings name it: restore
  it, delete it through the registry's API, or, where it is only large, read it with a larger
  --max-manifest-size.
2 findings: blobsweep plan -m tells what to do about them.
`
	if diff := cmp.Diff(want, renderUsage(t, sampleUsage(), 2)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	u := sampleUsage()
	if got := renderUsage(t, u, 0); !strings.Contains(got, "shop/api@sha256:cc\n") || strings.Contains(got, "smaller") {
		t.Errorf("all images: %s", got)
	}
	u.Detail, u.Grace, u.GC.BlockedBy = nil, "0s", u.GCUntagged.BlockedBy
	u.Findings = append(u.Findings, mark.Finding{Kind: mark.VersionedBucket})
	got := renderUsage(t, u, 0)
	for _, part := range []string{", offline\n", "gc and gc -m would be blocked by", "gc would delete 1.0 MiB", "noncurrent versions"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in\n%s", part, got)
		}
	}
	if strings.Contains(got, "REPOSITORY") || strings.Contains(got, "WOULD FREE") {
		t.Errorf("repositories that were not read: %s", got)
	}
}

func TestUsageWidth(t *testing.T) {
	u := sampleUsage()
	huge := int64(1 << 60)
	for i := range u.Types {
		of := &u.Types[i]
		of.Total, of.Active, of.Bytes = 99_999_999, 99_999_999, &huge
		of.GC, of.GCUntagged = usage.Share{Count: 99_999_999, Bytes: huge / 3}, usage.Share{Count: 99_999_999, Bytes: huge / 3}
	}
	u.ByRepository[0].Tags, u.ByRepository[0].Images = 9_999_999, 9_999_999
	for line := range strings.Lines(renderUsage(t, u, 0)) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > Width {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestUsageCannotDriveTheTerminal(t *testing.T) {
	const hostile = "a\x1b[31m\u202e\nb"
	u := sampleUsage()
	u.Registry, u.ByRepository[0].Name = hostile, hostile
	u.Largest[0].Repository, u.Largest[0].Tags[0] = hostile, hostile
	u.Largest[1].Digest = hostile
	got := renderUsage(t, u, 0)
	if strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "\n\n\n") {
		t.Errorf("printed as it is: %q", got)
	}
}

func TestPart(t *testing.T) {
	for _, test := range []struct {
		part, whole int64
		want        string
	}{
		{0, 0, ""}, {5, 0, ""}, {0, 5, "0%"}, {5, 5, "100%"}, {1, 1000, "<1%"}, {999_999, 1_000_000, "99%"}, {1, 3, "33%"}, {2, 3, "67%"},
		{1 << 61, 1 << 62, "50%"},
	} {
		if got := Part(test.part, test.whole); got != test.want {
			t.Errorf("%d of %d: %q, want %q", test.part, test.whole, got, test.want)
		}
	}
}
