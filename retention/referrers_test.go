package retention

import (
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/opencontainers/go-digest"
)

func TestSubjectOf(t *testing.T) {
	hex := strings.Repeat("0a", 32)
	for tag, want := range map[string]struct {
		subject digest.Digest
		belongs bool
	}{
		"sha256-" + hex:             {digest.Digest("sha256:" + hex), true},
		"sha256-" + hex + ".sig":    {digest.Digest("sha256:" + hex), true},
		"sha256-" + hex + ".att":    {digest.Digest("sha256:" + hex), true},
		"sha256-" + hex + ".sbom":   {digest.Digest("sha256:" + hex), true},
		"sha256-" + hex + ".":       {"", true},
		"sha256-" + hex + ".vex":    {"", true},
		"sha256-" + hex + "00":      {"", true},
		"sha512-" + hex:             {"", true},
		"sha256-" + hex[1:]:         {},
		"sha256-" + hex + "x":       {},
		"md5-" + hex:                {},
		"sha256-" + hex[:63] + "A":  {},
		"latest":                    {},
		"v1-" + hex:                 {},
		"SHA256-" + hex:             {},
		"sha256:" + hex:             {},
		"release-sha256-" + hex[:8]: {},
	} {
		subject, belongs := subjectOf(tag)
		if subject != want.subject || belongs != want.belongs {
			t.Errorf("%s: %q, %v", tag, subject, belongs)
		}
	}
}

const everything = `
  keep: [{tags: [keep, v1]}]
  untagged: {older-than: 30d}
  dangling-referrers: true
`

func TestUntagged(t *testing.T) {
	words := strings.Fields("old young index child old-index its-child signed signature of-signature young-signature alien absent")
	b := repository("app")
	b.tag("keep", 90*day)
	b.manifest("old", 90*day)
	b.manifest("young", 10*day)
	b.manifest("index", 10*day, "child") // young: it keeps its child
	b.manifest("child", 90*day)
	b.manifest("old-index", 90*day, "its-child")
	b.manifest("its-child", 90*day)
	b.referrer("signature", 90*day, "keep")         // of a manifest that stays
	b.referrer("of-signature", 90*day, "signature") // and the next
	b.referrer("young-signature", 10*day, "old")
	b.manifest("alien", 90*day).State = catalog.Unknown
	b.manifest("absent", 90*day).State = catalog.Absent
	for rule, want := range map[string]string{
		"  untagged: {older-than: 30d}":  "@absent @its-child @old-index",
		"  untagged: {older-than: 5d}":   "@absent @child @index @its-child @old @old-index @young @young-signature",
		"  untagged: {older-than: 0d}":   "@absent @child @index @its-child @old @old-index @young @young-signature",
		"  untagged: {older-than: 100d}": "",
		everything:                       "@absent @its-child @old @old-index @young-signature",
		"  dangling-referrers: true":     "",
		"  keep: [{newest: 1}]":          "",
	} {
		if got := goes(b.decide(one(t, rule)), words...); got != want {
			t.Errorf("%s\ngoes %q\nwant %q", rule, got, want)
		}
	}
	for _, d := range b.decide(one(t, everything)) {
		if d.Kind != Manifest {
			continue
		}
		want := map[digest.Digest]string{
			named("old"):             "untagged, pushed 2026-08-22, not within 30d",
			named("young"):           "untagged, but pushed 2026-11-10, within 30d",
			named("child"):           string(named("index")) + " needs it",
			named("alien"):           "what it needs is not known",
			named("young-signature"): "its subject " + string(named("old")) + " goes",
		}[d.Digest]
		if want != "" && d.Reason != want {
			t.Errorf("%q, want %q", d.Reason, want)
		}
		if d.Digest == named("signature") || d.Digest == named("of-signature") || d.Digest == named("keep") {
			t.Errorf("decision on a manifest that a tag leads to: %+v", d)
		}
	}
	b.Tags[0].Digest, b.Tags[0].Broken, b.Tags[0].History = "", true, nil
	if got := goes(b.decide(one(t, everything)), words...); got != "" {
		t.Errorf("beside a broken tag without history, which may name any: %s goes", got)
	}
}

