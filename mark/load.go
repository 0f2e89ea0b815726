package mark

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "crypto/sha512" // digests of manifests may be of this family
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"sync"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// status is how far a manifest could be read.
type status uint8

const (
	understood status = iota + 1
	absent            // proven twice
	unknown           // a type that is not known, or no manifest at all
	corrupt           // the bytes do not hash to the digest
	oversized         // larger than the limit
	irregular         // behind a symbolic link
)

// manifest is what one that was read says. It does not say whether the manifest
// is kept.
type manifest struct {
	once sync.Once
	err  error

	status  status
	schema1 bool
	size    int64
	// keys are those of everything that it references; sizes, where wanted,
	// are the declared ones, as a set holds them.
	keys  []Key
	sizes []uint32
	// children are the references to descend into.
	children []visit
	subject  digest.Digest
}

// load returns a manifest, reading it if it is not remembered.
func (m *Marker) load(ctx context.Context, d digest.Digest) (*manifest, error) {
	mf := m.manifests.get(d)
	mf.once.Do(func() {
		mf.err = m.read(ctx, d, mf)
		m.manifests.settle(d, mf)
	})
	return mf, mf.err
}

// scratch is what a manifest is read with. Nothing of it lasts.
type scratch struct {
	content    []byte
	references []reference
}

// scratchSize is more than nearly all manifests take, in bytes.
const scratchSize = 16 << 10

func newScratch() *scratch { return &scratch{content: make([]byte, scratchSize)} }

// read reads a manifest. What is kept of it is copied.
func (m *Marker) read(ctx context.Context, d digest.Digest, mf *manifest) error {
	scratch, ok := m.scratches.Get().(*scratch)
	if !ok {
		scratch = newScratch()
	}
	defer m.scratches.Put(scratch)
	key := layout.BlobKey(d)
	content, err := inventory.Confirm(func() ([]byte, error) {
		return storage.GetInto(ctx, m.reader, key, m.opts.MaxManifestSize, scratch.content)
	})
	switch {
	case errors.Is(err, storage.ErrNotFound):
		mf.status = absent
		m.miss(d)
		return nil
	case errors.Is(err, storage.ErrTooLarge):
		mf.status = oversized
		return nil
	case errors.Is(err, storage.ErrIrregular):
		mf.status = irregular
		return nil
	case err != nil:
		return err
	}
	mf.size = int64(len(content))
	if m.opts.OnManifest != nil {
		m.opts.OnManifest()
	}
	if !verified(d, content) {
		mf.status = corrupt
	} else if doc := parse(content, scratch.references[:0]); doc.known {
		scratch.references = doc.references
		mf.status = understood
		mf.schema1 = doc.schema1
		mf.subject = digest.Digest(doc.subject)
		m.fill(mf, doc.references)
		return nil
	} else {
		mf.status = unknown
	}
	// Laws 3 and 4: whatever the bytes name may be needed, as a blob or as a
	// manifest.
	var references []reference
	for _, named := range digestsIn(content) {
		references = append(references, reference{digest: []byte(named), untyped: true, noSize: true})
	}
	m.fill(mf, references)
	return nil
}

// fill notes what a manifest references.
func (m *Marker) fill(mf *manifest, references []reference) {
	mf.keys = make([]Key, len(references))
	if m.opts.DeclaredSizes {
		mf.sizes = make([]uint32, len(references))
	}
	for i, r := range references {
		algorithm, encoded, _ := bytes.Cut(r.digest, []byte(":"))
		mf.keys[i] = KeyOf(algorithm, encoded)
		if m.opts.DeclaredSizes && !r.noSize {
			mf.sizes[i] = sizeToTell(r.size)
		}
		switch {
		case r.manifest:
			mf.children = append(mf.children, visit{digest.Digest(r.digest), asChild})
		case r.untyped:
			mf.children = append(mf.children, visit{digest.Digest(r.digest), asPerhaps})
		}
	}
}

// verified reports whether the content is what the digest names: its bytes, or
// for a signed manifest of schema 1 the payload that was signed.
func verified(d digest.Digest, content []byte) bool {
	if hashesTo(d, content) {
		return true
	}
	payload, ok := signedPayload(content)
	return ok && hashesTo(d, payload)
}

func hashesTo(d digest.Digest, content []byte) bool {
	if d.Algorithm() != digest.SHA256 {
		return d.Algorithm().FromBytes(content) == d
	}
	sum := sha256.Sum256(content)
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:]) == d.Encoded()
}

// signedPayload returns what the signatures of a schema 1 manifest sign: the
// bytes up to where they were inserted, and the tail that followed.
// Source: the manifest specification of schema 1, "Signed Manifests".
func signedPayload(content []byte) ([]byte, bool) {
	var signed struct {
		Signatures []struct {
			Protected string `json:"protected"`
		} `json:"signatures"`
	}
	if json.Unmarshal(content, &signed) != nil || len(signed.Signatures) == 0 {
		return nil, false
	}
	header, err := base64.RawURLEncoding.DecodeString(signed.Signatures[0].Protected)
	if err != nil {
		return nil, false
	}
	var format struct {
		Length int    `json:"formatLength"`
		Tail   string `json:"formatTail"`
	}
	if json.Unmarshal(header, &format) != nil || format.Length <= 0 || format.Length > len(content) {
		return nil, false
	}
	tail, err := base64.RawURLEncoding.DecodeString(format.Tail)
	if err != nil {
		return nil, false
	}
	return append(content[:format.Length:format.Length], tail...), true
}
