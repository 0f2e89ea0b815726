package scale

import (
	"context"
	"encoding/hex"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// page is how many keys count as a request.
const page = 1000

// Changed is when everything was last changed.
var changed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// errMadeUp says that a blob has no bytes.
var errMadeUp = errors.New("only manifests have content in a registry that is made up")

// Driver is a registry that exists nowhere: a flat object store, which can only
// be read. It is safe for concurrent use.
type Driver struct {
	shape
	used, orphans lattice
	manifests     *manifests
	length        int64 // of a manifest

	lists, gets, stats atomic.Int64
}

var (
	_ storage.Reader    = (*Driver)(nil)
	_ storage.Requester = (*Driver)(nil)
)

// New makes up a registry of so many blobs, from [Smallest] to [Largest]. It
// hashes every manifest, some 10 seconds for 10^8 blobs, and holds 36 bytes of
// each, 0.7 bytes a blob.
func New(ctx context.Context, blobs int64) (*Driver, error) {
	s, err := shapeOf(blobs)
	if err != nil {
		return nil, err
	}
	return newDriver(ctx, s)
}

func newDriver(ctx context.Context, s shape) (*Driver, error) {
	d := &Driver{shape: s, used: lattice{s.used(), 1 << 62}, orphans: lattice{s.orphans, 1 << 63}}
	var err error
	d.manifests, err = newManifests(ctx, s, d.used, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	d.length = d.manifests.length()
	return d, nil
}

// cursor walks over keys in their order.
type cursor interface {
	seek(from string)
	next() (entry, bool)
}

// List implements [storage.Reader], at a request for each 1,000 keys.
func (d *Driver) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		listed, last := 0, opts.StartAfter
		for _, part := range []struct {
			prefix string
			cursor
		}{{layout.Blobs, d.blobs()}, {layout.Repositories, d.repositories()}} {
			if !strings.HasPrefix(prefix, part.prefix) && !strings.HasPrefix(part.prefix, prefix) {
				continue
			}
			part.seek(max(prefix, opts.StartAfter))
			for {
				if listed%page == 0 {
					if err := ctx.Err(); err != nil {
						yield(storage.Object{}, &storage.Error{Op: "list", Key: prefix, Err: err})
						return
					}
				}
				e, ok := part.next()
				if !ok || !strings.HasPrefix(e.key, prefix) {
					break
				}
				o := storage.Object{Key: e.key, Size: e.size, ModTime: changed}
				if slash := strings.IndexByte(e.key[len(prefix):], '/'); opts.Delimiter && slash >= 0 {
					group := e.key[:len(prefix)+slash]
					o = storage.Object{Key: group + "/", Size: -1, IsPrefix: true}
					part.seek(group + "0") // the byte after the slash: past the whole group
				}
				if o.Key <= last {
					continue // before the start, or a group that both parts are in
				}
				if listed%page == 0 {
					d.lists.Add(1)
				}
				listed, last = listed+1, o.Key
				if !yield(o, nil) {
					return
				}
			}
		}
		if listed == 0 {
			d.lists.Add(1)
		}
	}
}

// Get implements [storage.Reader], for manifests and links. No other blob has
// bytes.
func (d *Driver) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	d.gets.Add(1)
	fail := func(err error) ([]byte, error) { return nil, &storage.Error{Op: "get", Key: key, Err: err} }
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	found, ok := d.find(key)
	switch {
	case !ok:
		return fail(storage.ErrNotFound)
	case found.size > limit:
		return fail(storage.ErrTooLarge)
	case found.link != "":
		return []byte(found.link), nil
	case !found.manifest:
		return fail(errMadeUp)
	}
	return d.manifests.appendText(nil, found.image), nil
}

// Stat implements [storage.Reader].
func (d *Driver) Stat(ctx context.Context, key string) (storage.Object, error) {
	d.stats.Add(1)
	if err := ctx.Err(); err != nil {
		return storage.Object{}, &storage.Error{Op: "stat", Key: key, Err: err}
	}
	found, ok := d.find(key)
	if !ok {
		return storage.Object{}, &storage.Error{Op: "stat", Key: key, Err: storage.ErrNotFound}
	}
	return storage.Object{Key: key, Size: found.size, ModTime: changed}, nil
}

// Requests implements [storage.Requester].
func (d *Driver) Requests() storage.Requests {
	return storage.Requests{List: d.lists.Load(), Get: d.gets.Load(), Stat: d.stats.Load()}
}

// object is what lies under a key.
type object struct {
	size     int64
	manifest bool
	image    int64         // of a manifest
	link     digest.Digest // the content of a link
}

// find looks up a key.
func (d *Driver) find(key string) (object, bool) {
	p, ok := layout.Parse(key)
	if !ok {
		return object{}, false
	}
	if p.Kind == layout.BlobData {
		return d.blob(p.Digest)
	}
	repository, ok := numberOf(p.Repository, 'r', d.shape.repositories)
	if !ok {
		return object{}, false
	}
	link := object{size: linkLength, link: p.Digest}
	switch p.Kind {
	case layout.LayerLink:
		s, isSum := sumOf(p.Digest)
		layer, used := d.used.find(s)
		home, _ := d.linked(layer)
		return link, isSum && used && home == repository
	case layout.RevisionLink:
		blob, ok := d.blob(p.Digest)
		return link, ok && blob.manifest && blob.image/d.images == repository
	case layout.TagLink, layout.TagIndexLink:
		tag, ok := numberOf(p.Tag, 'v', d.images)
		if !ok {
			return object{}, false
		}
		s := d.manifests.sums[repository*d.images+tag]
		link.link = digest.NewDigestFromEncoded(digest.SHA256, hex.EncodeToString(s[:]))
		return link, p.Kind == layout.TagLink || p.Digest == link.link
	}
	return object{}, false
}

// blob looks up a blob.
func (d *Driver) blob(of digest.Digest) (object, bool) {
	s, ok := sumOf(of)
	if !ok {
		return object{}, false
	}
	if image, ok := d.manifests.find(s); ok {
		return object{size: d.length, manifest: true, image: image}, true
	}
	_, used := d.used.find(s)
	_, orphan := d.orphans.find(s)
	return object{size: size(s)}, used || orphan
}

// sumOf reads a digest, which is none of this registry unless it is of sha256.
func sumOf(d digest.Digest) (s sum, ok bool) {
	encoded, ok := strings.CutPrefix(string(d), "sha256:")
	if !ok {
		return s, false
	}
	n, err := hex.Decode(s[:], []byte(encoded))
	return s, err == nil && n == len(s)
}
