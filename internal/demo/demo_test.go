package demo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/opencontainers/go-digest"
)

// small is a registry with a tag, written to a directory.
func small(t *testing.T) (dir string, image digest.Digest) {
	t.Helper()
	tree := fixture.New(time.Now())
	child := tree.Image("app", "one", "layer")
	tree.Tag("app", "v1", tree.Index("app", child).Digest)
	dir = t.TempDir()
	if err := tree.WriteDir(dir); err != nil {
		t.Fatal(err)
	}
	return dir, child.Digest
}

func blobKey(d digest.Digest) string {
	return fixture.Key(layout.Path{Kind: layout.BlobData, Digest: d})
}

func TestVerifyWhole(t *testing.T) {
	dir, _ := small(t)
	v := newVerifier(dir)
	if err := v.registry(); err != nil {
		t.Fatal(err)
	}
	if len(v.tags) != 1 || v.tags[0] != "app:v1" || v.manifests != 2 || v.blobs != 2 || v.bytes == 0 {
		t.Errorf("verified %+v", v)
	}
}

// The demonstration may say "whole" of nothing that is not.
func TestVerifyDamage(t *testing.T) {
	layer := digest.FromString("layer layer")
	for name, damage := range map[string]func(file string) error{
		"missing": os.Remove,
		"altered": func(file string) error { return os.WriteFile(file, []byte("other bytes"), 0o644) },
		"cut":     func(file string) error { return os.Truncate(file, 3) },
	} {
		dir, image := small(t)
		for _, d := range []digest.Digest{layer, image} {
			dir, _ := small(t)
			if err := damage(filepath.Join(dir, filepath.FromSlash(blobKey(d)))); err != nil {
				t.Fatal(err)
			}
			if err := newVerifier(dir).registry(); err == nil || !strings.Contains(err.Error(), d.Encoded()) {
				t.Errorf("%s %s: got %v", name, d, err)
			}
		}
		link := fixture.Key(layout.Path{Kind: layout.TagLink, Repository: "app", Tag: "v1"})
		if err := damage(filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Fatal(err)
		}
		if err := newVerifier(dir).registry(); name != "missing" && err == nil {
			t.Errorf("%s tag link: no error", name)
		}
	}
}

func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a", "f"), make([]byte, 2048), 0o644); err != nil {
		t.Fatal(err)
	}
	u, err := measure(dir)
	if want := (usage{files: 1, dirs: 3, bytes: 2048}); err != nil || u != want {
		t.Errorf("%+v, %v, want %+v", u, err, want)
	}
}

func TestRunCancelled(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, &strings.Builder{}, Options{}); err == nil {
		t.Error("no error")
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
