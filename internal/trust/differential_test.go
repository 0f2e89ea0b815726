package trust_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// differentialCases is how many trees there are for each backend.
const differentialCases = 150

// TestReleaseAgreesWithCollection holds two readings of the laws against each
// other: a release knows what is needed by a catalog, a collection by its marks. Of
// trees that are made up at random, and then damaged, a release of some tags must
// not let go of more than a collection would without those tags, and what is left
// must be whole, also after collections in both modes.
func TestReleaseAgreesWithCollection(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			went := 0
			for seed := range uint64(differentialCases) {
				went += agree(t, b, seed)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			if went == 0 {
				t.Error("nothing ever went")
			}
		})
	}
}

// agree holds a release against collections of one tree, and returns how many
// manifests went.
func agree(t *testing.T, b backend, seed uint64) (went int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 20))
	var tree *fixture.Tree
	if seed%3 == 0 {
		tree = fixture.NewWild(now.Add(-time.Hour)).Tree
	} else {
		tree = (&invented{Tree: fixture.New(now.Add(-30 * 24 * time.Hour)), rnd: rnd}).build()
	}
	if seed%2 == 0 {
		damage(tree, rnd)
	}
	d, left := b.open(t, tree)
	c := readCatalog(t, d)
	without := tree.Clone()
	var targets []release.Target
	for _, r := range c.Repositories {
		target := release.Target{Repository: r.Name}
		for _, tag := range r.Tags {
			if !r.Odd && rnd.IntN(3) == 0 {
				target.Tags = append(target.Tags, release.Choice{Name: tag.Name})
				without.Untag(r.Name, tag.Name)
			}
		}
		targets = append(targets, target)
	}
	var risks []sweep.Blocker
	if rnd.IntN(2) == 0 {
		risks = sweep.Blockers()
	}
	p, err := release.New(c, slices.DeleteFunc(targets, func(t release.Target) bool { return t.Tags == nil }),
		release.Options{Offline: true, AcceptRisk: risks, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	unneeded := unneededIn(t, b, without, c, p)
	for s := range p.Steps() {
		if s.Kind != release.Manifest {
			continue
		}
		went++
		if !unneeded[s.Repository+"@"+string(s.Digest)] {
			t.Errorf("a release lets go of %s@%s (%s), and a collection would not", s.Repository, s.Digest, s.Reason)
		}
	}
	if len(p.BlockedBy()) > 0 {
		return 0
	}
	if err := p.Execute(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	assertStillWhole(t, tree, left())
	for _, untagged := range []bool{false, true} {
		plan, err := sweep.New(t.Context(), d, sweep.Options{
			Offline: true, DeleteUntagged: untagged, AcceptRisk: sweep.Blockers(), Now: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Execute(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		assertStillWhole(t, tree, left())
	}
	return went
}

// unneededIn are the revisions that a collection would remove of a tree in which
// the tags that a release removes are gone, as repository@digest.
func unneededIn(t *testing.T, b backend, tree *fixture.Tree, c *catalog.Catalog, p *release.Plan) map[string]bool {
	t.Helper()
	unneeded := map[string]bool{}
	for s := range p.Steps() {
		r, err := c.Repository(s.Repository)
		if err != nil {
			t.Fatal(err)
		}
		// What a tag names goes with its last tag, understood or not; a collection
		// keeps what is not understood (laws 3 and 4).
		if m := r.Manifests[s.Digest]; s.Kind == release.Manifest && m.State != catalog.Understood && len(r.TagsByDigest()[s.Digest]) > 0 {
			tree.Remove(layout.Path{Kind: layout.RevisionLink, Repository: r.Name, Digest: s.Digest})
			unneeded[r.Name+"@"+string(s.Digest)] = true
		}
	}
	d, _ := b.open(t, tree)
	plan, err := sweep.New(t.Context(), d, sweep.Options{
		Offline: true, DeleteUntagged: true, AcceptRisk: sweep.Blockers(), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	for candidate := range plan.Candidates() {
		if candidate.Kind == sweep.Manifest {
			unneeded[candidate.Repository+"@"+string(candidate.Digest)] = true
		}
	}
	return unneeded
}

// assertStillWhole fails the test when a tag that is left lacks something that it
// had. It reads manifests by itself, and knows nothing of laws.
func assertStillWhole(t *testing.T, before, after *fixture.Tree) {
	t.Helper()
	pullers := map[string]*puller{}
	for key, file := range after.Files {
		path, ok := layout.Parse(key)
		if !ok || path.Kind != layout.TagLink {
			continue
		}
		if !bytes.Equal(before.Files[key].Content, file.Content) {
			t.Errorf("%s:%s has moved", path.Repository, path.Tag)
		}
		if pullers[path.Repository] == nil {
			pullers[path.Repository] = newPuller(before, path.Repository)
		}
		p := pullers[path.Repository]
		root := layout.Path{Kind: layout.RevisionLink, Repository: path.Repository, Digest: digest.Digest(file.Content)}
		if key, err := root.Key(); err != nil || before.Files[key].Content == nil {
			continue // nobody could pull it
		}
		p.needs = map[string]bool{}
		p.pull(digest.Digest(file.Content))
		for need := range p.needs {
			_, was := before.Files[need]
			if _, is := after.Files[need]; was && !is {
				t.Errorf("%s:%s needs %s, which went", path.Repository, path.Tag, need)
			}
		}
	}
}

// puller knows a repository as a client sees it.
type puller struct {
	*fixture.Tree
	repository string
	referrers  map[digest.Digest][]digest.Digest // revisions, by their subject
	needs      map[string]bool                   // keys
}

func newPuller(tree *fixture.Tree, repository string) *puller {
	p := &puller{tree, repository, map[digest.Digest][]digest.Digest{}, nil}
	for key := range tree.Files {
		if path, ok := layout.Parse(key); ok && path.Kind == layout.RevisionLink && path.Repository == repository {
			if subject := p.describe(p.stored(path)).Subject.Digest; subject != "" {
				p.referrers[subject] = append(p.referrers[subject], path.Digest)
			}
		}
	}
	return p
}

// stored is the digest under which the bytes lie that a link gives access to.
func (p *puller) stored(link layout.Path) digest.Digest {
	held := digest.Digest(p.Files[fixture.Key(link)].Content)
	if link.Digest.Algorithm() != digest.SHA256 && held.Validate() == nil {
		return held
	}
	return link.Digest
}

// link needs a link and its bytes, and reports whether that was news.
func (p *puller) link(kind layout.Kind, d digest.Digest) (stored digest.Digest, news bool) {
	path := layout.Path{Kind: kind, Repository: p.repository, Digest: d}
	key, err := path.Key()
	if err != nil || p.needs[key] {
		return "", false
	}
	stored = p.stored(path)
	p.needs[key], p.needs[layout.BlobKey(stored)] = true, true
	return stored, true
}

// pull needs what a manifest needs, and what refers to it.
func (p *puller) pull(d digest.Digest) {
	stored, news := p.link(layout.RevisionLink, d)
	if !news {
		return
	}
	m := p.describe(stored)
	for _, child := range m.Manifests {
		if strings.Contains(child.MediaType, "layer") || strings.Contains(child.MediaType, "cacheconfig") {
			p.link(layout.LayerLink, child.Digest)
		} else {
			p.pull(child.Digest)
		}
	}
	for _, blob := range slices.Concat(m.Layers, m.Blobs, []v1.Descriptor{m.Config}) {
		p.link(layout.LayerLink, blob.Digest)
	}
	for _, layer := range m.FSLayers {
		p.link(layout.LayerLink, layer.BlobSum)
	}
	for _, referrer := range slices.Concat(p.referrers[d], p.referrers[stored]) {
		p.pull(referrer)
	}
}

// described is a manifest as a client reads it.
type described struct {
	Config                   v1.Descriptor
	Layers, Blobs, Manifests []v1.Descriptor
	FSLayers                 []struct{ BlobSum digest.Digest }
	Subject                  v1.Descriptor
}

// describe reads a manifest. Of one that is damaged it says nothing.
func (p *puller) describe(d digest.Digest) (m described) {
	content := p.Files[layout.BlobKey(d)].Content
	if json.Unmarshal(content, &m) != nil || m.FSLayers == nil && digest.FromBytes(content) != d {
		return described{}
	}
	return m
}

// invented is a tree that is made up at random.
type invented struct {
	*fixture.Tree
	rnd       *rand.Rand
	manifests []v1.Descriptor // of the repository
}

func (n *invented) build() *fixture.Tree {
	for _, repository := range []string{"a", "a/b", "c"} {
		n.manifests = nil
		for i := range 2 + n.rnd.IntN(9) {
			n.manifests = append(n.manifests, n.manifest(repository, fmt.Sprint(i)))
		}
		for i := range n.rnd.IntN(5) {
			for range 1 + n.rnd.IntN(2) { // it may move
				n.Tag(repository, fmt.Sprint("t", i), n.any().Digest)
			}
		}
		if n.rnd.IntN(3) == 0 {
			subject := strings.Replace(n.any().Digest.String(), ":", "-", 1)
			n.Tag(repository, subject[:min(len(subject), 71)]+".sig", n.any().Digest)
		}
	}
	return n.Tree
}

// any is a manifest that was made before.
func (n *invented) any() v1.Descriptor { return n.manifests[n.rnd.IntN(len(n.manifests))] }

// manifest makes one of some type, of what was made before.
func (n *invented) manifest(repository, name string) v1.Descriptor {
	layer := func() string { return fmt.Sprint("layer ", n.rnd.IntN(6)) }
	if len(n.manifests) == 0 {
		return n.Image(repository, name, layer())
	}
	switch n.rnd.IntN(12) {
	case 0, 1:
		return n.Index(repository, n.any(), n.any())
	case 2:
		return n.List(repository, n.any(), fixture.Describe(fixture.DockerManifest, []byte("absent")))
	case 3, 4:
		return n.Referrer(repository, name, n.any())
	case 5: // a child without a media type, and a layer in its place
		untyped := n.any()
		untyped.MediaType = ""
		return n.Index(repository, untyped, n.Layer(repository, layer()))
	case 6: // an index that refers to something
		subject := n.any()
		return n.ManifestOf(repository, v1.MediaTypeImageIndex, map[string]any{
			"schemaVersion": 2, "mediaType": v1.MediaTypeImageIndex,
			"manifests": []v1.Descriptor{n.any()}, "subject": subject,
		})
	case 7: // of a type that is not known
		return n.ManifestOf(repository, "", map[string]any{
			"mediaType": "application/vnd.example.strange", "pieces": []any{n.any().Digest, n.Layer(repository, layer()).Digest},
		})
	case 8: // pushed under another algorithm
		bySHA256 := n.manifest(repository, name)
		if bySHA256.Digest.Algorithm() != digest.SHA256 {
			return bySHA256
		}
		bySHA512 := bySHA256
		bySHA512.Digest = digest.SHA512.FromBytes(n.Files[layout.BlobKey(bySHA256.Digest)].Content)
		n.Add(layout.Path{Kind: layout.RevisionLink, Repository: repository, Digest: bySHA512.Digest}, []byte(bySHA256.Digest))
		if n.rnd.IntN(2) == 0 {
			n.Remove(layout.Path{Kind: layout.RevisionLink, Repository: repository, Digest: bySHA256.Digest})
		}
		return bySHA512
	case 9: // stored, and not linked
		child := n.Image(repository, name, layer())
		n.Remove(layout.Path{Kind: layout.RevisionLink, Repository: repository, Digest: child.Digest})
		return child
	case 10:
		return n.Schema1(repository, name, n.Layer(repository, layer()))
	}
	return n.Image(repository, name, layer(), layer())
}

// damage does to a tree what storage does to trees: links are lost, emptied,
// truncated and mixed up, and bytes are changed.
func damage(tree *fixture.Tree, rnd *rand.Rand) {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(tree.Files)), func(key string) bool {
		p, ok := layout.Parse(key)
		return !ok || p.Kind == layout.BlobData && rnd.IntN(8) > 0
	})
	for range 1 + rnd.IntN(6) {
		key, other := keys[rnd.IntN(len(keys))], keys[rnd.IntN(len(keys))]
		file, ok := tree.Files[key]
		if !ok {
			continue
		}
		switch rnd.IntN(4) {
		case 0:
			delete(tree.Files, key)
			continue
		case 1:
			file.Content = nil
		case 2:
			file.Content = file.Content[:len(file.Content)/2]
		case 3:
			file.Content = tree.Files[other].Content
		}
		tree.Files[key] = file
	}
}
