package e2e

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/distribution/compat"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/google/go-cmp/cmp"
)

// dropIn is a situation that the registry's own collector is tested in. What
// build adds to stay must be there afterwards, and nothing else.
type dropIn struct {
	name           string
	removeUntagged bool
	build          func(stay, gone *fixture.Tree)
}

var dropIns = []dropIn{
	{"nothing deleted, nothing removed", false, func(stay, _ *fixture.Tree) {
		stay.List("repository", stay.Image("repository", "1"), stay.Image("repository", "2"))
		stay.Image("repository", "3")
	}},
	{"images without tags", true, func(_, gone *fixture.Tree) {
		gone.Image("repository", "1", "x", "y", "z")
		gone.Image("repository", "2")
	}},
	{"a tag that moved on", true, func(stay, gone *fixture.Tree) {
		old := gone.Image("repository", "old", "base", "old")
		gone.Tag("repository", "v1", old.Digest)
		stay.Tag("repository", "v1", stay.Image("repository", "new", "base", "new").Digest)
	}},
	{"a tagged index with a deleted child", true, func(stay, _ *fixture.Tree) {
		// The child's bytes are still what the index refers to: law 2.
		child := stay.Image("repository", "2")
		stay.Tag("repository", "v1", stay.Index("repository", stay.Image("repository", "1"), child).Digest)
		stay.DeleteManifest("repository", child.Digest)
	}},
	{"a tagged index", true, func(stay, _ *fixture.Tree) {
		stay.Tag("repository", "v1", stay.Index("repository", stay.Image("repository", "1"), stay.Image("repository", "2")).Digest)
	}},
	{"an index whose tag is gone", true, func(_, gone *fixture.Tree) {
		gone.Tag("repository", "v1", gone.Index("repository", gone.Image("repository", "1"), gone.Image("repository", "2")).Digest)
		gone.Untag("repository", "v1")
	}},
	{"layer links that nothing needs", true, func(stay, gone *fixture.Tree) {
		stay.Tag("repository", "v1", stay.Image("repository", "1", "base").Digest)
		gone.Image("repository", "2", "base", "unused")
		elsewhere := stay.Image("other", "3", "only here")
		stay.Tag("other", "v1", elsewhere.Digest)
		gone.Layer("repository", "only here") // the blob stays, this link does not
	}},
	{"no tags directory", true, func(_, gone *fixture.Tree) {
		gone.Image("repository", "1")
	}},
	{"no manifests directory", false, func(_, gone *fixture.Tree) {
		gone.DeleteManifest("repository", gone.Image("repository", "1").Digest)
	}},
	{"deleted images", false, func(stay, gone *fixture.Tree) {
		stay.Image("repository", "1")
		gone.DeleteManifest("repository", gone.Image("repository", "2").Digest)
		gone.DeleteManifest("repository", gone.Image("repository", "3").Digest)
	}},
	{"a layer shared with a deleted image", false, func(stay, gone *fixture.Tree) {
		stay.Image("repository", "1", "a", "shared")
		gone.DeleteManifest("repository", gone.Image("repository", "2", "shared", "b").Digest)
	}},
	{"a layer shared with another repository", false, func(stay, gone *fixture.Tree) {
		stay.Image("a", "1", "a", "shared")
		gone.DeleteManifest("a/b", gone.Image("a/b", "2", "shared", "b").Digest)
	}},
	{"an orphan blob", false, func(stay, gone *fixture.Tree) {
		stay.Image("repository", "1")
		gone.Layer("repository", "uploaded and forgotten")
		gone.Blob("", []byte("without a link"))
	}},
	{"a tagged list of untagged children", true, func(stay, _ *fixture.Tree) {
		const repository = "foo/tagged-list/untagged-children"
		stay.Tag(repository, "v1", stay.List(repository, stay.Image(repository, "1"), stay.Image(repository, "2")).Digest)
	}},
	{"an untagged list of untagged children", true, func(_, gone *fixture.Tree) {
		const repository = "foo/untagged-list/untagged-children"
		gone.List(repository, gone.Image(repository, "1"), gone.Image(repository, "2"))
	}},
	{"an untagged list with a tagged child", true, func(stay, gone *fixture.Tree) {
		const repository = "foo/untagged-list/tagged-child"
		child := stay.Image(repository, "1")
		stay.Tag(repository, "v1", child.Digest)
		gone.List(repository, child, gone.Image(repository, "2"))
	}},
	{"a tagged list with a missing child", true, func(stay, _ *fixture.Tree) {
		stay.Tag("repository", "v1", stay.List("repository", stay.Image("repository", "1"),
			fixture.Describe(fixture.DockerManifest, []byte("never pushed"))).Digest)
	}},
	{"an untagged referrer of a tagged image", true, func(stay, gone *fixture.Tree) {
		image := stay.Image("repository", "1")
		stay.Tag("repository", "v1", image.Digest)
		stay.Referrer("repository", "1", image) // law 1, not upstream's
		gone.Referrer("repository", "2", gone.Image("repository", "2"))
	}},
}

