package sweep

import (
	"cmp"
	"slices"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// item is a candidate in a repository, in short: there may be very many.
type item struct {
	kind       layout.Kind // of its key; for an upload, of its data
	repository string
	name       string // of the tag or upload
	digest     digest.Digest
	bytes      int64 // of an upload
	reason     string
	*parts
}

// parts is what only few items have.
type parts struct {
	// signatures are those whose links lie beside a revision.
	signatures []digest.Digest
	// holds is what an alias link names besides its digest.
	holds []digest.Digest
	// files are those of an upload.
	files []layout.Path
}

func (it item) candidate() Candidate {
	c := Candidate{Repository: it.repository, Digest: it.digest, Bytes: it.bytes, Reason: it.reason}
	switch it.kind {
	case layout.TagIndexLink:
		c.Kind, c.Tag = TagIndexEntry, it.name
	case layout.RevisionLink:
		c.Kind = Manifest
	case layout.LayerLink:
		c.Kind = LayerLink
	case layout.UploadData:
		c.Kind, c.Upload = Upload, it.name
	}
	return c
}

// path is the object that a link is; those of an upload are its files.
func (it item) path() layout.Path {
	p := layout.Path{Kind: it.kind, Repository: it.repository, Digest: it.digest}
	if it.kind == layout.TagIndexLink {
		p.Tag = it.name
	}
	return p
}

// paths are the objects that the candidate is made of, in the order of removal.
func (it item) paths() []layout.Path {
	if it.parts == nil {
		return []layout.Path{it.path()}
	}
	if it.kind == layout.UploadData {
		return it.files
	}
	paths := make([]layout.Path, 0, len(it.signatures)+1)
	for _, s := range it.signatures {
		paths = append(paths, layout.Path{
			Kind: layout.SignatureLink, Repository: it.repository, Digest: it.digest, Signature: s,
		})
	}
	return append(paths, it.path())
}

// digests stand for the candidate: what needs one of them needs it.
func (it item) digests() []digest.Digest {
	switch {
	case it.digest == "":
		return nil
	case it.parts == nil:
		return []digest.Digest{it.digest}
	}
	return append([]digest.Digest{it.digest}, it.holds...)
}

// sortItems sorts those of one repository.
func sortItems(items []item) {
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.digest, b.digest))
	})
}
