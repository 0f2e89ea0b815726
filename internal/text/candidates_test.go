package text

import (
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

func TestCandidates(t *testing.T) {
	d := digest.FromString
	candidates := []sweep.Candidate{
		{Kind: sweep.TagIndexEntry, Repository: "a", Tag: "v1", Digest: d("1"), Reason: "its manifest goes"},
		{Kind: sweep.Manifest, Repository: "a", Digest: d("1"), Reason: "untagged"},
		{Kind: sweep.Manifest, Repository: "a", Digest: d("2"), Reason: "untagged"},
		{Kind: sweep.Manifest, Repository: "a", Digest: d("1"), Reason: "subject gone"},
		{Kind: sweep.LayerLink, Repository: "a", Digest: d("3"), Reason: "unneeded"},
		{Kind: sweep.LayerLink, Repository: "b", Digest: d("3"), Reason: "unneeded"},
		{Kind: sweep.Blob, Digest: d("3"), Bytes: 5 << 20, Reason: "unreferenced"},
		{Kind: sweep.Blob, Digest: d("4"), Reason: "unreferenced"},
		{Kind: sweep.Upload, Repository: "b", Upload: "6ba7b810", Bytes: 12, Reason: "abandoned since 2026-10-21"},
		{Kind: sweep.Upload, Repository: "b", Upload: "6ba7b811", Reason: "abandoned since 2026-10-22"},
		{Kind: sweep.MultipartUpload, Digest: d("3"), Key: "docker/registry/v2/blobs/x/data", Bytes: 7, Reason: "begun 2026-10-20"},
		{Kind: sweep.MultipartUpload, Repository: "b", Upload: "6ba7b812", Key: "docker/registry/v2/x", Reason: "begun 2026-10-23"},
		{Kind: sweep.EmptyDirectory, Key: "docker/registry/v2/repositories/c/", Reason: "empty"},
	}
	want := `Tag index entries: its manifest goes
  a
    v1 sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
Manifests
  a
    sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b  untagged
    sha256:d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35  untagged
    sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b  subject gone
Layer links: unneeded
  a
    sha256:4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce
  b
    sha256:4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce
Blobs: unreferenced
  sha256:4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce  5.0 MiB
  sha256:4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a      0 B
Uploads
  b
    6ba7b810     12 B  abandoned since 2026-10-21
    6ba7b811  abandoned since 2026-10-22
Multipart uploads
  sha256:4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce      7 B  begun 2026-10-20
  b
    6ba7b812  begun 2026-10-23
Empty directories
  docker/registry/v2/repositories/c/

`
	var b strings.Builder
	if err := Candidates(&b, slices.Values(candidates)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNoCandidates(t *testing.T) {
	var b strings.Builder
	if err := Candidates(&b, slices.Values([]sweep.Candidate{})); err != nil || b.Len() > 0 {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestTally(t *testing.T) {
	reasons := Tally(slices.Values([]sweep.Candidate{
		{Kind: sweep.LayerLink, Reason: "a"}, {Kind: sweep.LayerLink, Reason: "b"}, {Kind: sweep.LayerLink, Reason: "c"},
		{Kind: sweep.LayerLink, Reason: "d"}, {Kind: sweep.LayerLink, Reason: "e"}, {Kind: sweep.LayerLink, Reason: "e"},
		{Kind: sweep.Manifest, Reason: "untagged"},
		{Kind: sweep.Blob, Bytes: 1 << 20, Reason: "unreferenced"},
		{Kind: sweep.Blob, Bytes: 1 << 20, Reason: "unreferenced"},
		{Kind: sweep.Blob, Bytes: -1, Reason: "manifest removed"},
	}))
	for kind, want := range map[sweep.CandidateKind]string{
		sweep.Manifest:  "untagged",
		sweep.Blob:      "2 unreferenced (2.0 MiB); 1 manifest removed",
		sweep.Upload:    "",
		sweep.LayerLink: "2 e; 1 a; 1 b; 1 c; and 1 other reason",
	} {
		if got := reasons.explain(kind); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}
