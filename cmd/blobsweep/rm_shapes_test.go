package main

import (
	"fmt"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// group is a repository with what rm has to tell apart, and one beside it.
func group(t *fixture.Tree) {
	image := t.Image("team/app", "image", "base", "image")
	t.Tag("team/app", "1.0", image.Digest)
	t.Tag("team/app", "1.0-alpine", image.Digest)
	amd64, arm64 := t.Image("team/app", "amd64", "base", "amd64"), t.Image("team/app", "arm64", "base", "arm64")
	index := t.Index("team/app", amd64, arm64)
	t.Tag("team/app", "2.0", index.Digest)
	t.Tag("team/app", "2.0-arm64", arm64.Digest)
	t.Referrer("team/app", "signature", index)
	for i := range 3 {
		t.Tag("team/app", fmt.Sprintf("pr-%d", i), t.Image("team/app", fmt.Sprint("pr ", i), "base", fmt.Sprint("pr ", i)).Digest)
	}
	t.Image("team/app", "untagged")
	broken := t.Image("team/broken", "broken")
	t.Tag("team/broken", "broken", broken.Digest)
	t.Add(layout.Path{Kind: layout.TagLink, Repository: "team/broken", Tag: "broken"}, nil)
	t.Tag("team/broken", "gone", fixture.Describe("", []byte("gone")).Digest)
	t.Tag("team/web", "pr-7", t.Image("team/web", "pr 7").Digest)
	t.Upload("team/web", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", t.Now)
}

// tags are many, each of an image of its own.
func tags(t *fixture.Tree) {
	for i := range 100 {
		t.Tag("many", fmt.Sprint("v", i), t.Image("many", fmt.Sprint(i)).Digest)
	}
}

// push is one that has just been made.
func push(t *fixture.Tree) {
	at := t.Now
	t.Now = time.Now()
	t.Tag("pushed", "now", t.Index("pushed", t.Image("pushed", "amd64"), t.Image("pushed", "arm64")).Digest)
	t.Now = at
}
