package scale

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go/v1"
)

var small = shape{repositories: 3, images: 4, layers: 5, orphans: 7}

func open(t *testing.T, s shape) *Driver {
	t.Helper()
	d, err := newDriver(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// stored builds the same registry the plain way, from what each image is made
// of, and puts it into memory.
func stored(t *testing.T, d *Driver) *memory.Driver {
	t.Helper()
	m := memory.New()
	put := func(p layout.Path, content []byte) {
		key, err := p.Key()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Stat(t.Context(), key); err == nil {
			t.Fatalf("%s is there twice", key)
		}
		if err := m.Put(t.Context(), key, content, changed); err != nil {
			t.Fatal(err)
		}
	}
	for image := range d.shape.manifests() {
		text := d.manifests.appendText(nil, image)
		var manifest v1.Manifest
		if err := json.Unmarshal(text, &manifest); err != nil {
			t.Fatal(err)
		}
		repository := fmt.Sprintf("r%010d", image/d.images)
		of := digest.FromBytes(text)
		link := []byte(of)
		put(layout.Path{Kind: layout.BlobData, Digest: of}, text)
		put(layout.Path{Kind: layout.RevisionLink, Repository: repository, Digest: of}, link)
		tag := fmt.Sprintf("v%010d", image%d.images)
		put(layout.Path{Kind: layout.TagLink, Repository: repository, Tag: tag}, link)
		put(layout.Path{Kind: layout.TagIndexLink, Repository: repository, Tag: tag, Digest: of}, link)
		for _, layer := range append(manifest.Layers, manifest.Config) {
			put(layout.Path{Kind: layout.BlobData, Digest: layer.Digest}, make([]byte, layer.Size))
			put(layout.Path{Kind: layout.LayerLink, Repository: repository, Digest: layer.Digest}, []byte(layer.Digest))
		}
		if int64(len(manifest.Layers)+1) != d.layers {
			t.Fatalf("%d layers", len(manifest.Layers))
		}
	}
	for i := range d.shape.orphans {
		s := d.orphans.at(i)
		put(layout.Path{Kind: layout.BlobData, Digest: digest.NewDigestFromBytes(digest.SHA256, s[:])}, make([]byte, size(s)))
	}
	return m
}

func list(t *testing.T, r storage.Reader, prefix string, opts storage.ListOptions) (all []storage.Object) {
	t.Helper()
	for o, err := range r.List(t.Context(), prefix, opts) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// Whatever is asked for, the answer is that of a store that holds the registry.
func TestListAsAStoreDoes(t *testing.T) {
	d := open(t, small)
	m := stored(t, d)
	keys := m.Keys()
	points := []string{"", "a", "docker", "docker/", "docker/registry/v2/", "docker/registry/v2/c", "zz", layout.Blobs, layout.Repositories}
	for i, key := range keys {
		if i%17 != 0 {
			continue
		}
		points = append(points, key, key+"+", key[:len(key)-1])
		for at, c := range key {
			if c == '/' {
				points = append(points, key[:at+1], key[:at], key[:at]+"0", key[:min(len(key), at+5)])
			}
		}
	}
	slices.Sort(points)
	points = slices.Compact(points)
	for _, delimiter := range []bool{false, true} {
		for _, prefix := range points {
			if diff := cmp.Diff(list(t, m, prefix, storage.ListOptions{Delimiter: delimiter}), list(t, d, prefix, storage.ListOptions{Delimiter: delimiter})); diff != "" {
				t.Fatalf("prefix %q, delimiter %v: %s", prefix, delimiter, diff)
			}
		}
		for _, prefix := range []string{"", "docker/registry/", layout.Blobs, layout.Blobs + "sha256/", layout.Repositories, layout.Repositories + "r0000000001/", layout.Repositories + "r0000000001/_layers/sha256/"} {
			for _, start := range points {
				opts := storage.ListOptions{Delimiter: delimiter, StartAfter: start}
				if diff := cmp.Diff(list(t, m, prefix, opts), list(t, d, prefix, opts)); diff != "" {
					t.Fatalf("prefix %q, %+v: %s", prefix, opts, diff)
				}
			}
		}
	}
}

func TestGetAndStatAsAStoreDoes(t *testing.T) {
	d := open(t, small)
	m := stored(t, d)
	read := 0
	for _, key := range m.Keys() {
		want, err := m.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.Stat(t.Context(), key); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", key, got, err, want)
		}
		content, err := m.Get(t.Context(), key, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Get(t.Context(), key, 1<<20)
		if errors.Is(err, errMadeUp) {
			continue
		}
		read++
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s holds %q, %v", key, got, err)
		}
		if _, err := d.Get(t.Context(), key, want.Size-1); !errors.Is(err, storage.ErrTooLarge) {
			t.Errorf("%s with too small a limit: %v", key, err)
		}
	}
	if want := int(small.manifests()*4 + small.used()); read != want {
		t.Errorf("%d objects can be read, want %d", read, want)
	}
	absent := digest.FromString("absent")
	elsewhere := list(t, d, layout.Repositories+"r0000000001/_layers/", storage.ListOptions{})[0].Key
	revision := list(t, d, layout.Repositories+"r0000000001/_manifests/revisions/", storage.ListOptions{})[0].Key
	for _, key := range []string{
		"", "docker", layout.BlobKey(absent), layout.BlobKey(digest.SHA512.FromString("")),
		layout.Repositories + "r0000000001", layout.Repositories + "r0000000003" + elsewhere[len(layout.Repositories)+11:],
		layout.Repositories + "r0000000002" + elsewhere[len(layout.Repositories)+11:],
		layout.Repositories + "r0000000002" + revision[len(layout.Repositories)+11:],
		layout.Repositories + "q0000000001" + elsewhere[len(layout.Repositories)+11:],
		layout.Repositories + "r0000000001/_manifests/tags/v0000000004/current/link",
		layout.Repositories + "r0000000001/_manifests/tags/latest/current/link",
		layout.Repositories + "r0000000001/_manifests/tags/v0000000001/index/sha256/" + absent.Encoded() + "/link",
		layout.Repositories + "r0000000001/_uploads/1/data",
	} {
		if _, err := d.Get(t.Context(), key, 1<<20); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("get of %q: %v", key, err)
		}
		if _, err := d.Stat(t.Context(), key); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("stat of %q: %v", key, err)
		}
	}
}

