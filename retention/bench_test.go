package retention

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/opencontainers/go-digest"
)

// large has tags for images of three blobs, each pushed a minute after the last.
func large(name string, tags int) *catalog.Repository {
	r := &catalog.Repository{Name: name, Manifests: map[digest.Digest]*catalog.Manifest{}}
	for i := range tags {
		tag := fmt.Sprintf("v%d.%d.%05d", i%7, i%50, i)
		if i%3 > 0 {
			tag = fmt.Sprintf("v%d.%d.%d", i%7, i%50, i)
		}
		m := &catalog.Manifest{Digest: digest.FromString(name + tag), State: catalog.Understood}
		for blob := range 3 {
			m.References = append(m.References, mark.Reference{Digest: digest.FromString(fmt.Sprint(i*blob, blob))})
		}
		pushed := now.Add(-time.Duration(i) * time.Minute)
		r.Manifests[m.Digest] = m
		r.Revisions = append(r.Revisions, catalog.Revision{Digest: m.Digest, Pushed: pushed})
		r.Tags = append(r.Tags, catalog.Tag{Name: tag, Digest: m.Digest, Pushed: pushed, History: []digest.Digest{m.Digest}})
	}
	d := &decider{Repository: r}
	d.sort()
	return d.Repository
}

// fifty rules, of which the last two match.
func fifty(b *testing.B) *Policy {
	var s strings.Builder
	s.WriteString("protect: [stable]\nrules:\n")
	for i := range 50 {
		repositories := fmt.Sprintf("other-%d/**, 'regexp:team-%d/.*'", i, i)
		if i >= 48 {
			repositories = "'**'"
		}
		fmt.Fprintf(&s, `
- name: rule-%d
  repositories: [%s]
  keep:
  - {newest: 10}
  - {younger-than: 1d, of: ['v1*', 'regexp:v2\..*']}
  - {tags: ['*-keep', 'regexp:.*-(a|b)+', '{x,y,z}*']}
  - {semver: {majors: 3, minors-of-each: 2, patches-of-each: 1}}
  untagged: {older-than: 30d}
  dangling-referrers: true
`, i, repositories)
	}
	return parse(b, s.String())
}

func BenchmarkDecideOneOf10000Tags(b *testing.B) {
	p, r := fifty(b), large("big", 10000)
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(r, Options{Now: now})
	}
}

func BenchmarkDecide100Of100Tags(b *testing.B) {
	p := fifty(b)
	var all []*catalog.Repository
	for i := range 100 {
		all = append(all, large(fmt.Sprint("small/", i), 100))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range all {
			p.Decide(r, Options{Now: now})
		}
	}
}
