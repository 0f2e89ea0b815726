package mark

import (
	"context"
	"errors"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// Reference is a digest that a manifest needs.
type Reference struct {
	Digest digest.Digest
	// Manifest says that it is referenced as a manifest or index. Any other
	// reference may be one too: if the repository links it as a revision, it is.
	Manifest bool
	// Perhaps says that nothing tells what it is: it may be a manifest, linked
	// or not (laws 2 and 3).
	Perhaps bool
}

// Document is a manifest's bytes and what they need (laws 2 to 4).
type Document struct {
	// Content is empty when there was nothing that could be read.
	Content []byte
	// Fault is nil for a manifest that is understood, and else one of the errors
	// below. What an unknown or corrupt one needs is every digest in its bytes;
	// what one needs that is oversized or irregular is not known.
	Fault      error
	References []Reference
	// Subject is what a referrer refers to; empty for others. It is not needed.
	Subject digest.Digest
}

// The faults of a [Document].
var (
	ErrAbsent    = errors.New("the manifest's bytes are gone")
	ErrUnknown   = errors.New("a manifest of a type that is not known")
	ErrCorrupt   = errors.New("the bytes do not hash to the digest")
	ErrOversized = errors.New("the manifest is larger than the limit")
	ErrIrregular = errors.New("the manifest lies behind a symbolic link")
)

// DefaultMaxManifestSize is the limit in bytes that registries put on the
// manifests they accept.
const DefaultMaxManifestSize = 4 << 20

// Finding is what is wrong with a document that a repository keeps as a
// manifest, if anything is (ok), and whether what it references cannot be known
// for that (blocks). linked says that the repository links it as a revision;
// limit is that of its reading.
func (doc Document) Finding(repository string, d digest.Digest, linked bool, limit int64) (f Finding, blocks, ok bool) {
	var s status
	switch doc.Fault {
	case nil:
		s = understood
	case ErrAbsent:
		s = absent
	case ErrUnknown:
		s = unknown
	case ErrCorrupt:
		s = corrupt
	case ErrOversized:
		s = oversized
	case ErrIrregular:
		s = irregular
	}
	return faultFinding(repository, d, linked, s, len(doc.References), limit)
}

// ReadDocument reads a manifest of at most limit bytes. Absence counts when it
// was seen twice (law 5); any other error is returned.
func ReadDocument(ctx context.Context, r storage.Reader, d digest.Digest, limit int64) (Document, error) {
	key := layout.BlobKey(d)
	content, err := inventory.Confirm(func() ([]byte, error) { return r.Get(ctx, key, limit) })
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return Document{Fault: ErrAbsent}, nil
	case errors.Is(err, storage.ErrTooLarge):
		return Document{Fault: ErrOversized}, nil
	case errors.Is(err, storage.ErrIrregular):
		return Document{Fault: ErrIrregular}, nil
	case err != nil:
		return Document{}, err
	}
	return Understand(d, content), nil
}

// Understand tells what the bytes under a manifest's digest need.
func Understand(d digest.Digest, content []byte) Document {
	doc := Document{Content: content}
	if !verified(d, content) {
		doc.Fault = ErrCorrupt
	} else if parsed := parse(content, nil); parsed.known {
		doc.Subject = digest.Digest(parsed.subject)
		for _, r := range parsed.references {
			doc.References = append(doc.References, Reference{digest.Digest(r.digest), r.manifest, r.untyped && !r.manifest})
		}
		return doc
	} else {
		doc.Fault = ErrUnknown
	}
	for _, named := range digestsIn(content) {
		doc.References = append(doc.References, Reference{Digest: named, Perhaps: true})
	}
	return doc
}
