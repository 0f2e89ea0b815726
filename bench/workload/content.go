package workload

import (
	"encoding/hex"
	"strconv"
	"time"
)

// form is the format of a manifest.
type form uint8

const (
	dockerImage form = iota
	dockerList
	ociImage
	ociIndex
	signature
	sbom
)

// mediaTypes are those of the manifests of each form.
var mediaTypes = [...]string{
	dockerImage: "application/vnd.docker.distribution.manifest.v2+json",
	dockerList:  "application/vnd.docker.distribution.manifest.list.v2+json",
	ociImage:    "application/vnd.oci.image.manifest.v1+json",
	ociIndex:    "application/vnd.oci.image.index.v1+json",
	signature:   "application/vnd.oci.image.manifest.v1+json",
	sbom:        "application/vnd.oci.image.manifest.v1+json",
}

var configTypes = [...]string{
	dockerImage: "application/vnd.docker.container.image.v1+json",
	ociImage:    "application/vnd.oci.image.config.v1+json",
	signature:   "application/vnd.oci.empty.v1+json",
	sbom:        "application/vnd.oci.empty.v1+json",
}

var layerTypes = [...]string{
	dockerImage: "application/vnd.docker.image.rootfs.diff.tar.gzip",
	ociImage:    "application/vnd.oci.image.layer.v1.tar+gzip",
	signature:   "application/vnd.dev.cosign.simplesigning.v1+json",
	sbom:        "application/spdx+json",
}

var artifactTypes = [...]string{
	signature: "application/vnd.dev.cosign.artifact.sig.v1+json",
	sbom:      "application/spdx+json",
}

// architectures of the platforms of an index, in turn.
var architectures = [...]string{"amd64", "arm64", "arm", "ppc64le", "s390x", "386", "riscv64", "mips64le", "loong64", "wasm"}

// epoch is when the first blob was pushed. Everything is older than that by no
// more than a year, and so long in the past on every run.
var epoch = time.Date(2023, time.March, 1, 8, 0, 0, 0, time.UTC)

// lifetime of the registry, in seconds.
const lifetime = 300 * 24 * 3600

// pushed is when a blob was, give or take the seconds until it was linked.
func pushed(b id) time.Time {
	return epoch.Add(time.Duration(uint64(b)*61%lifetime) * time.Second)
}

// begun is when an upload was.
func (u upload) begun() time.Time {
	return epoch.Add(time.Duration(u.number*3571%lifetime) * time.Second)
}

// content appends the bytes of a blob.
func (r *registry) content(dst []byte, b id) []byte {
	switch r.kinds[b] {
	case configBlob:
		return r.configContent(dst, b)
	case emptyBlob:
		return append(dst, "{}"...)
	case manifestBlob:
		return r.manifestContent(dst, b)
	}
	s := r.random(streamBlob, uint64(b))
	dst = append(dst, 0x1f, 0x8b, 8, 0) // as a compressed layer begins
	for range 3 + s.below(5) {
		v := s.Uint64()
		dst = append(dst, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
	}
	return dst
}

func (r *registry) configContent(dst []byte, b id) []byte {
	s := r.random(streamBlob, uint64(b))
	dst = append(dst, `{"architecture":"amd64","os":"linux","created":"`...)
	dst = pushed(b).AppendFormat(dst, time.RFC3339)
	dst = append(dst, `","config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"],"Entrypoint":["/app"],"Labels":{"build":"`...)
	dst = s.hex(dst, 32)
	dst = append(dst, `"}},"rootfs":{"type":"layers","diff_ids":["sha256:`...)
	dst = s.hex(dst, 64)
	return append(dst, `"]}}`...)
}

func (r *registry) manifestContent(dst []byte, b id) []byte {
	d := r.documents[r.docs[b]]
	references := r.references[d.first:d.last]
	dst = append(dst, `{"schemaVersion":2,"mediaType":"`...)
	dst = append(dst, mediaTypes[d.form]...)
	dst = append(dst, '"')
	switch d.form {
	case dockerList, ociIndex:
		dst = append(dst, `,"manifests":[`...)
		for i, child := range references {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = r.descriptor(dst, mediaTypes[r.documents[r.docs[child]].form], child)
			dst = platform(dst, i)
			dst = append(dst, '}')
		}
	default:
		if d.form == signature || d.form == sbom {
			dst = append(dst, `,"artifactType":"`...)
			dst = append(dst, artifactTypes[d.form]...)
			dst = append(dst, '"')
		}
		dst = append(dst, `,"config":`...)
		dst = r.descriptor(dst, configTypes[d.form], references[0])
		dst = append(dst, `},"layers":[`...)
		for i, layer := range references[1:] {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = r.descriptor(dst, layerTypes[d.form], layer)
			dst = append(dst, '}')
		}
	}
	dst = append(dst, ']')
	if d.subject != none {
		dst = append(dst, `,"subject":`...)
		dst = r.descriptor(dst, mediaTypes[r.documents[r.docs[d.subject]].form], d.subject)
		dst = append(dst, '}')
	}
	if d.form != dockerImage && d.form != dockerList {
		dst = r.annotations(dst, b)
	}
	return append(dst, '}')
}

// descriptor appends a descriptor without its closing brace.
func (r *registry) descriptor(dst []byte, mediaType string, b id) []byte {
	dst = append(dst, `{"mediaType":"`...)
	dst = append(dst, mediaType...)
	dst = append(dst, `","digest":"`...)
	dst = r.appendDigest(dst, b)
	dst = append(dst, `","size":`...)
	return strconv.AppendUint(dst, uint64(r.sizes[b]), 10)
}

// platform appends the platform of the child at i of an index.
func platform(dst []byte, i int) []byte {
	dst = append(dst, `,"platform":{"architecture":"`...)
	dst = append(dst, architectures[i%len(architectures)]...)
	dst = append(dst, `","os":"linux"`...)
	if variant := i / len(architectures); variant > 0 {
		dst = append(dst, `,"variant":"v`...)
		dst = strconv.AppendInt(dst, int64(variant), 10)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// annotations appends what build tools annotate.
func (r *registry) annotations(dst []byte, b id) []byte {
	s := r.random(streamManifest, uint64(b))
	dst = append(dst, `,"annotations":{"org.opencontainers.image.created":"`...)
	dst = pushed(b).AppendFormat(dst, time.RFC3339)
	dst = append(dst, `","org.opencontainers.image.revision":"`...)
	dst = s.hex(dst, 40)
	return append(dst, `","org.opencontainers.image.source":"https://git.example.com/team/service",`+
		`"org.opencontainers.image.vendor":"Example","org.opencontainers.image.licenses":"Apache-2.0"}`...)
}

// appendDigest appends the digest of a blob, as links hold it.
func (r *registry) appendDigest(dst []byte, b id) []byte {
	return hex.AppendEncode(append(dst, "sha256:"...), r.sums[b][:])
}
