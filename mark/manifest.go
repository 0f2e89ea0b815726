package mark

import (
	"bytes"

	"github.com/blobsweep/blobsweep/storage/layout"
)

// knownType reports whether manifests of a media type are understood.
//
// Sources: the image specification of OCI 1.1 (manifest, index) and its
// release candidates (artifact manifest), the artifact specification of ORAS,
// and the manifest specifications of Docker's registry.
func knownType(mediaType []byte) bool {
	switch string(mediaType) {
	case "application/vnd.oci.image.manifest.v1+json",
		"application/vnd.oci.image.index.v1+json",
		"application/vnd.oci.artifact.manifest.v1+json",
		"application/vnd.cncf.oras.artifact.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json",
		"application/vnd.docker.distribution.manifest.list.v2+json",
		"application/vnd.docker.distribution.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.v1+prettyjws":
		return true
	}
	return false
}

// isManifestType reports whether a media type is a manifest's or an index's,
// also one of a later day.
func isManifestType(mediaType []byte) bool {
	return knownType(mediaType) || bytes.HasSuffix(mediaType, []byte("+json")) &&
		(bytes.Contains(mediaType, []byte(".manifest.")) || bytes.Contains(mediaType, []byte(".index.")))
}

// reference is a descriptor of a manifest, as far as it counts here.
type reference struct {
	// digest is a part of the manifest's bytes.
	digest []byte
	size   int64
	// manifest says that the media type is a manifest's or index's.
	manifest bool
	// untyped says that it stands among manifests without a media type.
	untyped bool
	// noSize says that the size does not count: the bytes may lie elsewhere
	// (urls), or no size is declared.
	noSize bool
}

// document is what the bytes of a manifest say. It is made of parts of them.
type document struct {
	// known says that the type is one that is understood. If it is not,
	// nothing else is filled.
	known      bool
	schema1    bool
	references []reference
	// subject is what a referrer refers to; empty for others.
	subject []byte
}

// parse reads the references of a manifest. Whatever a registry or a client
// could take for a reference counts: names match in any case, as they do for a
// registry written in Go, and a descriptor in a field that is not known is a
// reference too. The subject of a referrer is none.
//
// A document that is not valid JSON, whose type is not known, that repeats a
// field (readers differ on which one counts), or whose fields or digests are
// not what they should be, is not known.
//
// The references are appended to scratch, which may be nil.
func parse(content []byte, scratch []reference) document {
	p := manifestParser{scanner: scanner{b: content}}
	p.doc.references = scratch
	p.document()
	if !p.end() || p.unclear {
		return document{}
	}
	switch {
	case len(p.mediaType) > 0:
		p.doc.known = knownType(p.mediaType)
	case p.schemaVersion == 1:
		p.doc.known = p.fsLayers
	case p.schemaVersion == 2:
		p.doc.known = p.descriptorFields
	}
	if !p.doc.known {
		return document{}
	}
	p.doc.schema1 = p.schemaVersion == 1
	return p.doc
}

type manifestParser struct {
	scanner
	doc              document
	mediaType        []byte
	schemaVersion    int64
	fsLayers         bool
	descriptorFields bool
	unclear          bool
}

func (p *manifestParser) document() {
	var seen repeated
	p.object(func(name []byte) {
		field := fieldOf(name)
		p.unclear = p.unclear || seen.again(field)
		switch field {
		case mediaTypeField:
			p.mediaType = p.mediaTypeOrNull()
		case schemaVersionField:
			p.schemaVersion = p.integer()
		case manifestsField:
			p.descriptorFields = p.descriptors(true) || p.descriptorFields
		case layersField, blobsField:
			p.descriptorFields = p.descriptors(false) || p.descriptorFields
		case fsLayersField:
			p.fsLayers = p.descriptors(false) || p.fsLayers
		case configField:
			if !p.null() {
				p.descriptorFields = true
				p.reference(false)
			}
		case subjectField:
			if !p.null() {
				p.doc.subject = p.descriptor().digest
			}
		case annotationsField, artifactTypeField:
			p.skip()
		default:
			p.unknown()
		}
	})
}

// descriptors reads an array of them and reports whether there was one.
func (p *manifestParser) descriptors(manifests bool) bool {
	if p.null() {
		return false
	}
	p.array(func() {
		if !p.null() {
			p.reference(manifests)
		}
	})
	return true
}

func (p *manifestParser) reference(manifests bool) {
	r := p.descriptor()
	r.untyped = r.untyped && manifests
	p.add(r)
}

func (p *manifestParser) add(r reference) {
	if r.digest != nil {
		p.doc.references = append(p.doc.references, r)
	}
}

// descriptor reads a descriptor, or an entry of fsLayers.
func (p *manifestParser) descriptor() reference {
	r := reference{untyped: true}
	var seen repeated
	p.object(func(name []byte) {
		field := fieldOf(name)
		p.unclear = p.unclear || seen.again(field)
		switch field {
		case digestField, blobSumField:
			p.unclear = p.unclear || r.digest != nil
			r.digest = p.digest()
		case mediaTypeField:
			mediaType := p.mediaTypeOrNull()
			r.untyped = len(mediaType) == 0
			r.manifest = r.manifest || isManifestType(mediaType)
		case sizeField:
			r.size = p.integer()
		case urlsField:
			r.noSize = !p.null()
			if r.noSize {
				p.skip()
			}
		default:
			p.skip()
		}
	})
	return r
}

// digest reads a digest. With one that cannot be read as such, the document is
// not known.
func (p *manifestParser) digest() []byte {
	if p.null() {
		return nil
	}
	text := p.text()
	if !layout.IsDigest(text) {
		p.unclear = p.unclear || len(text) > 0
		return nil
	}
	return text
}

// mediaTypeOrNull reads a media type without its parameters.
func (p *manifestParser) mediaTypeOrNull() []byte {
	if p.null() {
		return nil
	}
	mediaType, _, _ := bytes.Cut(p.text(), []byte(";"))
	return mediaType
}

// unknown reads a field that is not known, and takes what looks like a
// descriptor in it for one.
func (p *manifestParser) unknown() {
	switch p.peek() {
	case '[':
		p.array(p.unknown)
	case '{':
		var r reference
		p.object(func(name []byte) {
			field := fieldOf(name)
			switch {
			case field == digestField && p.peek() == '"':
				p.add(r) // one that stood there before
				r.digest = p.digest()
			case field == mediaTypeField && p.peek() == '"':
				r.manifest = isManifestType(p.mediaTypeOrNull()) || r.manifest
			default:
				p.unknown()
			}
		})
		p.add(r)
	default:
		p.scalar()
	}
}
