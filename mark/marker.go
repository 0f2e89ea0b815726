package mark

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// Options of a [Marker]. All fields but the flags are required.
type Options struct {
	// DeleteUntagged makes tags the roots instead of all linked revisions.
	DeleteUntagged bool
	// MaxManifestSize is the largest manifest that is read, in bytes.
	MaxManifestSize int64
	// DeclaredSizes asks to remember the sizes that manifests declare, for
	// backends whose listings carry none.
	DeclaredSizes bool

	Pool *parallel.Pool
	// Age tells how old a link is.
	Age func(ctx context.Context, key string, l inventory.Link) (inventory.Age, error)
	// OnFinding is told of faults, concurrently.
	OnFinding func(Finding)
	// OnManifest, when set, is told of every manifest read, concurrently.
	OnManifest func()
}

// Marker marks the repositories of one registry. It remembers what manifests
// reference, up to 128 MiB of it, so that one that several repositories link is
// read once; with DeleteUntagged also what those of each repository reference
// that is being marked.
type Marker struct {
	reader    storage.Reader
	opts      Options
	marks     *set
	manifests manifests
	scratches sync.Pool // of *scratch
	blocked   atomic.Bool

	// missed are the manifests taken for absent, by Key. Mostly there is none, and
	// every blob is looked up.
	missed    sync.Map
	anyMissed atomic.Bool
}

// New returns a marker that has marked nothing yet.
func New(r storage.Reader, opts Options) *Marker {
	return &Marker{
		reader: r, opts: opts, marks: newSet(opts.DeclaredSizes),
		manifests: manifests{limit: recallLimit / recallShards},
	}
}

// Marked reports whether anything that is kept needs the digest, and with
// DeclaredSizes the size in bytes that manifests declare, where there is one
// and they agree, or else -1.
func (m *Marker) Marked(algorithm, hex string) (bool, int64) {
	return m.marks.has(KeyOf(algorithm, hex))
}

// Missed reports whether the digest is a manifest's that was taken for absent.
// If its bytes turn up in a listing after all, that was an error.
func (m *Marker) Missed(l inventory.Link) bool {
	if !m.anyMissed.Load() {
		return false
	}
	_, ok := m.missed.Load(KeyOf(l.Algorithm, l.Hex))
	return ok
}

func (m *Marker) miss(d digest.Digest) {
	m.missed.Store(DigestKey(d), true)
	m.anyMissed.Store(true)
}

// Pin marks one digest, without reading it.
func (m *Marker) Pin(d digest.Digest) { m.marks.add(DigestKey(d), untold) }

// Blocked reports whether a manifest was met whose references cannot be known.
func (m *Marker) Blocked() bool { return m.blocked.Load() }

// Size is how many digests are marked, and how many bytes it takes to know them.
func (m *Marker) Size() (digests int, bytes int64) { return m.marks.len(), m.marks.bytes() }

// Closure adds to keys the digest and everything that it needs, directly or
// through other manifests: those that are referenced as such, and those that
// linked returns for a key. It reads manifests that are not remembered, and
// fails when one is gone that was there before: it is linked or marked and was not
// absent then, or the caller has seen its bytes.
func (m *Marker) Closure(ctx context.Context, d digest.Digest, linked func(Key) []digest.Digest, saw func(digest.Digest) bool, keys map[Key]bool) error {
	return reach(ctx, parallel.New(1), []visit{{d, asChild}}, map[visit]bool{}, func(ctx context.Context, v visit) ([]visit, error) {
		key := DigestKey(v.digest)
		keys[key] = true
		_, missed := m.missed.Load(key)
		mf, err := m.load(ctx, v.digest)
		if err != nil {
			return nil, err
		}
		if mf.status == absent && !missed {
			marked, _ := m.marks.has(key)
			if marked || saw(v.digest) || slices.Contains(linked(key), v.digest) {
				return nil, &storage.Error{Op: "get", Key: layout.BlobKey(v.digest), Err: inventory.ErrVanished}
			}
		}
		next := slices.Clone(mf.children)
		for _, k := range mf.keys {
			keys[k] = true
			for _, revision := range linked(k) {
				next = append(next, visit{revision, asChild})
			}
		}
		return next, nil
	})
}

// report makes a finding of a manifest that the repository keeps but that
// could not be read as one. It blocks the plan when what the manifest
// references cannot be known.
func (m *Marker) report(repository string, v visit, linked bool, mf *manifest) {
	f, blocks, ok := faultFinding(repository, v.digest, linked, mf.status, len(mf.keys), m.opts.MaxManifestSize)
	if !ok {
		return
	}
	if blocks {
		m.blocked.Store(true)
	}
	m.opts.OnFinding(f)
}

// faultFinding is what is wrong with a manifest that a repository keeps, if
// anything is, and whether what it references cannot be known for that.
func faultFinding(repository string, d digest.Digest, linked bool, status status, references int, limit int64) (f Finding, blocks, ok bool) {
	f = Finding{Repository: repository, Key: layout.BlobKey(d)}
	switch status {
	case absent:
		if !linked {
			return f, false, false // a sparse index is legal
		}
		f.Kind = DanglingRevision
		f.Key = layout.Repository(repository) + "_manifests/revisions/" + d.Algorithm().String() + "/" + d.Encoded() + "/link"
		f.Detail = "the revision is linked but the manifest's bytes are gone; it cannot be pulled: push it again"
	case unknown:
		f.Kind = UnknownManifest
		f.Detail = fmt.Sprintf("a manifest of a type that is not known; it and the %d digests in its bytes are kept", references)
	case corrupt:
		f.Kind = CorruptManifest
		f.Detail = "the bytes do not hash to the digest, so what it references cannot be known; restore it from a backup, or delete the manifest and push it again"
		blocks = true
	case oversized:
		// Whoever can push can call any large blob a manifest. As long as it
		// is not linked as one, no registry serves it as one.
		f.Kind = OversizedManifest
		f.Detail = fmt.Sprintf("larger than %d bytes, so what it references was not read; raise the limit (--max-manifest-size), or delete the manifest", limit)
		return f, linked, linked
	case irregular:
		f.Kind = Symlink
		f.Detail = "the manifest lies behind a symbolic link, which is not followed; put the file in its place"
		blocks = true
	default:
		return f, false, false
	}
	return f, blocks, true
}
