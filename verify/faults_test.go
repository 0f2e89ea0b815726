package verify_test

import (
	"fmt"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/verify"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// tagged puts an image under a tag, and returns its digest and those of its only
// layer and its configuration.
func tagged(t *fixture.Tree, repository, tag string) (image, layer, config digest.Digest) {
	d := t.Image(repository, tag, tag)
	t.Tag(repository, tag, d.Digest)
	return d.Digest, fixture.Describe("", []byte("layer "+tag)).Digest, t.Config(repository, tag).Digest
}

// sha512Image is an image in which all is stored and linked under sha512.
func sha512Image(t *fixture.Tree, repository, tag string) (layerDigest digest.Digest) {
	put := func(mediaType string, content []byte) v1.Descriptor {
		d := v1.Descriptor{MediaType: mediaType, Digest: digest.SHA512.FromBytes(content), Size: int64(len(content))}
		t.Add(blob(d.Digest), content)
		t.LayerLink(repository, d.Digest)
		return d
	}
	l := put(v1.MediaTypeImageLayer, []byte("by sha512"))
	m := t.ManifestOf(repository, v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		Config: put(v1.MediaTypeImageConfig, []byte("{}")), Layers: []v1.Descriptor{l},
	})
	t.Tag(repository, tag, m.Digest)
	return l.Digest
}

// whole is a tree with everything that a registry can hold and be whole.
func whole() *fixture.Tree {
	t := fixture.New(old)
	tagged(t, "app", "v1")
	tagged(t, "app", "v2")
	tagged(t, "mirror/app", "v1")
	sha512Image(t, "long", "v1")
	t.Tag("multi", "latest", t.Index("multi", t.Image("multi", "amd64"), t.Image("multi", "arm64")).Digest)
	t.Tag("multi", "sparse", t.List("multi", t.Image("multi", "amd64"), fixture.Describe(fixture.DockerManifest, []byte("never pushed"))).Digest)
	t.Tag("cache", "latest", t.Index("cache", t.Layer("cache", "1"), t.LinkedBlob("cache", fixture.BuildKitCache, []byte(`{"layers":[]}`))).Digest)
	image := t.Image("signed", "image")
	t.Tag("signed", "v1", image.Digest)
	t.Referrer("signed", "signature", image)
	t.Referrer("signed", "of nothing", fixture.Describe(v1.MediaTypeImageManifest, []byte("gone")))
	old, _ := t.SignedSchema1("old", "v1", t.Layer("old", "schema 1"))
	t.Tag("old", "v1", old.Digest)
	deleted, _ := t.SignedSchema1("old", "v2", t.Layer("old", "schema 1"))
	t.DeleteManifest("old", deleted.Digest) // its bytes are more than what its digest names

	foreign := fixture.Describe(fixture.DockerForeign, []byte("elsewhere"))
	foreign.URLs = []string{"https://example.com/layer"}
	t.Tag("windows", "v1", t.ManifestOf("windows", fixture.DockerManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: fixture.DockerManifest,
		Config: t.Config("windows", "v1"), Layers: []v1.Descriptor{foreign},
	}).Digest)

	// What a link under sha512 holds is stored under sha256 (law 14).
	content := []byte("layer by another name")
	bySHA256 := t.LinkedBlob("alias", v1.MediaTypeImageLayer, content)
	bySHA512 := bySHA256
	bySHA512.Digest = digest.SHA512.FromBytes(content)
	t.Add(layer("alias", bySHA512.Digest), []byte(bySHA256.Digest))
	t.Tag("alias", "v1", t.ManifestOf("alias", v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		Config: t.Config("alias", "v1"), Layers: []v1.Descriptor{bySHA512},
	}).Digest)

	// A digest in a field that no registry knows is kept, and not missed.
	t.Tag("future", "v1", t.ManifestOf("future", v1.MediaTypeImageManifest, map[string]any{
		"schemaVersion": 2, "mediaType": v1.MediaTypeImageManifest, "config": t.Config("future", "v1"), "layers": []any{},
		"extra": fixture.Describe("application/vnd.example.extra", []byte("not here")),
	}).Digest)
	// What is missing under a name that no registry gives is missed by none.
	config := fixture.Describe(v1.MediaTypeImageConfig, []byte("not here either"))
	set := t.Blob("", fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":15},"layers":[]}`,
		v1.MediaTypeImageManifest, config.MediaType, config.Digest)).Digest
	t.Put(layout.Repositories+"Backup/_manifests/revisions/sha256/"+set.Encoded()+"/link", []byte(set))
	t.Upload("app", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", t.Now)
	t.Blob("", []byte("an orphan"))
	t.Put(layout.Root+"README", nil)
	return t
}

