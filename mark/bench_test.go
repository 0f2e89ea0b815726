package mark

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// BenchmarkSet fills sets of a million keys, which begin small as in a run, and
// looks up as many, half of which are there.
func BenchmarkSet(b *testing.B) {
	const n = 1_000_000
	random := rand.New(rand.NewPCG(1, 2))
	keys := make([]Key, n)
	for i := range keys {
		keys[i] = Key(random.Uint64())
	}
	for name, sized := range map[string]bool{"keys": false, "sizes": true} {
		fill := func() *set {
			s := newSet(sized)
			for _, k := range keys[:n/2] {
				s.add(k, 1000)
				s.add(k^1<<63, 1000)
			}
			return s
		}
		b.Run("add/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fill()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/key")
			before := heap()
			s := fill()
			b.ReportMetric(float64(heap()-before)/float64(s.len()), "B/key")
		})
		b.Run("has/"+name, func(b *testing.B) {
			s := fill()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				s.has(keys[i])
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}

// heap is how many bytes are in use, without garbage.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// samples are a manifest of a config and 10 layers, an index of 50 platforms,
// and a manifest of schema 1 of 10 layers.
func samples() map[string][]byte {
	digests := make([]digest.Digest, 50)
	for i := range digests {
		digests[i] = digest.FromString(fmt.Sprint(i))
	}
	each := func(n int, format string) string {
		var parts []string
		for _, d := range digests[:n] {
			parts = append(parts, fmt.Sprintf(format, d))
		}
		return strings.Join(parts, ",")
	}
	return map[string][]byte{
		"manifest-10": []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",` +
			`"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` + digests[20].String() + `","size":1234},` +
			`"layers":[` + each(10, `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"%s","size":12345678}`) + `]}`),
		"index-50": []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` +
			each(50, `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":1234,`+
				`"platform":{"architecture":"amd64","os":"linux"}}`) + `]}`),
		"schema1-10": []byte(`{"schemaVersion":1,"name":"library/app","tag":"latest","architecture":"amd64","fsLayers":[` +
			each(10, `{"blobSum":"%s"}`) + `],"history":[` + each(10, `{"v1Compatibility":"{\"id\":\"%s\",\"created\":\"\"}"}`) + `]}`),
	}
}

// BenchmarkParse finds the references of manifests.
func BenchmarkParse(b *testing.B) {
	for name, content := range samples() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			var scratch []reference
			for b.Loop() {
				doc := parse(content, scratch[:0])
				if !doc.known || len(doc.references) < 10 {
					b.Fatal("references are lost")
				}
				scratch = doc.references
			}
		})
	}
}

// BenchmarkParseJSON is what encoding/json takes for the first of them.
func BenchmarkParseJSON(b *testing.B) {
	content := samples()["manifest-10"]
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		var m standard
		if err := json.Unmarshal(content, &m); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDigestsIn searches the bytes of what is not understood.
func BenchmarkDigestsIn(b *testing.B) {
	for name, content := range samples() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if len(digestsIn(content)) < 10 {
					b.Fatal("digests are lost")
				}
			}
		})
	}
}

// BenchmarkVerified hashes a manifest to compare it with its digest.
func BenchmarkVerified(b *testing.B) {
	content := samples()["manifest-10"]
	d := digest.FromBytes(content)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if !verified(d, content) {
			b.Fatal("not verified")
		}
	}
}