// The collector makes of both the same plan.
func TestPlanAsOfAStore(t *testing.T) {
	d := open(t, small)
	for _, untagged := range []bool{false, true} {
		plan := func(r storage.Reader) (blobsweep.Report, []blobsweep.Candidate) {
			run, err := blobsweep.Plan(t.Context(), r, blobsweep.Options{Offline: true, DeleteUntagged: untagged})
			if err != nil {
				t.Fatal(err)
			}
			return run.Report(), slices.Collect(run.Candidates())
		}
		report, candidates := plan(d)
		want, wantCandidates := plan(stored(t, d))
		if diff := cmp.Diff(want.Counts, report.Counts); diff != "" {
			t.Errorf("untagged go %v: %s", untagged, diff)
		}
		if diff := cmp.Diff(wantCandidates, candidates); diff != "" {
			t.Errorf("untagged go %v: %s", untagged, diff)
		}
		if report.Requests.Get == 0 || report.Requests.List == 0 {
			t.Errorf("requests are not counted: %+v", report.Requests)
		}
	}
}

func TestManifestsHashToTheirDigests(t *testing.T) {
	d := open(t, small)
	for image := range d.shape.manifests() {
		text := d.manifests.appendText(nil, image)
		if sha256.Sum256(text) != d.manifests.sums[image] || int64(len(text)) != d.length {
			t.Errorf("the manifest of image %d: %d bytes", image, len(text))
		}
	}
}

func TestNumbersOfLayers(t *testing.T) {
	s, err := shapeOf(Smallest)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for repository := range s.repositories {
		last := int64(-1)
		for nth := range s.links() {
			layer := s.layer(repository, nth)
			r, n := s.linked(layer)
			if seen[layer] || layer <= last || layer >= s.used() || r != repository || n != nth {
				t.Fatalf("link %d of repository %d is layer %d, which is link %d of %d", nth, repository, layer, n, r)
			}
			seen[layer], last = true, layer
		}
		needed := map[int64]bool{}
		for image := repository * s.images; image < (repository+1)*s.images; image++ {
			for nth := range s.layers {
				needed[s.link(image, nth)] = true
			}
		}
		if int64(len(needed)) != s.links() {
			t.Fatalf("the images of repository %d need %d of %d links", repository, len(needed), s.links())
		}
	}
}

func TestLatticesKeepTheOrder(t *testing.T) {
	for _, n := range []int64{1, 2, 3, 1000, 1 << 40} {
		l := lattice{n, 42}
		var last sum
		for i := max(0, n-2000); i < n; i++ {
			s := l.at(i)
			if bytes.Compare(last[:], s[:]) >= 0 {
				t.Fatalf("%d of %d is not after the one before", i, n)
			}
			if at, ok := l.find(s); !ok || at != i {
				t.Fatalf("%d of %d is found at %d, %v", i, n, at, ok)
			}
			s[31]++
			if _, ok := l.find(s); ok {
				t.Fatalf("another digest than %d of %d is found", i, n)
			}
			s[31]--
			last = s
		}
	}
	var highest sum
	for i := range highest {
		highest[i] = 0xff
	}
	if _, ok := (lattice{1000, 42}).find(highest); ok {
		t.Error("the highest digest is found")
	}
}

func TestSizes(t *testing.T) {
	for _, blobs := range []int64{Smallest, 123_457, 1e6, 1e8, Largest} {
		s, err := shapeOf(blobs)
		if err != nil || s.blobs() != blobs || s.orphans < blobs/orphansOf || s.orphans > blobs/2 {
			t.Errorf("%d blobs: %+v, %v", blobs, s, err)
		}
	}
	for _, blobs := range []int64{-1, 0, Smallest - 1, Largest + 1} {
		if _, err := New(t.Context(), blobs); !errors.Is(err, errSize) {
			t.Errorf("%d blobs: %v", blobs, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	d := open(t, small)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range d.List(ctx, "", storage.ListOptions{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("list: %v", err)
		}
	}
	if _, err := d.Get(ctx, "x", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("get: %v", err)
	}
	if _, err := d.Stat(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("stat: %v", err)
	}
	if _, err := newDriver(ctx, small); !errors.Is(err, context.Canceled) {
		t.Errorf("new: %v", err)
	}
}

func TestListPagesAreCounted(t *testing.T) {
	d := open(t, small)
	before := d.Requests()
	if n := len(list(t, d, layout.Blobs, storage.ListOptions{})); n != int(small.blobs()) {
		t.Fatalf("%d blobs", n)
	}
	list(t, d, "nothing", storage.ListOptions{})
	if got := d.Requests().Sub(before); got != (storage.Requests{List: 2}) {
		t.Errorf("%+v", got)
	}
}
