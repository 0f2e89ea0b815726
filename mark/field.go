package mark

import (
	"strings"
	"unicode/utf8"
)

// field is a field of a manifest or descriptor that is understood.
type field uint8

// The fields. The zero value stands for all others.
const (
	mediaTypeField field = iota + 1
	digestField
	sizeField
	schemaVersionField
	configField
	layersField
	annotationsField
	manifestsField
	subjectField
	artifactTypeField
	blobsField
	fsLayersField
	blobSumField
	urlsField
)

var fieldNames = [...]string{
	mediaTypeField: "mediaType", digestField: "digest", sizeField: "size", schemaVersionField: "schemaVersion",
	configField: "config", layersField: "layers", annotationsField: "annotations", manifestsField: "manifests",
	subjectField: "subject", artifactTypeField: "artifactType", blobsField: "blobs", fsLayersField: "fsLayers",
	blobSumField: "blobSum", urlsField: "urls",
}

// fieldOf returns the field that a name stands for: as encoding/json has it,
// the field of that name in any case.
func fieldOf(name []byte) field {
	switch string(name) { // the usual spellings, of the most frequent fields
	case "mediaType":
		return mediaTypeField
	case "digest":
		return digestField
	case "size":
		return sizeField
	}
	ascii := true
	for _, c := range name {
		ascii = ascii && c < utf8.RuneSelf
	}
	for f, spelling := range fieldNames {
		// Other letters than those of ASCII can stand for one of them.
		if f > 0 && (len(name) == len(spelling) || !ascii) && strings.EqualFold(string(name), spelling) {
			return field(f)
		}
	}
	return 0
}

// repeated notices fields that an object has twice.
type repeated uint16

func (r *repeated) again(f field) bool {
	if f == 0 {
		return false
	}
	was := *r
	*r |= 1 << f
	return *r == was
}
