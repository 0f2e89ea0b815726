package layout

import (
	"testing"

	"github.com/opencontainers/go-digest"
)

// samples has a path of each kind that there are many of.
func samples() map[string]Path {
	d := digest.FromString("sample")
	return map[string]Path{
		"blob":      {Kind: BlobData, Digest: d},
		"layer":     {Kind: LayerLink, Repository: "team/app-name", Digest: d},
		"revision":  {Kind: RevisionLink, Repository: "team/app-name", Digest: d},
		"tag":       {Kind: TagLink, Repository: "team/app-name", Tag: "v1.2.3"},
		"tag-index": {Kind: TagIndexLink, Repository: "team/app-name", Tag: "v1.2.3", Digest: d},
	}
}

func BenchmarkParse(b *testing.B) {
	for name, path := range samples() {
		key := path.format()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := Parse(key); !ok {
					b.Fatal("not parsed")
				}
			}
		})
	}
}

func BenchmarkKey(b *testing.B) {
	for name, path := range samples() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := path.Key(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseDigest(b *testing.B) {
	text := digest.FromString("sample").String()
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseDigest(text); !ok {
			b.Fatal("not parsed")
		}
	}
}
