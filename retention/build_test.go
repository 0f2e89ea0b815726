package retention

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/opencontainers/go-digest"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// builder makes a repository by hand. Manifests are named by words, of which
// their digests are made.
type builder struct{ catalog.Repository }

func repository(name string) *builder {
	return &builder{catalog.Repository{Name: name, Manifests: map[digest.Digest]*catalog.Manifest{}}}
}

func named(word string) digest.Digest { return digest.FromString(word) }

// manifest adds a linked manifest that needs others.
func (b *builder) manifest(word string, age time.Duration, needs ...string) *catalog.Manifest {
	m := &catalog.Manifest{Digest: named(word), State: catalog.Understood}
	for _, other := range needs {
		m.References = append(m.References, mark.Reference{Digest: named(other), Manifest: true})
		m.Manifests = append(m.Manifests, catalog.Descriptor{Digest: named(other)})
	}
	b.Manifests[m.Digest] = m
	b.Revisions = append(b.Revisions, catalog.Revision{Digest: m.Digest, Pushed: now.Add(-age)})
	slices.SortFunc(b.Revisions, func(x, y catalog.Revision) int { return strings.Compare(string(x.Digest), string(y.Digest)) })
	return m
}

func (b *builder) referrer(word string, age time.Duration, subject string) {
	b.manifest(word, age).Subject = named(subject)
}

// tag points a tag at a manifest, which is made of the tag's own name when none
// is given.
func (b *builder) tag(name string, age time.Duration, word ...string) *catalog.Tag {
	if len(word) == 0 {
		word = []string{name}
		b.manifest(name, age)
	}
	t := catalog.Tag{Name: name, Digest: named(word[0]), Pushed: now.Add(-age), History: []digest.Digest{named(word[0])}}
	at, _ := slices.BinarySearchFunc(b.Tags, name, func(t catalog.Tag, name string) int { return strings.Compare(t.Name, name) })
	b.Tags = slices.Insert(b.Tags, at, t)
	return &b.Tags[at]
}

func (b *builder) tags(age time.Duration, names ...string) {
	for _, name := range names {
		b.tag(name, age)
	}
}

// signed is the tag under which cosign puts something about a manifest.
func signed(word, suffix string) string { return "sha256-" + named(word).Encoded() + suffix }

func parse(t testing.TB, policy string) *Policy {
	t.Helper()
	p, err := Parse("policy.yaml", []byte(strings.TrimLeft(policy, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// one makes a policy of one rule for all repositories.
func one(t testing.TB, body string) *Policy {
	t.Helper()
	return parse(t, "rules:\n- name: all\n  repositories: [\"**\"]\n"+strings.TrimLeft(body, "\n"))
}

func (b *builder) decide(p *Policy) []Decision {
	return p.Decide(&b.Repository, Options{Now: now})
}

// goes spells what goes: tags, and manifests by their words.
func goes(decisions []Decision, words ...string) string {
	byDigest := map[digest.Digest]string{}
	for _, word := range words {
		byDigest[named(word)] = "@" + word
	}
	var out []string
	for _, d := range decisions {
		name := d.Tag
		if d.Kind == Manifest {
			name = byDigest[d.Digest]
			if name == "" {
				name = fmt.Sprint("@", d.Digest)
			}
		}
		for _, word := range words {
			name = strings.Replace(name, named(word).Encoded(), "<"+word+">", 1)
		}
		if !d.Keep {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func reasonOf(t *testing.T, decisions []Decision, tag string) string {
	t.Helper()
	for _, d := range decisions {
		if d.Tag == tag {
			verb := "goes: "
			if d.Keep {
				verb = "stays: "
			}
			return verb + d.Reason
		}
	}
	t.Fatalf("there is no decision on %s", tag)
	return ""
}
