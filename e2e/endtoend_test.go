package e2e

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
)

// home is where a registry keeps its data, and how it is collected.
type home struct {
	config   string // the registry's config.yml
	root     string // the directory in which its files are
	upstream driver.StorageDriver
	collect  func(t *testing.T, opts blobsweep.Options) blobsweep.Report
}

// TestEndToEnd lets real parts live through what registries live through, and
// collects.
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, deleteUntagged bool) { endToEnd(t, onFilesystem(t), deleteUntagged) })
}

// eachMode runs a test with and without untagged manifests to be deleted.
func eachMode(t *testing.T, run func(t *testing.T, deleteUntagged bool)) {
	for name, deleteUntagged := range map[string]bool{"Default": false, "DeleteUntagged": true} {
		t.Run(name, func(t *testing.T) { run(t, deleteUntagged) })
	}
}

func onFilesystem(t *testing.T) home {
	root := t.TempDir()
	config := writeConfig(t, "filesystem", map[string]any{"rootdirectory": root})
	return home{config, root, onDisk(root), collectConfig(config)}
}

func endToEnd(t *testing.T, h home, deleteUntagged bool) blobsweep.Report {
	host, stop := startRegistry(t, h.config)
	l := live(client{t, host})
	if deleteUntagged {
		l.gone = append(l.gone, l.untagged...)
		l.ghosts = append(l.ghosts, l.untaggedGhosts...)
	} else {
		for _, ref := range l.untaggedRefs {
			l.kept[ref] = true
		}
	}
	stop()

	opts := blobsweep.Options{DeleteUntagged: deleteUntagged, Offline: true, UploadsOlderThan: -1}
	report := h.collect(t, opts)
	if report.Blobs.Removed == 0 || report.Uploads.Removed != 1 || len(report.Failed) > 0 || len(report.Findings) > 0 {
		t.Errorf("the report says: %+v", report)
	}

	host, stop = startRegistry(t, h.config)
	c := client{t, host}
	seen := map[digest.Digest]bool{}
	for ref := range l.kept {
		c.pull(ref, seen)
	}
	c.checkTags(l)
	c.checkDisk(h.root, l, seen)

	// A push of what was just removed must not be told that it is there.
	for _, image := range l.again {
		c.push("ghost:again", image)
		c.pull("ghost:again", seen)
	}
	c.delete("ghost@" + string(c.digestOf(l.again[0])))
	stop()
	h.collect(t, opts)
	h.checkUpstreamIdle(t)
	return report
}

// collectConfig collects the registry of a config.yml.
func collectConfig(file string) func(t *testing.T, opts blobsweep.Options) blobsweep.Report {
	return func(t *testing.T, opts blobsweep.Options) blobsweep.Report {
		t.Helper()
		registry, err := drivers.Open(t.Context(), file, drivers.Options{})
		if err != nil {
			t.Fatal(err)
		}
		report := collect(t, registry.Driver, opts)
		if err := registry.Close(); err != nil {
			t.Error(err)
		}
		return report
	}
}

func collect(t *testing.T, d storage.Driver, opts blobsweep.Options) blobsweep.Report {
	t.Helper()
	report, err := blobsweep.Collect(t.Context(), d, opts)
	if err != nil {
		t.Fatalf("collect: %v", err)
	}
	return report
}

// life is what a registry went through, and what must come of it.
type life struct {
	kept   map[string]bool // references to pull afterwards
	gone   []digest.Digest // blobs that must not be on the disk
	ghosts []string        // repositories that must not be in the catalog
	again  []v1.Image      // to push again after they were removed

	// What goes only when untagged manifests go, and stays otherwise.
	untagged       []digest.Digest
	untaggedRefs   []string
	untaggedGhosts []string
}

func (l *life) keep(refs ...string) {
	for _, ref := range refs {
		l.kept[ref] = true
	}
}

// untag notes what a tag names, before the tag is deleted or moved.
func (l *life) untag(c client, repository, tag string) {
	d := c.resolve(repository + ":" + tag)
	l.untagged = append(l.untagged, d)
	l.untaggedRefs = append(l.untaggedRefs, repository+"@"+string(d))
}

// fallbackTag is where a client keeps the index of a manifest's referrers.
func fallbackTag(subject digest.Digest) string {
	return strings.Replace(string(subject), ":", "-", 1)
}

// live pushes, tags, signs, retags and deletes.
func live(c client) *life {
	l := &life{kept: map[string]bool{}}
	l.versions(c)
	l.platforms(c)
	l.signatures(c)
	l.deletedRepositories(c)
	return l
}