func TestFollowers(t *testing.T) {
	words := strings.Fields("v1 v2 lone deleted signature statement recent referrer fallback tagged-referrer")
	make := func() *builder {
		b := repository("app")
		b.tags(90*day, "v1", "v2")                   // v1 is kept
		b.manifest("lone", 90*day)                   // untagged
		b.tag(signed("v1", ".sig"), 90*day, "v1sig") // follows what stays
		b.manifest("v1sig", 90*day)
		b.tag(signed("v1sig", ".att"), 90*day) // and that
		b.tag(signed("v2", ".sig"), 90*day)
		b.tag(signed("lone", ".sbom"), 90*day)
		b.tag(signed("deleted", ".att"), 90*day)
		b.tag(signed("recent", ".sig"), time.Minute)
		b.tag(signed("deleted", ".vex"), 90*day)
		b.manifest("fallback", 90*day, "referrer")
		b.referrer("referrer", 90*day, "deleted")
		b.tag(signed("deleted", ""), 90*day, "fallback")
		b.referrer("tagged-referrer", 90*day, "deleted")
		b.tag("keep", 90*day, "tagged-referrer")
		return b
	}
	all := "@lone @referrer sha256-<deleted> sha256-<deleted>.att sha256-<lone>.sbom sha256-<v2>.sig v2"
	for name, c := range map[string]struct {
		change func(*builder)
		rule   string
		goes   string
	}{
		"all":                    {func(*builder) {}, everything, all},
		"none are asked for":     {func(*builder) {}, "  keep: [{newest: 1}]", "keep v1"},
		"nothing else goes":      {func(*builder) {}, "  dangling-referrers: true", "@referrer sha256-<deleted> sha256-<deleted>.att"},
		"they take no place":     {func(*builder) {}, "  keep: [{newest: 3}]", ""},
		"no pattern keeps them":  {func(*builder) {}, "  keep: [{tags: ['*']}]\n  dangling-referrers: true", "@referrer sha256-<deleted> sha256-<deleted>.att"},
		"protected":              {func(*builder) {}, everything + "  protect: ['*.att', v2]", "@lone @referrer sha256-<deleted> sha256-<lone>.sbom"},
		"unreadable":             {func(b *builder) { b.Unreadable = true }, everything, "@lone v2"},
		"corrupt":                {func(b *builder) { b.manifest("corrupt", 90*day).State = catalog.Corrupt }, everything, "@lone v2"},
		"a broken tag":           {func(b *builder) { b.tag("broken", 90*day).Broken = true }, everything, "@lone broken v2"},
		"needed without a link":  {func(b *builder) { b.manifest("young", day, "deleted") }, everything, "@lone sha256-<lone>.sbom sha256-<v2>.sig v2"},
		"linked by another name": {func(b *builder) { b.manifest("alias", day); alias(b, "alias", "deleted") }, everything, "@lone sha256-<lone>.sbom sha256-<v2>.sig v2"},
		"recent revision":        {func(b *builder) { push(b, "v2", time.Minute) }, everything, "@lone @referrer sha256-<deleted> sha256-<deleted>.att sha256-<lone>.sbom v2"},
		"recently moved tag":     {func(b *builder) { moved(b, "v1", "lone") }, everything, "@referrer sha256-<deleted> sha256-<deleted>.att sha256-<v2>.sig v2"},
	} {
		t.Run(name, func(t *testing.T) {
			b := make()
			c.change(b)
			if name == "a broken tag" {
				tag := &b.Tags[indexOf(b, "broken")]
				tag.Digest, tag.History = "", nil
				c.goes = "v2" // it may name any
			}
			if got := goes(b.decide(one(t, c.rule)), words...); got != c.goes {
				t.Errorf("goes\n %s, want\n %s", got, c.goes)
			}
		})
	}
	decisions := make().decide(one(t, everything))
	for tag, want := range map[string]string{
		signed("v1", ".sig"):      "stays: it belongs to " + string(named("v1")) + ", which stays",
		signed("v2", ".sig"):      "goes: its subject " + string(named("v2")) + " goes",
		signed("deleted", ".att"): "goes: its subject " + string(named("deleted")) + " is gone",
		signed("deleted", ".vex"): "stays: it belongs to another manifest, and to which cannot be told",
		signed("recent", ".sig"):  "stays: pushed within the grace period of 1h",
	} {
		if got := reasonOf(t, decisions, tag); got != want {
			t.Errorf("%s %s\nwant %s", tag, got, want)
		}
	}
}

func indexOf(b *builder, tag string) int {
	for i := range b.Tags {
		if b.Tags[i].Name == tag {
			return i
		}
	}
	return -1
}

func revision(b *builder, word string) *catalog.Revision {
	for i := range b.Revisions {
		if b.Revisions[i].Digest == named(word) {
			return &b.Revisions[i]
		}
	}
	return nil
}

// alias lets a link hold the digest of another manifest.
func alias(b *builder, word, holds string) { revision(b, word).Holds = named(holds) }

func push(b *builder, word string, age time.Duration) { revision(b, word).Pushed = now.Add(-age) }

// moved lets a tag have named something else until a moment ago.
func moved(b *builder, tag, before string) {
	t := &b.Tags[indexOf(b, tag)]
	t.Pushed, t.History = now.Add(-time.Minute), append(t.History, named(before))
}
