package mark

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

// What is remembered of a manifest is what was read of it.
func TestRecall(t *testing.T) {
	d256, d512 := digest.SHA256.FromString("a"), digest.SHA512.FromString("a")
	for name, want := range map[string]*manifest{
		"nothing":  {status: absent},
		"schema 1": {status: understood, schema1: true, size: 1 << 40, keys: []Key{1, 1 << 63}},
		"all": {
			status: unknown, size: 7, keys: []Key{0, 5, 6}, sizes: []uint32{untold, 8, unclear},
			children: []visit{{d256, asChild}, {d512, asPerhaps}}, subject: d512,
		},
	} {
		ms := manifests{limit: 1000}
		for _, d := range []digest.Digest{d256, d512} {
			mf := ms.get(d)
			if again := ms.get(d); again != mf {
				t.Errorf("%s: one that is being read is read again", name)
			}
			mf.status, mf.schema1, mf.size = want.status, want.schema1, want.size
			mf.keys, mf.sizes, mf.children, mf.subject = want.keys, want.sizes, want.children, want.subject
			ms.settle(d, mf)
			got := ms.get(d)
			got.once.Do(func() { t.Errorf("%s: one that is remembered is read again", name) })
			if got == mf || fmt.Sprint(seen(got)) != fmt.Sprint(seen(want)) {
				t.Errorf("%s: %+v, want %+v", name, seen(got), seen(want))
			}
		}
		for i := range ms.shards {
			if n := len(ms.shards[i].reading); n > 0 {
				t.Errorf("%s: %d are still being read", name, n)
			}
		}
	}
}

// seen is what a manifest says.
func seen(mf *manifest) []any {
	return []any{mf.status, mf.schema1, mf.size, mf.keys, mf.sizes, mf.children, mf.subject}
}

// Digests of different algorithms stay apart, also where one is the beginning of
// the other.
func TestRecallTellsAlgorithmsApart(t *testing.T) {
	ms := manifests{limit: 1000}
	long := digest.SHA512.FromString("a")
	short := digest.NewDigestFromEncoded(digest.SHA256, long.Encoded()[64:]) // of the same shard
	mf := ms.get(long)
	mf.status = corrupt
	ms.settle(long, mf)
	if got := ms.get(short); got.status != 0 {
		t.Errorf("%s is taken for %s", short, long)
	}
}

func TestRecallIsBounded(t *testing.T) {
	const limit = 100_000
	ms := manifests{limit: limit}
	for i := range 20_000 {
		d := digest.FromString(fmt.Sprint(i))
		mf := ms.get(d)
		mf.keys = make([]Key, 20)
		ms.settle(d, mf)
	}
	for i := range ms.shards {
		sh := &ms.shards[i]
		if sh.used > limit+recallChunk+recallPlace || sh.used < limit || len(sh.reading) > 0 {
			t.Errorf("shard %d: %d bytes of %d, %d being read", i, sh.used, limit, len(sh.reading))
		}
	}
}

// What is left over of chunks counts, and stays small.
func TestRecallWastesLittle(t *testing.T) {
	const limit, records = 4 << 20, 4000
	for _, keys := range []int{100, 1_500, 2_100, 4_200, 9_000} {
		ms := manifests{limit: limit}
		for i := range records * 1_000 / keys {
			d := digest.FromString(fmt.Sprint(i))
			mf := ms.get(d)
			mf.keys = make([]Key, keys)
			ms.settle(d, mf)
		}
		for i := range ms.shards {
			held, used := 0, 0
			for _, chunk := range ms.shards[i].chunks {
				held += cap(chunk)
				used += len(chunk)
			}
			if held > limit*5/4 || used < held*2/3-recallChunk {
				t.Errorf("%d keys, shard %d: holds %d bytes of %d, uses %d", keys, i, held, limit, used)
			}
		}
	}
}

func TestRecallForgetsErrors(t *testing.T) {
	ms := manifests{limit: 1000}
	d := digest.FromString("a")
	mf := ms.get(d)
	mf.err = errors.New("boom")
	ms.settle(d, mf)
	if again := ms.get(d); again == mf || again.err != nil {
		t.Errorf("remembered: %v", again.err)
	}
}

func never(digest.Digest) bool { return false }

