package sweep

import "github.com/opencontainers/go-digest"

// CandidateKind is what a candidate is.
type CandidateKind string

// The kinds of candidate, in the order of removal.
const (
	TagIndexEntry   CandidateKind = "tag-index-entry"
	Manifest        CandidateKind = "manifest" // its revision link
	LayerLink       CandidateKind = "layer-link"
	Blob            CandidateKind = "blob"
	Upload          CandidateKind = "upload"
	MultipartUpload CandidateKind = "multipart-upload" // of an object store, incomplete
	EmptyDirectory  CandidateKind = "empty-directory"
)

// Candidate is one thing that a plan removes.
type Candidate struct {
	Kind       CandidateKind `json:"kind"`
	Repository string        `json:"repository,omitempty"`
	Tag        string        `json:"tag,omitempty"`
	Upload     string        `json:"upload,omitempty"`
	// Digest is that of the blob, the manifest or the link, or of the blob that
	// a multipart upload would have become.
	Digest digest.Digest `json:"digest,omitempty"`
	// Key is the prefix of an empty directory, or the key that a multipart
	// upload would have written.
	Key string `json:"key,omitempty"`
	// Bytes of a blob, of an upload's data, or of the parts of a multipart
	// upload.
	Bytes  int64  `json:"bytes"`
	Reason string `json:"reason"`
}
