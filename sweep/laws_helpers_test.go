package sweep_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// start is when every run of these tests starts, and old is long before.
var (
	start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	old   = start.Add(-30 * 24 * time.Hour)
)

// when says in which runs something is expected; the zero value is all.
type when uint8

const (
	inDefault when = 1 << iota
	untagged       // with DeleteUntagged
	onFlat         // the memory driver
	onTree         // the filesystem driver

	always when = 0
)

// in reports whether a run is one of those. Modes and backends narrow each
// other down.
func (w when) in(run when) bool {
	modes, backends := w&(inDefault|untagged), w&(onFlat|onTree)
	return (modes == 0 || modes&run != 0) && (backends == 0 || backends&run != 0)
}

// lawCase builds a tree and says what must become of it. Whatever it does not
// say must go must be there afterwards as it was before.
type lawCase struct {
	name  string
	build func(c *scenario)
}

// scenario is the tree of a case with what is expected.
type scenario struct {
	*fixture.Tree
	options sweep.Options

	going, recent map[when][]string
	findings      map[when][]mark.FindingKind
	blockers      map[when][]sweep.Blocker
	staying       []string // empty directories
	outside       string   // a directory out of the tree
	hidden        bool     // there are strangers where nobody looks on a tree
	unread        bool     // there are tags without a link, where nobody looks on a tree
}

func newScenario(t *testing.T, c lawCase) *scenario {
	s := &scenario{
		Tree:  fixture.New(old),
		going: map[when][]string{}, recent: map[when][]string{},
		findings: map[when][]mark.FindingKind{}, blockers: map[when][]sweep.Blocker{},
		outside: t.TempDir(),
	}
	c.build(s)
	return s
}

// goes expects objects to be removed.
func (s *scenario) goes(w when, paths ...layout.Path) {
	for _, p := range paths {
		s.going[w] = append(s.going[w], fixture.Key(p))
	}
}

// ages expects objects that nothing needs to be kept for their age, and
// counted so.
func (s *scenario) ages(w when, paths ...layout.Path) {
	for _, p := range paths {
		s.recent[w] = append(s.recent[w], fixture.Key(p))
	}
}

func (s *scenario) finds(w when, kinds ...mark.FindingKind) {
	s.findings[w] = append(s.findings[w], kinds...)
}

func (s *scenario) blocks(w when, b sweep.Blocker) { s.blockers[w] = append(s.blockers[w], b) }

// garbage stores a blob that nothing needs.
func (s *scenario) garbage(name string) {
	s.goes(always, blob(s.Blob("", []byte("garbage "+name)).Digest))
}

// incomplete is the key in a tree of what is no object: a multipart upload
// under way.
func incomplete(key, id string) string { return incompletePrefix + id + " " + key }

const incompletePrefix = "incomplete multipart upload "

// cutIncomplete takes such a key apart.
func cutIncomplete(s string) (key, id string, ok bool) {
	s, ok = strings.CutPrefix(s, incompletePrefix)
	id, key, _ = strings.Cut(s, " ")
	return key, id, ok
}

// begin begins a multipart upload some time from the start of the run, and
// expects it to stay.
func (s *scenario) begin(age time.Duration, key, id string, bytes int) (name string) {
	name = incomplete(key, id)
	s.Files[name] = fixture.File{Content: make([]byte, bytes), ModTime: start.Add(age)}
	return name
}

// begun begins one and expects it to go.
func (s *scenario) begun(age time.Duration, key, id string, bytes int) {
	s.going[always] = append(s.going[always], s.begin(age, key, id, bytes))
}

// beginRecent begins one and expects it to stay for its age.
func (s *scenario) beginRecent(age time.Duration, key, id string) {
	s.recent[always] = append(s.recent[always], s.begin(age, key, id, 10))
}

// marker stores a directory marker, as some object stores have them, and says
// whether it goes.
func (s *scenario) marker(prefix string, goes bool) {
	s.Put(prefix, nil)
	if goes {
		s.going[always] = append(s.going[always], prefix)
	}
}

func blob(d digest.Digest) layout.Path { return layout.Path{Kind: layout.BlobData, Digest: d} }

func revision(repository string, d digest.Digest) layout.Path {
	return layout.Path{Kind: layout.RevisionLink, Repository: repository, Digest: d}
}

func layer(repository string, d digest.Digest) layout.Path {
	return layout.Path{Kind: layout.LayerLink, Repository: repository, Digest: d}
}

func tagLink(repository, tag string) layout.Path {
	return layout.Path{Kind: layout.TagLink, Repository: repository, Tag: tag}
}

func entry(repository, tag string, d digest.Digest) layout.Path {
	return layout.Path{Kind: layout.TagIndexLink, Repository: repository, Tag: tag, Digest: d}
}

func signatureLink(repository string, d, signature digest.Digest) layout.Path {
	return layout.Path{Kind: layout.SignatureLink, Repository: repository, Digest: d, Signature: signature}
}

func upload(repository, id string) []layout.Path {
	p := layout.Path{Repository: repository, Upload: id}
	started, data, state := p, p, p
	started.Kind, data.Kind, state.Kind = layout.UploadStartedAt, layout.UploadData, layout.UploadHashState
	state.Algorithm, state.Offset = "sha256", "12"
	return []layout.Path{started, data, state}
}