// forgetful returns a marker of a registry in memory that remembers nothing, the
// repository r of images that share a layer, and their digests.
func forgetful(t *testing.T, byTags bool) (*Marker, *memory.Driver, *inventory.Repository, []digest.Digest) {
	t.Helper()
	d := memory.New()
	put := func(key, content string) {
		if err := d.Put(t.Context(), key, []byte(content), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	r := &inventory.Repository{Name: "r", Prefix: layout.Repository("r"), Exists: true}
	var images []digest.Digest
	for i := range 3 {
		content := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[{"digest":"%s","size":1},{"digest":"%s","size":2}]}`,
			digest.FromString("shared"), digest.FromString(fmt.Sprint("own ", i)))
		image := digest.FromString(content)
		put(layout.BlobKey(image), content)
		put(r.Prefix+"_manifests/tags/v"+fmt.Sprint(i)+"/current/link", image.String())
		images = append(images, image)
		r.Revisions = append(r.Revisions, inventory.Link{Algorithm: "sha256", Hex: image.Encoded(), ModTime: time.Now()})
		r.Tags = append(r.Tags, inventory.Tag{Name: "v" + fmt.Sprint(i), Index: r.Revisions[i:]})
	}
	m := New(d, Options{
		DeleteUntagged: byTags, MaxManifestSize: 1 << 20, Pool: parallel.New(2),
		Age:       func(context.Context, string, inventory.Link) (inventory.Age, error) { return inventory.Old, nil },
		OnFinding: func(f Finding) { t.Errorf("found %+v", f) },
	})
	m.manifests.limit = -1
	return m, d, r, images
}

// What is forgotten is read again for another repository, and once for one.
func TestLaw02Forgotten(t *testing.T) {
	for _, byTags := range []bool{false, true} {
		m, _, r, images := forgetful(t, byTags)
		read := 0
		m.opts.OnManifest = func() { read++ }
		m.opts.Pool = parallel.New(1)
		for range 2 {
			kept, err := m.Repository(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"shared", "own 0", "own 1", "own 2"} {
				l := inventory.Link{Algorithm: "sha256", Hex: digest.FromString(name).Encoded()}
				if marked, _ := m.Marked(l.Algorithm, l.Hex); !marked || !kept.Needs(l) {
					t.Errorf("%s is lost", name)
				}
			}
		}
		if read != 2*len(images) {
			t.Errorf("by tags %v: %d manifests were read, want each of %d once for each of two repositories", byTags, read, len(images))
		}
	}
}

// A revision that was read, is forgotten and gone: what it needs is not known any
// more, so nothing may be removed that it could need.
func TestLaw09ForgottenAndGone(t *testing.T) {
	m, d, r, images := forgetful(t, false)
	if _, err := m.Repository(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	linked := func(k Key) (same []digest.Digest) {
		for _, image := range images {
			if DigestKey(image) == k {
				same = append(same, image)
			}
		}
		return same
	}
	keys := map[Key]bool{}
	if err := m.Closure(t.Context(), images[0], linked, never, keys); err != nil {
		t.Fatal(err)
	}
	want := map[Key]bool{DigestKey(images[0]): true, DigestKey(digest.FromString("shared")): true, DigestKey(digest.FromString("own 0")): true}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("needed (-want +got):\n%s", diff)
	}
	if err := d.Delete(t.Context(), layout.BlobKey(images[0])); err != nil {
		t.Fatal(err)
	}
	err := m.Closure(t.Context(), images[0], linked, never, keys)
	var named *storage.Error
	if !errors.Is(err, inventory.ErrVanished) || !errors.As(err, &named) || !strings.Contains(named.Key, images[0].Encoded()) {
		t.Errorf("error %v", err)
	}
	// A child that a sparse index names was never there.
	if err := m.Closure(t.Context(), digest.FromString("never"), linked, never, keys); err != nil {
		t.Errorf("of one that is no revision: %v", err)
	}
}

// The same of a child that was read, or whose bytes were seen, and that is not
// linked itself.
func TestLaw09ForgottenChildAndGone(t *testing.T) {
	for name, test := range map[string]struct {
		marked bool // the index is kept, so its child was read
		saw    bool
		want   error
	}{
		"read":   {true, false, inventory.ErrVanished},
		"seen":   {false, true, inventory.ErrVanished},
		"sparse": {false, false, nil},
	} {
		d := memory.New()
		put := func(content string) digest.Digest {
			of := digest.FromString(content)
			if err := d.Put(t.Context(), layout.BlobKey(of), []byte(content), time.Now()); err != nil {
				t.Fatal(err)
			}
			return of
		}
		child := put(fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[{"digest":"%s","size":1}]}`,
			digest.FromString("layer")))
		index := put(fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":1}]}`, child))
		m := New(d, Options{MaxManifestSize: 1 << 20, Pool: parallel.New(2), OnFinding: func(Finding) {}})
		m.manifests.limit = -1
		if test.marked {
			r := &inventory.Repository{Name: "r", Prefix: layout.Repository("r"), Exists: true}
			r.Revisions = []inventory.Link{{Algorithm: "sha256", Hex: index.Encoded(), ModTime: time.Now()}}
			if _, err := m.Repository(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Delete(t.Context(), layout.BlobKey(child)); err != nil {
			t.Fatal(err)
		}
		linked := func(Key) []digest.Digest { return nil }
		saw := func(of digest.Digest) bool { return test.saw && of == child }
		if err := m.Closure(t.Context(), index, linked, saw, map[Key]bool{}); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}
}