func TestWhole(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			_, r := check(t, kind.open(t, whole()).driver, verify.Options{Blobs: true})
			if got := faults(r); len(got) > 0 || !r.Whole() {
				t.Errorf("faults in what is whole: %q", got)
			}
			if r.AbsentChildren != 1 || len(r.Repairs) > 0 {
				t.Errorf("%d absent children, repairs %v", r.AbsentChildren, r.Repairs)
			}
			if r.Blobs.Hashed != r.Blobs.Total || r.Blobs.Total != int64(len(whole().BlobDigests())) || r.Bytes.Hashed != r.Bytes.Total || r.Bytes.Total == 0 {
				t.Errorf("hashed %+v, %+v", r.Blobs, r.Bytes)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name string
		// damage harms a whole tree and says what is to be found; onlyHashed where
		// only a check that reads all blobs finds it.
		damage     func(t *fixture.Tree) []string
		onlyHashed bool
	}{
		{"a layer is gone", func(t *fixture.Tree) []string {
			_, l, _ := tagged(t, "app", "v1")
			t.Remove(blob(l)) // mirror/app needs it as well
			return []string{fault(mark.MissingBlob, fixture.Key(blob(l)), "app:v1", "mirror/app:v1")}
		}, false},
		{"a configuration is gone, its directory is left", func(t *fixture.Tree) []string {
			_, _, config := tagged(t, "app", "v3")
			t.Remove(blob(config))
			t.Dirs[blob(config).Homes()[0].Prefix()] = t.Now
			return []string{fault(mark.MissingBlob, fixture.Key(blob(config)), "app:v3")}
		}, false},
		{"a layer of an index's child is gone", func(t *fixture.Tree) []string {
			lost := fixture.Describe("", []byte("layer multi amd64")).Digest
			t.Tag("multi", "v0", t.Image("multi", "amd64").Digest)
			t.Remove(blob(lost))
			return []string{fault(mark.MissingBlob, fixture.Key(blob(lost)), "multi:latest", "multi:sparse", "multi:v0")}
		}, false},
		{"a layer of an untagged image is gone", func(t *fixture.Tree) []string {
			t.Image("app", "untagged", "untagged")
			lost := fixture.Describe("", []byte("layer untagged")).Digest
			t.Remove(blob(lost))
			return []string{fault(mark.MissingBlob, fixture.Key(blob(lost)))}
		}, false},
		{"what an alias holds is gone", func(t *fixture.Tree) []string {
			lost := digest.FromString("layer by another name")
			t.Remove(blob(lost))
			return []string{fault(mark.MissingBlob, fixture.Key(blob(digest.SHA512.FromString("layer by another name"))), "alias:v1")}
		}, false},
		{"a linked child is gone", func(t *fixture.Tree) []string {
			child := t.Image("multi", "arm64").Digest
			t.Remove(blob(child))
			return []string{fault(mark.DanglingRevision, fixture.Key(revision("multi", child)), "multi:latest")}
		}, false},
		{"a layer is not linked", func(t *fixture.Tree) []string {
			_, l, _ := tagged(t, "app", "v1")
			t.Remove(layer("app", l))
			return []string{fault(mark.MissingLayerLink, fixture.Key(layer("app", l)), "app:v1")}
		}, false},
		{"of a layer link the directory is left", func(t *fixture.Tree) []string {
			_, l, _ := tagged(t, "app", "v1")
			t.Remove(layer("app", l))
			t.Dirs[layer("app", l).Homes()[0].Prefix()] = t.Now
			return []string{fault(mark.MissingLayerLink, fixture.Key(layer("app", l)), "app:v1")}
		}, false},
		{"a blob was cut off", func(t *fixture.Tree) []string {
			_, l, _ := tagged(t, "app", "v2")
			t.Add(blob(l), []byte("lay"))
			return []string{fault(mark.SizeMismatch, fixture.Key(blob(l)), "app:v2")}
		}, false},
		{"a manifest is corrupt", func(t *fixture.Tree) []string {
			image, _, _ := tagged(t, "app", "v2")
			t.Add(blob(image), []byte("{}"))
			return []string{fault(mark.CorruptManifest, fixture.Key(blob(image)), "app:v2")}
		}, false},
		{"a bit has flipped", func(t *fixture.Tree) []string {
			_, l, _ := tagged(t, "app", "v1")
			t.Add(blob(l), []byte("Layer v1"))
			return []string{fault(mark.CorruptBlob, fixture.Key(blob(l)), "app:v1", "mirror/app:v1")}
		}, true},
		{"a bit has flipped under sha512", func(t *fixture.Tree) []string {
			l := sha512Image(t, "long", "v1")
			t.Add(blob(l), []byte("By sha512"))
			return []string{fault(mark.CorruptBlob, fixture.Key(blob(l)), "long:v1")}
		}, true},
		{"a bit has flipped in what an alias holds", func(t *fixture.Tree) []string {
			d := digest.FromString("layer by another name")
			t.Add(blob(d), []byte("Layer by another name"))
			return []string{fault(mark.CorruptBlob, fixture.Key(blob(d)), "alias:v1")}
		}, true},
		{"a blob that nothing needs is corrupt", func(t *fixture.Tree) []string {
			d := t.Blob("", []byte("an orphan")).Digest
			t.Add(blob(d), nil)
			return []string{fault(mark.CorruptBlob, fixture.Key(blob(d)))}
		}, true},
		{"links are empty", func(t *fixture.Tree) []string {
			image, l, _ := tagged(t, "app", "v2")
			var want []string
			for p, breaks := range map[layout.Path][]string{
				revision("app", image): {"app:v2"}, layer("app", l): {"app:v2"}, entry("app", "v2", image): nil,
				tagLink("app", "v1"): {"app:v1"},
			} {
				t.Add(p, nil)
				want = append(want, fault(mark.BrokenLink, fixture.Key(p), breaks...))
			}
			return want
		}, false},
		{"links hold something else", func(t *fixture.Tree) []string {
			image, l, config := tagged(t, "app", "v2")
			t.Add(revision("app", image), []byte("sha256:no"))
			t.Add(entry("app", "v2", image), make([]byte, 200))
			t.Add(layer("app", l), []byte(digest.SHA512.FromString("another")))
			_ = config
			return []string{
				fault(mark.BrokenLink, fixture.Key(revision("app", image)), "app:v2"),
				fault(mark.BrokenLink, fixture.Key(entry("app", "v2", image))),
				fault(mark.BrokenLink, fixture.Key(layer("app", l)), "app:v2"),
			}
		}, false},
		{"links of the right size hold something else", func(t *fixture.Tree) []string {
			image, l, _ := tagged(t, "app", "v2")
			t.Add(revision("app", image), make([]byte, 71))
			t.Add(layer("app", l), []byte(digest.FromString("another")))
			return []string{
				fault(mark.BrokenLink, fixture.Key(revision("app", image)), "app:v2"),
				fault(mark.BrokenLink, fixture.Key(layer("app", l)), "app:v2"),
			}
		}, true},
		{"a tag names what is not linked", func(t *fixture.Tree) []string {
			t.Tag("app", "gone", digest.FromString("gone"))
			return []string{fault(mark.DanglingTag, fixture.Key(tagLink("app", "gone")), "app:gone")}
		}, false},
	} {
		for _, kind := range kinds {
			for _, blobs := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/blobs=%v", test.name, kind.name, blobs), func(t *testing.T) {
					damaged := whole()
					want := test.damage(damaged)
					_, r := check(t, kind.open(t, damaged).driver, verify.Options{Blobs: blobs})
					got := faults(r)
					for i := range got { // what is cut off does not hash either
						if blobs && test.name == "a blob was cut off" {
							want[i] = string(mark.CorruptBlob) + want[i][len(mark.SizeMismatch):]
						}
					}
					if test.onlyHashed && !blobs {
						want = []string{}
					}
					if diff := cmp.Diff(sorted(want), got); diff != "" {
						t.Errorf("-want +got:\n%s", diff)
					}
					for _, f := range r.Findings {
						if f.Fault == (f.WhyNot == "" && !f.Repairable) {
							t.Errorf("nothing says what becomes of %s %s", f.Kind, f.Key)
						}
					}
					if r.Whole() != (len(got) == 0) || r.Faults != int64(len(got)) {
						t.Errorf("whole: %v with %d faults", r.Whole(), r.Faults)
					}
				})
			}
		}
	}
}
