package main

import (
	"time"

	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// services are repositories for policies: releases of several ages, branches, and
// signatures of cosign, of what stays, of what goes, and of what is gone.
func services(t *fixture.Tree) {
	now := time.Now()
	aged := func(days int) { t.Now = now.Add(-time.Duration(days)*24*time.Hour - time.Minute) }
	push := func(repository, tag string, days int) v1.Descriptor {
		aged(days)
		image := t.Image(repository, tag)
		t.Tag(repository, tag, image.Digest)
		return image
	}
	sign := func(repository string, image v1.Descriptor) {
		signature := t.Image(repository, "signature of "+image.Digest.Encoded())
		t.Tag(repository, "sha256-"+image.Digest.Encoded()+".sig", signature.Digest)
	}
	for i, tag := range []string{"v1.0.0", "v1.1.0", "v1.1.1", "v2.0.0"} {
		image := push("services/web", tag, 200-60*i)
		if i%3 == 0 {
			sign("services/web", image)
		}
	}
	aged(20)
	t.Tag("services/web", "latest", t.Image("services/web", "v2.0.0").Digest)
	push("services/web", "pr-1", 90)
	push("services/web", "pr-2", 5)
	aged(90)
	t.Image("services/web", "untagged")
	sign("services/web", fixture.Describe(v1.MediaTypeImageManifest, []byte("gone")))
	push("services/api", "pr-9", 90)
	push("prod/db", "v1", 400)
}
