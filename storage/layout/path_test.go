package layout_test

import (
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

const (
	hex256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	hex384 = "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"
	hex512 = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"

	d256 = digest.Digest("sha256:" + hex256)
	d384 = digest.Digest("sha384:" + hex384)
	d512 = digest.Digest("sha512:" + hex512)
)

// keys of the tree with what they are, below docker/registry/v2/.
var grammar = map[string]layout.Path{
	"blobs/sha256/e3/" + hex256 + "/data":                                {Kind: layout.BlobData, Digest: d256},
	"blobs/sha384/38/" + hex384 + "/data":                                {Kind: layout.BlobData, Digest: d384},
	"blobs/sha512/cf/" + hex512 + "/data":                                {Kind: layout.BlobData, Digest: d512},
	"repositories/a/_layers/sha256/" + hex256 + "/link":                  {Kind: layout.LayerLink, Repository: "a", Digest: d256},
	"repositories/a/b.c/d-e/_layers/sha512/" + hex512 + "/link":          {Kind: layout.LayerLink, Repository: "a/b.c/d-e", Digest: d512},
	"repositories/Foo.com/a/_layers/sha256/" + hex256 + "/link":          {Kind: layout.LayerLink, Repository: "Foo.com/a", Digest: d256},
	"repositories/a/_manifests/revisions/sha256/" + hex256 + "/link":     {Kind: layout.RevisionLink, Repository: "a", Digest: d256},
	"repositories/a/_manifests/tags/v1/current/link":                     {Kind: layout.TagLink, Repository: "a", Tag: "v1"},
	"repositories/a/_manifests/tags/index/current/link":                  {Kind: layout.TagLink, Repository: "a", Tag: "index"},
	"repositories/a/_manifests/tags/_x/index/sha256/" + hex256 + "/link": {Kind: layout.TagIndexLink, Repository: "a", Tag: "_x", Digest: d256},
	"repositories/a/_manifests/revisions/sha256/" + hex256 + "/signatures/sha512/" + hex512 + "/link": {
		Kind: layout.SignatureLink, Repository: "a", Digest: d256, Signature: d512,
	},
	"repositories/a/_uploads/u-1/data":                  {Kind: layout.UploadData, Repository: "a", Upload: "u-1"},
	"repositories/a/_uploads/u-1/startedat":             {Kind: layout.UploadStartedAt, Repository: "a", Upload: "u-1"},
	"repositories/a/_uploads/u-1/hashstates/sha256/0":   {Kind: layout.UploadHashState, Repository: "a", Upload: "u-1", Algorithm: "sha256", Offset: "0"},
	"repositories/a/_uploads/u-1/hashstates/sha256/120": {Kind: layout.UploadHashState, Repository: "a", Upload: "u-1", Algorithm: "sha256", Offset: "120"},
}

func TestParse(t *testing.T) {
	for rest, want := range grammar {
		key := "docker/registry/v2/" + rest
		if got, ok := layout.Parse(key); !ok || got != want {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", key, got, ok, want)
		}
		if got, err := want.Key(); err != nil || got != key {
			t.Errorf("Key of %+v = %q, %v, want %q", want, got, err, key)
		}
	}
}

// strangers are keys that no registry writes, below docker/registry/v2/.
var strangers = []string{
	"", "x", "blobs", "blobs/", "repositories/", "_catalog",
	"blobs/sha256/e3/" + hex256,
	"blobs/sha256/e3/" + hex256 + "/",
	"blobs/sha256/e3/" + hex256 + "/data/",
	"blobs/sha256/e3/" + hex256 + "/data/x",
	"blobs/sha256/e3/" + hex256 + "/link",
	"blobs/sha256/e4/" + hex256 + "/data",
	"blobs/sha256/E3/" + strings.ToUpper(hex256) + "/data",
	"blobs/sha256/" + hex256 + "/data",
	"blobs/sha256/e3/" + hex256[:63] + "/data",
	"blobs/sha512/e3/" + hex256 + "/data",
	"blobs/md5/d4/d41d8cd98f00b204e9800998ecf8427e/data",
	"blobs/../blobs/sha256/e3/" + hex256 + "/data",
	"repositories/_layers/sha256/" + hex256 + "/link",
	"repositories//_layers/sha256/" + hex256 + "/link",
	"repositories/a//b/_layers/sha256/" + hex256 + "/link",
	"repositories/../a/_layers/sha256/" + hex256 + "/link",
	"repositories/A/_layers/sha256/" + hex256 + "/link",
	"repositories/-a/_layers/sha256/" + hex256 + "/link",
	"repositories/a-/_layers/sha256/" + hex256 + "/link",
	"repositories/a..b/_layers/sha256/" + hex256 + "/link",
	"repositories/a___b/_layers/sha256/" + hex256 + "/link",
	"repositories/Foo bar/_layers/sha256/" + hex256 + "/link",
	"repositories/a\n/_layers/sha256/" + hex256 + "/link",
	"repositories/a/_layers/sha256/" + hex256 + "/link/",
	"repositories/a/_layers/sha256/" + hex256 + "/data",
	"repositories/a/_layers/_layers/sha256/" + hex256 + "/link",
	"repositories/a/_other/sha256/" + hex256 + "/link",
	"repositories/a/_manifests/revisions/sha256/" + hex256 + "/signatures/link",
	"repositories/a/_manifests/tags//current/link",
	"repositories/a/_manifests/tags/../current/link",
	"repositories/a/_manifests/tags/-x/current/link",
	"repositories/a/_manifests/tags/x/y/current/link",
	"repositories/a/_manifests/tags/x/index/link",
	"repositories/a/_uploads/data",
	"repositories/a/_uploads/../data",
	"repositories/a/_uploads/u/other",
	"repositories/a/_uploads/u/hashstates/sha256/-1",
	"repositories/a/_uploads/u/hashstates/sha256/01",
	"repositories/a/_uploads/u/hashstates/sha256/",
}

func TestParseStrangers(t *testing.T) {
	for _, rest := range strangers {
		if p, ok := layout.Parse("docker/registry/v2/" + rest); ok {
			t.Errorf("Parse(%q) = %+v", rest, p)
		}
	}
	for rest := range grammar {
		for _, key := range []string{rest, "/docker/registry/v2/" + rest, "docker/registry/v3/" + rest, "docker/registry/v2//" + rest} {
			if p, ok := layout.Parse(key); ok {
				t.Errorf("Parse(%q) = %+v", key, p)
			}
		}
	}
}

func TestLongNames(t *testing.T) {
	for n, want := range map[int]bool{1: true, 128: true, 129: false} {
		if got := layout.ValidTag(strings.Repeat("t", n)); got != want {
			t.Errorf("a tag of %d bytes: %v", n, got)
		}
	}
	for n, want := range map[int]bool{1: true, layout.MaxNameLength: true, layout.MaxNameLength + 1: false} {
		if got := layout.ValidRepository(strings.Repeat("r", n)); got != want {
			t.Errorf("a repository's name of %d bytes: %v", n, got)
		}
	}
}

// TestDomains: the first of several components may be a domain, which may have
// capitals and single dots and no other separators than dashes inside.
func TestDomains(t *testing.T) {
	for name, want := range map[string]bool{
		"Foo/bar": true, "registry.Example.com/a": true, "A-1.b--C/d/e": true, "a-/b": false, "UPPER/a.b__c": true,
		"UPPER": false, "registry.Example.com": false, "Foo/": false, "/foo": false, "Foo/Bar": false, "foo/Bar/baz": false,
		"-A/b": false, "A-/b": false, "A.-b/c": false, "A-.b/c": false, "A..b/c": false, ".A/b": false, "A./b": false,
		"A_b/c": false, "_A/b": false, "A b/c": false, "A:5000/b": false, "[::1]/b": false, "A\n/b": false, "\u00c4/b": false,
	} {
		if got := layout.ValidRepository(name); got != want {
			t.Errorf("a repository %q: %v", name, got)
		}
	}
}

func TestBlobKey(t *testing.T) {
	if got, want := layout.BlobKey(d256), "docker/registry/v2/blobs/sha256/e3/"+hex256+"/data"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, d := range []digest.Digest{"", ":", "sha256:", "sha256:..", "md5:d41d8cd98f00b204e9800998ecf8427e", digest.Digest("sha256:../" + hex256[3:])} {
		if got := layout.BlobKey(d); got != "" {
			t.Errorf("BlobKey(%q) = %q", d, got)
		}
	}
}
