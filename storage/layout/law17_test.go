package layout_test

import (
	_ "crypto/sha256" // for Validate
	_ "crypto/sha512"
	"path"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// atHome fails for a key or prefix that leaves the registry's tree, whoever
// reads it: a flat store or a filesystem.
func atHome(t *testing.T, key string) {
	t.Helper()
	if !strings.HasPrefix(key, "docker/registry/v2/blobs/") && !strings.HasPrefix(key, "docker/registry/v2/repositories/") {
		t.Errorf("%q is not of the tree", key)
	}
	if clean := path.Clean(key); clean != strings.TrimSuffix(key, "/") {
		t.Errorf("%q means %q", key, clean)
	}
	if strings.ContainsAny(key, "\x00\n\r\\") {
		t.Errorf("%q is no plain text", key)
	}
}

// FuzzLaw17Key formats any values: what it formats is of the tree and reads
// back as the same values.
func FuzzLaw17Key(f *testing.F) {
	for _, p := range grammar {
		f.Add(byte(p.Kind), p.Repository, p.Tag, p.Upload, string(p.Digest), string(p.Signature), p.Algorithm, p.Offset)
	}
	for kind := range byte(11) {
		f.Add(kind, "../../etc", "..", "..", "sha256:../../../x", "sha512:..", "..", "../passwd")
		f.Add(kind, "a/_layers", "a/b", ".", "sha256:"+hex512, ":", "/", "-1")
		f.Add(kind, "a", "t", "u", "sha256:"+hex256, "sha256:"+hex256, "sha256", "7")
	}
	f.Fuzz(func(t *testing.T, kind byte, repository, tag, upload, d, signature, algorithm, offset string) {
		p := layout.Path{
			Kind: layout.Kind(kind), Repository: repository, Tag: tag, Upload: upload,
			Digest: digest.Digest(d), Signature: digest.Digest(signature), Algorithm: algorithm, Offset: offset,
		}
		key, err := p.Key()
		if err != nil {
			if key != "" || p.Homes() != nil {
				t.Errorf("%+v failed (%v) and gave %q, %v", p, err, key, p.Homes())
			}
			return
		}
		atHome(t, key)
		if got, ok := layout.Parse(key); !ok || got != p {
			t.Errorf("%q reads back as %+v, %v, not %+v", key, got, ok, p)
		}
		for _, home := range p.Homes() {
			atHome(t, home.Prefix())
		}
	})
}

// FuzzLaw17Parse reads any key: what is read formats to the same key.
func FuzzLaw17Parse(f *testing.F) {
	for rest := range grammar {
		f.Add("docker/registry/v2/" + rest)
	}
	for _, rest := range strangers {
		f.Add("docker/registry/v2/" + rest)
	}
	f.Fuzz(func(t *testing.T, key string) {
		p, ok := layout.Parse(key)
		if !ok {
			return
		}
		atHome(t, key)
		if got, err := p.Key(); err != nil || got != key {
			t.Errorf("%q formats as %q, %v", key, got, err)
		}
	})
}

// FuzzLaw17Dir reads any prefix: one that is ours is of the tree, and lies
// below blobs/ or repositories/.
func FuzzLaw17Dir(f *testing.F) {
	for rest := range grammar {
		key := "docker/registry/v2/" + rest
		for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
			f.Add(dir + "/")
		}
	}
	f.Add("docker/registry/v2/repositories/../../x/")
	f.Add("docker/registry/v2/blobs//")
	f.Add("docker/registry/v2/repositories/a/_layers/_layers/")
	f.Fuzz(func(t *testing.T, prefix string) {
		dir, ok := layout.ParseDir(prefix)
		if !ok {
			return
		}
		atHome(t, prefix)
		if dir.Prefix() != prefix || !strings.HasSuffix(prefix, "/") || path.Dir(path.Clean(prefix)) == "docker/registry/v2" {
			t.Errorf("%q was taken for a directory that can go", prefix)
		}
	})
}

// FuzzLink reads any link: what it holds is a digest that has a blob's key.
func FuzzLink(f *testing.F) {
	for _, content := range []string{"", "sha256:", "sha256:" + hex256, "sha256:" + hex256 + "\n", " sha512:" + hex512, "sha256:" + hex512, "md5:x", "sha256:..", "\x00"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		d, ok := layout.ParseLink(content)
		if !ok {
			return
		}
		if err := d.Validate(); err != nil || strings.TrimSpace(string(content)) != string(d) {
			t.Errorf("%q holds %q, %v", content, d, err)
		}
		atHome(t, layout.BlobKey(d))
	})
}