// links are what a repository holds of manifests: their revision links and
// those of what they reference as layers.
func (s *scenario) links(repository string, manifests ...v1.Descriptor) []layout.Path {
	var paths []layout.Path
	for _, m := range manifests {
		paths = append(paths, revision(repository, m.Digest))
		for _, d := range s.parts(m) {
			paths = append(paths, layer(repository, d))
		}
	}
	return paths
}

// blobs are the bytes of manifests and of what they reference as layers.
func (s *scenario) blobs(manifests ...v1.Descriptor) []layout.Path {
	var paths []layout.Path
	for _, m := range manifests {
		for _, d := range append(s.parts(m), m.Digest) {
			paths = append(paths, blob(d))
		}
	}
	return paths
}

// whole is links and blobs.
func (s *scenario) whole(repository string, manifests ...v1.Descriptor) []layout.Path {
	return append(s.links(repository, manifests...), s.blobs(manifests...)...)
}

// parts are the digests of a manifest's configuration and layers.
func (s *scenario) parts(m v1.Descriptor) []digest.Digest {
	var doc struct {
		Config        *v1.Descriptor
		Layers, Blobs []v1.Descriptor
		FSLayers      []struct{ BlobSum digest.Digest }
	}
	if err := json.Unmarshal(s.Files[fixture.Key(blob(m.Digest))].Content, &doc); err != nil {
		panic(fmt.Sprintf("%s is no manifest: %v", m.Digest, err))
	}
	var digests []digest.Digest
	if doc.Config != nil {
		digests = append(digests, doc.Config.Digest)
	}
	for _, d := range append(doc.Layers, doc.Blobs...) {
		digests = append(digests, d.Digest)
	}
	for _, l := range doc.FSLayers {
		digests = append(digests, l.BlobSum)
	}
	slices.Sort(digests)
	return slices.Compact(digests)
}

// holds runs cases over both drivers where they can be expressed, in both
// modes, with one worker and with several.
func holds(t *testing.T, cases []lawCase) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t, c)
			s.everyRun(t, s.check)
		})
	}
}

// everyRun calls f with a fresh copy of the tree for every combination of
// driver, mode and number of workers. The calls run side by side, and may go on
// after it has returned.
func (s *scenario) everyRun(t *testing.T, f func(t *testing.T, run when, opts sweep.Options, b backend)) {
	if !s.expressible(onFlat) && !s.expressible(onTree) {
		t.Error("no driver can hold this tree")
	}
	for _, run := range []when{inDefault | onFlat, untagged | onFlat, inDefault | onTree, untagged | onTree} {
		open := filesystemOf
		if run&onFlat != 0 {
			open = memoryOf
		}
		if !s.expressible(run) {
			continue
		}
		for _, workers := range []int{1, 8} {
			opts := s.options
			opts.Now, opts.Workers, opts.DeleteUntagged = start, workers, run&untagged != 0
			name := fmt.Sprintf("untagged=%v/tree=%v/workers=%d", opts.DeleteUntagged, run&onTree != 0, workers)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f(t, run, opts, open(t, s.Tree))
			})
		}
	}
}

// expressible reports whether a driver can hold the tree: flat stores have no
// directories and no symbolic links, filesystems no keys that end in a slash
// and no multipart uploads.
func (s *scenario) expressible(run when) bool {
	if run&onFlat != 0 {
		return len(s.Dirs)+len(s.Symlinks) == 0
	}
	for key := range s.Files {
		if _, _, incomplete := cutIncomplete(key); incomplete || strings.HasSuffix(key, "/") {
			return false
		}
	}
	return true
}

// expected gathers what a run has to expect.
func expected[T any](by map[when][]T, run when) []T {
	all := []T{}
	for w, values := range by {
		if w.in(run) {
			all = append(all, values...)
		}
	}
	return all
}

// same compares sets.
func same[T ~string](t *testing.T, what string, want, got []T) {
	t.Helper()
	set := func(values []T) []T { return slices.Compact(slices.Sorted(slices.Values(values))) }
	if diff := cmp.Diff(set(want), set(got), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func kinds(findings []mark.Finding) []mark.FindingKind {
	all := make([]mark.FindingKind, len(findings))
	for i, f := range findings {
		all[i] = f.Kind
	}
	return all
}

// candidatesOf turns keys into what stands for them in a list of candidates:
// uploads have one for all their files, signatures none.
func candidatesOf(keys []string) []string {
	var all []string
	for _, key := range keys {
		if key, _, ok := cutIncomplete(key); ok {
			all = append(all, incomplete(key, ""))
			continue
		}
		p, ok := layout.Parse(key)
		switch {
		case !ok || p.Kind == layout.SignatureLink:
		case p.Upload != "":
			all = append(all, "upload "+p.Repository+" "+p.Upload)
		default:
			all = append(all, key)
		}
	}
	return all
}

func candidateKeys(plan *sweep.Plan) []string {
	var all []string
	for c := range plan.Candidates() {
		switch c.Kind {
		case sweep.TagIndexEntry:
			all = append(all, fixture.Key(entry(c.Repository, c.Tag, c.Digest)))
		case sweep.Manifest:
			all = append(all, fixture.Key(revision(c.Repository, c.Digest)))
		case sweep.LayerLink:
			all = append(all, fixture.Key(layer(c.Repository, c.Digest)))
		case sweep.Blob:
			all = append(all, fixture.Key(blob(c.Digest)))
		case sweep.Upload:
			all = append(all, "upload "+c.Repository+" "+c.Upload)
		case sweep.MultipartUpload:
			all = append(all, incomplete(c.Key, ""))
		case sweep.EmptyDirectory: // compared as directories
		}
	}
	return all
}
