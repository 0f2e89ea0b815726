package compare

import (
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/bench/workload"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

func TestReadUpstream(t *testing.T) {
	a, b := digest.FromString("a"), digest.FromString("b")
	got, err := readUpstream(strings.NewReader("team/app\nteam/app: marking manifest " + a.String() + " \n" +
		"manifest eligible for deletion: {team/app " + b.String() + " [v1 v2]}\n" +
		"manifest eligible for deletion: {team/app " + a.String() + " []}\n" +
		"\n3 blobs marked, 1 blobs and 2 manifests eligible for deletion\n" +
		"blob eligible for deletion: " + b.String() + "\n" +
		"team/app: layer link eligible for deletion: " + a.String()))
	if err != nil {
		t.Fatal(err)
	}
	link := func(d digest.Digest) workload.Link { return workload.Link{Repository: "team/app", Digest: d} }
	want := workload.Removal{Manifests: []workload.Link{link(b), link(a)}, LayerLinks: []workload.Link{link(a)}, Blobs: []digest.Digest{b}}
	if a < b {
		want.Manifests = []workload.Link{link(a), link(b)}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{"tag eligible for deletion: x", "blob eligible for deletion: sha256:x", "blob eligible for deletion: a b"} {
		if got, err := readUpstream(strings.NewReader(line)); err == nil {
			t.Errorf("%q is %+v", line, got)
		}
	}
}

func TestCountCalls(t *testing.T) {
	got, err := countCalls("     calls syscall\n--------- ----------------\n      300 openat\n       20 epoll_pwait\n" +
		"        4 mmap\n        7 read\n--------- ----------------\n      331 total\n")
	if err != nil || got != 307 {
		t.Errorf("%d calls, %v", got, err)
	}
	if got, err := countCalls(""); err == nil {
		t.Errorf("%d calls of none", got)
	}
}
