package listing

import (
	"github.com/blobsweep/blobsweep/catalog"
	"github.com/opencontainers/go-digest"
)

// KindBroken is that of a tag whose link names no manifest.
const KindBroken catalog.Kind = "broken"

// Types are the kinds that a row can have.
func Types() []string {
	kinds := []catalog.Kind{
		catalog.KindImage, catalog.KindIndex, catalog.KindAttestation, catalog.KindSignature, catalog.KindSBOM,
		catalog.KindChart, catalog.KindCache, catalog.KindArtifact, catalog.KindSchema1, catalog.KindUnknown,
		catalog.KindAbsent, catalog.KindCorrupt, catalog.KindOversized, catalog.KindIrregular, KindBroken,
	}
	types := make([]string, len(kinds))
	for i, k := range kinds {
		types[i] = string(k)
	}
	return types
}

// kindOf is that of a manifest, as far as it or one of its tags tells.
func kindOf(r *catalog.Repository, d digest.Digest, tags ...string) catalog.Kind {
	m := r.Manifests[d]
	if m == nil {
		return KindBroken
	}
	kind := m.Kind()
	if kind != catalog.KindImage && kind != catalog.KindArtifact {
		return kind
	}
	for _, tag := range tags {
		if _, told, ok := catalog.SubjectOfTag(tag); ok && told != catalog.KindIndex {
			return told // cosign's signatures of old pass for images
		}
	}
	return kind
}