// TestDropIn replays upstream's situations on upstream's drivers.
func TestDropIn(t *testing.T) {
	t.Parallel()
	for name, open := range upstreamDrivers {
		for _, c := range dropIns {
			t.Run(name+"/"+strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) { c.run(t, open(t)) })
		}
	}
}

func (c dropIn) run(t *testing.T, d driver.StorageDriver) {
	stay, gone := fixture.New(time.Now()), fixture.New(time.Now())
	c.build(stay, gone)
	for _, tree := range []*fixture.Tree{gone, stay} { // where both have a key, it stays
		if err := fill(d, tree); err != nil {
			t.Fatal(err)
		}
	}
	before := list(t, d)
	opts := compat.GCOpts{DryRun: true, RemoveUntagged: c.removeUntagged}
	if err := compat.MarkAndSweep(t.Context(), d, nil, opts); err != nil {
		t.Fatalf("dry run: %v", err)
	}
	if diff := cmp.Diff(before, list(t, d)); diff != "" {
		t.Errorf("the dry run changed (-before +after):\n%s", diff)
	}
	opts.DryRun = false
	for _, run := range []string{"first", "second"} {
		if err := compat.MarkAndSweep(t.Context(), d, nil, opts); err != nil {
			t.Fatalf("%s run: %v", run, err)
		}
		var want []string
		for key := range stay.Files {
			want = append(want, key)
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, list(t, d)); diff != "" {
			t.Errorf("after the %s run (-want +got):\n%s", run, diff)
		}
	}
}

func list(t *testing.T, d driver.StorageDriver) []string {
	t.Helper()
	found, err := keys(d)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDropInOutput(t *testing.T) {
	tree := fixture.New(time.Now())
	tree.Tag("repository", "v1", tree.Image("repository", "1", "base").Digest)
	untagged := tree.Image("repository", "2", "base", "unused")
	orphan := fixture.Describe("", []byte("layer unused"))
	for _, quiet := range []bool{false, true} {
		d := upstreamDrivers["inmemory"](t)
		if err := fill(d, tree); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		opts := compat.GCOpts{DryRun: true, RemoveUntagged: true, Quiet: quiet, Output: &out}
		if err := compat.MarkAndSweep(t.Context(), d, nil, opts); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"3 blobs marked, 3 blobs and 1 manifests eligible for deletion\n",
			"manifest eligible for deletion: repository " + string(untagged.Digest) + " (untagged)\n",
			"blob eligible for deletion: " + string(orphan.Digest) + " (unreferenced)\n",
			"layer link eligible for deletion: repository " + string(orphan.Digest) + " (",
		}
		for _, line := range want {
			if strings.Contains(out.String(), line) == quiet {
				t.Errorf("quiet is %t, and the output %q misses or has %q", quiet, &out, line)
			}
		}
		opts.Output, opts.Quiet = broken{}, quiet
		if err := compat.MarkAndSweep(t.Context(), d, nil, opts); errors.Is(err, errBroken) == quiet {
			t.Errorf("quiet is %t, and the output fails: %v", quiet, err)
		}
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// A registry that looks half mounted is not touched, in a dry run neither.
func TestDropInBlocked(t *testing.T) {
	tree := fixture.New(time.Now())
	tree.Blob("", []byte("without any repository"))
	for _, dryRun := range []bool{true, false} {
		d := upstreamDrivers["inmemory"](t)
		if err := fill(d, tree); err != nil {
			t.Fatal(err)
		}
		err := compat.MarkAndSweep(t.Context(), d, nil, compat.GCOpts{DryRun: dryRun})
		if !errors.Is(err, blobsweep.ErrBlocked) || !strings.Contains(err.Error(), "no-repositories") {
			t.Errorf("dry run %t: %v", dryRun, err)
		}
		if len(list(t, d)) != 1 {
			t.Errorf("dry run %t: the blob is gone", dryRun)
		}
	}
}