// versions are images on a shared base, in repositories inside each other.
func (l *life) versions(c client) {
	base := []v1.Layer{c.layer(types.OCILayer), c.layer(types.OCILayer)}
	var images [5]v1.Image
	for i := range images {
		images[i] = c.ociImage(base...)
	}
	one, two, untagged, deleted, replaced := images[0], images[1], images[2], images[3], images[4]
	c.push("library/app:v1", one)
	c.push("library/app:v2", two)
	c.push("library/app:latest", one)
	c.push("library/app:latest", two) // the first is history now
	c.push("library/app:v3", untagged)
	c.delete("library/app:v3")
	c.push("library/app:v4", deleted)
	c.delete("library/app@" + string(c.digestOf(deleted)))
	c.push("library/app:moving", replaced)
	c.push("library/app:moving", one)
	c.abandonUpload("library/app")

	docker := c.dockerImage(base...)
	c.push("library/app/nested:v1", docker)
	c.push("library:v1", docker) // around the others

	l.keep("library/app:v1", "library/app:v2", "library/app:latest", "library/app:moving", "library/app/nested:v1", "library:v1")
	l.gone = append(l.gone, c.own(deleted, base)...)
	for _, image := range []v1.Image{untagged, replaced} {
		l.untagged = append(l.untagged, c.own(image, base)...)
		l.untaggedRefs = append(l.untaggedRefs, "library/app@"+string(c.digestOf(image)))
	}
}

// platforms are indexes and lists, whole, deleted, and with a child that has a
// tag of its own.
func (l *life) platforms(c client) {
	kept := []v1.Image{c.ociImage(), c.ociImage()}
	c.push("multi:oci", c.index(types.OCIImageIndex, kept...))
	c.push("multi:docker", c.index(types.DockerManifestList, c.dockerImage(), c.dockerImage()))

	tagged, untagged := c.ociImage(), c.ociImage()
	old := c.index(types.OCIImageIndex, tagged, untagged)
	c.push("multi:old", old)
	c.push("multi:child", tagged)
	c.delete("multi:old")

	l.keep("multi:oci", "multi:docker", "multi:child")
	l.untagged = append(l.untagged, c.digests(old, untagged)...)
	l.untaggedRefs = append(l.untaggedRefs, "multi@"+string(c.digestOf(old)))

	// The platforms' images go with the index when they are deleted too.
	gone := []v1.Image{c.dockerImage(), c.dockerImage()}
	list := c.index(types.DockerManifestList, gone...)
	c.push("multi:gone", list)
	for _, d := range []digest.Digest{c.digestOf(list), c.digestOf(gone[0]), c.digestOf(gone[1])} {
		c.delete("multi@" + string(d))
	}
	l.gone = append(l.gone, c.digests(list, gone[0], gone[1])...)
}

// signatures are referrers of three kinds: under the fallback tag that the
// client keeps for them, without any tag, and under a tag as cosign names it.
func (l *life) signatures(c client) {
	signed := c.ociImage()
	c.push("signed:v1", signed)
	fallback := fallbackTag(c.digestOf(signed))
	first, second := c.referrer(signed), c.referrer(signed)
	c.pushByDigest("signed", first)
	l.untag(c, "signed", fallback)
	c.pushByDigest("signed", second) // replaces the index under the fallback tag
	c.push("signed:"+fallback+".sig", c.ociImage())
	l.keep("signed:v1", "signed:"+fallback, "signed:"+fallback+".sig",
		"signed@"+string(c.digestOf(first)), "signed@"+string(c.digestOf(second)))

	// Without the fallback tag only the subject speaks for the referrer, and
	// the referrer for its own.
	bare := c.ociImage()
	c.push("bare:v1", bare)
	referrer := c.referrer(bare)
	ofReferrer := c.referrer(referrer)
	for subject, referrer := range map[digest.Digest]v1.Image{c.digestOf(bare): referrer, c.digestOf(referrer): ofReferrer} {
		c.pushByDigest("bare", referrer)
		l.untag(c, "bare", fallbackTag(subject))
		c.delete("bare:" + fallbackTag(subject))
		l.keep("bare@" + string(c.digestOf(referrer)))
	}
	l.keep("bare:v1")

	// A referrer does not keep its subject, nor itself without one.
	lost := c.ociImage()
	c.push("lost:v1", lost)
	orphan := c.referrer(lost)
	c.pushByDigest("lost", orphan)
	l.untag(c, "lost", fallbackTag(c.digestOf(lost)))
	c.delete("lost:" + fallbackTag(c.digestOf(lost)))
	c.delete("lost@" + string(c.digestOf(lost)))
	l.gone = append(l.gone, c.digests(lost)...)
	l.untagged = append(l.untagged, c.digests(orphan)...)
	l.untaggedRefs = append(l.untaggedRefs, "lost@"+string(c.digestOf(orphan)))
	l.untaggedGhosts = append(l.untaggedGhosts, "lost")
}

