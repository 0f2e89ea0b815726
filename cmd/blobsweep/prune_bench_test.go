package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

// fiftyRules are a policy of which the last rule but one decides.
func fiftyRules() string {
	var b strings.Builder
	b.WriteString("protect: [stable]\nrules:\n")
	for i := range 50 {
		repositories := fmt.Sprintf("other-%d/**, 'regexp:team-%d/.*'", i, i)
		if i >= 48 {
			repositories = "'**'"
		}
		fmt.Fprintf(&b, "- name: rule %d\n  repositories: [%s]\n  keep:\n  - {newest: 10}\n"+
			"  - {younger-than: 1d, of: ['v1*', 'regexp:v2\\..*']}\n  - {tags: ['*-keep', 'regexp:.*-(a|b)+', '{x,y,z}*']}\n"+
			"  - {semver: {majors: 3, minors-of-each: 2, patches-of-each: 1}}\n"+
			"  untagged: {older-than: 30d}\n  dangling-referrers: true\n", i, repositories)
	}
	return b.String()
}

// BenchmarkPrune explains all decisions of a policy with 50 rules, the whole
// command included: for 10,000 tags of one repository, and of a hundred.
func BenchmarkPrune(b *testing.B) {
	for name, repositories := range map[string]int{"one": 1, "hundred": 100} {
		b.Run(name, func(b *testing.B) {
			t := fixture.New(time.Now().Add(-40 * 24 * time.Hour))
			for i := range 10000 {
				repository := fmt.Sprintf("big/app-%d", i%repositories)
				t.Now = t.Now.Add(time.Minute)
				t.Tag(repository, fmt.Sprintf("v%d.%d.%d", i/2000, i/100%20, i%100), t.Image(repository, fmt.Sprint(i), "base", "tools").Digest)
			}
			dir := b.TempDir()
			policy := filepath.Join(dir, "policy.yaml")
			if err := t.WriteDir(filepath.Join(dir, "registry")); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(policy, []byte(fiftyRules()), 0o644); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				var stdout, stderr bytes.Buffer
				root := newRoot(&stdout, &stderr)
				root.SetArgs([]string{"prune", "-d", "--policy", policy, filepath.Join(dir, "registry")})
				if err := root.ExecuteContext(context.Background()); err != nil {
					b.Fatal(err, stderr.String())
				}
				if lines := strings.Count(stdout.String(), "\n"); lines < 10000 {
					b.Fatalf("%d lines explain 10,000 decisions", lines)
				}
			}
		})
	}
}
