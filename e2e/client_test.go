package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
)

// client pushes to a registry and pulls from it.
type client struct {
	*testing.T
	host string
}

// must ends the test on an error.
func (c client) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// ref reads a reference without its host: "name:tag" or "name@digest".
func (c client) ref(s string) name.Reference {
	c.Helper()
	ref, err := name.ParseReference(c.host + "/" + s)
	c.must(err)
	return ref
}

// push stores an image or an index under a reference.
func (c client) push(ref string, what remote.Taggable) digest.Digest {
	c.Helper()
	c.must(remote.Push(c.ref(ref), what))
	return c.digestOf(what)
}

// pushByDigest stores a manifest without a tag.
func (c client) pushByDigest(repository string, what remote.Taggable) digest.Digest {
	c.Helper()
	return c.push(repository+"@"+string(c.digestOf(what)), what)
}

func (c client) digestOf(what remote.Taggable) digest.Digest {
	c.Helper()
	raw, err := what.RawManifest()
	c.must(err)
	return digest.FromBytes(raw)
}

// delete deletes a tag or a manifest, as the reference says.
func (c client) delete(ref string) {
	c.Helper()
	c.must(remote.Delete(c.ref(ref)))
}

// layer makes a layer of random bytes.
func (c client) layer(mediaType types.MediaType) v1.Layer {
	c.Helper()
	layer, err := random.Layer(2000, mediaType)
	c.must(err)
	return layer
}

// ociImage makes an OCI image of the given layers and one of its own.
func (c client) ociImage(base ...v1.Layer) v1.Image {
	c.Helper()
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(image, append(slices.Clone(base), c.layer(types.OCILayer))...)
	c.must(err)
	return image
}

// dockerImage makes a Docker image as ociImage does.
func (c client) dockerImage(base ...v1.Layer) v1.Image {
	c.Helper()
	image, err := mutate.AppendLayers(empty.Image, append(slices.Clone(base), c.layer(types.DockerLayer))...)
	c.must(err)
	return image
}

// index makes an index, or a manifest list, over images.
func (c client) index(mediaType types.MediaType, images ...v1.Image) v1.ImageIndex {
	c.Helper()
	index := mutate.IndexMediaType(empty.Index, mediaType)
	for i, image := range images {
		platform := v1.Platform{OS: "linux", Architecture: []string{"amd64", "arm64"}[i%2]}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return index
}

// referrer makes an image that refers to a subject, as a signature does.
func (c client) referrer(subject partial.Describable) v1.Image {
	c.Helper()
	descriptor, err := partial.Descriptor(subject)
	c.must(err)
	return mutate.Subject(c.ociImage(), *descriptor).(v1.Image)
}

// abandonUpload starts an upload, sends some of it, and leaves. It is enough for
// a part of a multipart upload, where there are such.
func (c client) abandonUpload(repository string) {
	c.Helper()
	location := c.do(http.MethodPost, "http://"+c.host+"/v2/"+repository+"/blobs/uploads/", nil, http.StatusAccepted)
	c.do(http.MethodPatch, location, strings.NewReader(strings.Repeat("half a layer", 500_000)), http.StatusAccepted)
}

// do sends a request and returns the Location of the answer.
func (c client) do(method, url string, body io.Reader, want int) string {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, url, body)
	c.must(err)
	response, err := http.DefaultClient.Do(request)
	c.must(err)
	c.must(response.Body.Close())
	if response.StatusCode != want {
		c.Fatalf("%s %s: %s", method, url, response.Status)
	}
	return response.Header.Get("Location")
}

// resolve tells the digest of what a reference names.
func (c client) resolve(ref string) digest.Digest {
	c.Helper()
	descriptor, err := remote.Head(c.ref(ref))
	c.must(err)
	return digest.Digest(descriptor.Digest.String())
}

// catalog lists the registry's repositories.
func (c client) catalog() []string {
	c.Helper()
	registry, err := name.NewRegistry(c.host)
	c.must(err)
	repositories, err := remote.Catalog(c.Context(), registry)
	c.must(err)
	return repositories
}

// tags lists the tags of a repository.
func (c client) tags(repository string) []string {
	c.Helper()
	repo, err := name.NewRepository(c.host + "/" + repository)
	c.must(err)
	tags, err := remote.List(repo)
	c.must(err)
	return tags
}

// pull fetches what a reference names and all that it refers to, checks every
// byte against its digest, and returns the digests in seen.
func (c client) pull(ref string, seen map[digest.Digest]bool) {
	c.Helper()
	descriptor, err := remote.Get(c.ref(ref))
	if err != nil {
		c.Errorf("pull %s: %v", ref, err)
		return
	}
	repository := repositoryOf(ref)
	d := c.verify(ref, digest.Digest(descriptor.Digest.String()), descriptor.Manifest)
	seen[d] = true
	var manifest struct {
		Manifests []v1.Descriptor
		Config    *v1.Descriptor
		Layers    []v1.Descriptor
	}
	c.must(json.Unmarshal(descriptor.Manifest, &manifest))
	for _, child := range manifest.Manifests {
		c.pull(repository+"@"+child.Digest.String(), seen)
	}
	parts := manifest.Layers
	if manifest.Config != nil {
		parts = append(parts, *manifest.Config)
	}
	for _, part := range parts {
		seen[c.pullBlob(repository, part.Digest.String())] = true
	}
}

// pullBlob fetches a blob and checks its bytes.
func (c client) pullBlob(repository, d string) digest.Digest {
	c.Helper()
	at := repository + "@" + d
	ref, err := name.NewDigest(c.host + "/" + at)
	c.must(err)
	layer, err := remote.Layer(ref)
	c.must(err)
	r, err := layer.Compressed()
	if err != nil {
		c.Errorf("pull blob %s: %v", at, err)
		return ""
	}
	var content bytes.Buffer
	_, err = content.ReadFrom(r)
	c.must(err)
	c.must(r.Close())
	return c.verify(at, digest.Digest(d), content.Bytes())
}

func (c client) verify(what string, want digest.Digest, content []byte) digest.Digest {
	c.Helper()
	if got := digest.FromBytes(content); got != want {
		c.Errorf("%s has the digest %s, want %s", what, got, want)
	}
	return want
}

func repositoryOf(ref string) string {
	if repository, _, ok := strings.Cut(ref, "@"); ok {
		return repository
	}
	return ref[:strings.LastIndexByte(ref, ':')]
}

// digests are all that an image or index consists of.
func (c client) digests(what ...remote.Taggable) []digest.Digest {
	c.Helper()
	var all []digest.Digest
	for _, what := range what {
		all = append(all, c.digestOf(what))
		raw, err := what.RawManifest()
		c.must(err)
		var manifest struct {
			Config *v1.Descriptor
			Layers []v1.Descriptor
		}
		c.must(json.Unmarshal(raw, &manifest))
		if manifest.Config != nil {
			all = append(all, digest.Digest(manifest.Config.Digest.String()))
		}
		for _, layer := range manifest.Layers {
			all = append(all, digest.Digest(layer.Digest.String()))
		}
	}
	return all
}