// deletedRepositories hold nothing any more.
func (l *life) deletedRepositories(c client) {
	ghost, child := c.dockerImage(), c.ociImage()
	c.push("ghost:v1", ghost)
	c.push("ghost/of/child:v1", child)
	c.delete("ghost@" + string(c.digestOf(ghost)))
	c.delete("ghost/of/child@" + string(c.digestOf(child)))
	l.gone = append(l.gone, c.digests(ghost, child)...)
	l.ghosts = append(l.ghosts, "ghost", "ghost/of/child")
	l.again = []v1.Image{ghost, child}
}

// own is what an image does not share with a base.
func (c client) own(image v1.Image, base []v1.Layer) []digest.Digest {
	c.Helper()
	digests := c.digests(image)
	for _, layer := range base {
		h, err := layer.Digest()
		c.must(err)
		digests = slices.DeleteFunc(digests, func(d digest.Digest) bool { return string(d) == h.String() })
	}
	return digests
}

// checkTags compares the catalog and the tags with what must be left.
func (c client) checkTags(l *life) {
	c.Helper()
	want := map[string]bool{}
	for ref := range l.kept {
		want[repositoryOf(ref)] = true
	}
	catalog := c.catalog()
	if !slices.Equal(catalog, slices.Sorted(maps.Keys(want))) {
		c.Errorf("the catalog is %q, want %q", catalog, slices.Sorted(maps.Keys(want)))
	}
	for _, ghost := range l.ghosts {
		if slices.Contains(catalog, ghost) {
			c.Errorf("%s is in the catalog", ghost)
		}
	}
	for _, repository := range catalog {
		if repository == "lost" { // it has no tag, and then the API errs
			continue
		}
		for _, tag := range c.tags(repository) {
			if !l.kept[repository+":"+tag] {
				c.Errorf("%s:%s is left", repository, tag)
			}
		}
	}
}

// checkDisk compares the disk with what was pulled: all of it is there, and
// nothing else.
func (c client) checkDisk(root string, l *life, pulled map[digest.Digest]bool) {
	c.Helper()
	tree, err := fixture.ReadDir(root)
	c.must(err)
	onDisk := tree.BlobDigests()
	for _, d := range l.gone {
		if onDisk[d] {
			c.Errorf("blob %s is still there", d)
		}
	}
	for d := range onDisk {
		if !pulled[d] {
			c.Errorf("blob %s is there, and no reference needs it", d)
		}
	}
	for prefix := range tree.Dirs {
		// The registry leaves these empty in repositories that live on.
		if !strings.HasSuffix(prefix, "/_uploads/") && !strings.HasSuffix(prefix, "/_manifests/tags/") {
			c.Errorf("%s is left empty", prefix)
		}
	}
	for _, ghost := range l.ghosts {
		if _, err := os.Stat(filepath.Join(root, layout.Repository(ghost))); !os.IsNotExist(err) {
			c.Errorf("the directory of %s: %v", ghost, err)
		}
	}
	for key := range tree.Files {
		p, ok := layout.Parse(key)
		if !ok {
			c.Errorf("%s is no key of a registry", key)
		}
		if p.Kind == layout.LayerLink && !onDisk[p.Digest] {
			c.Errorf("%s names a blob that is gone", key)
		}
	}
}

// checkUpstreamIdle runs the registry's own collector, for real, and finds
// that it had nothing left to do.
func (h home) checkUpstreamIdle(t *testing.T) {
	t.Helper()
	before := files(t, h.root)
	if err := collectUpstream(h.upstream, false, false); err != nil {
		t.Fatal(err)
	}
	after := files(t, h.root)
	if !slices.Equal(before, after) {
		t.Errorf("upstream's collector removed %d of %d files", len(before)-len(after), len(before))
	}
}

func files(t *testing.T, root string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	})
	if err != nil || len(names) < 10 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	return names
}
