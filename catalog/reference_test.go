package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestParseReference(t *testing.T) {
	hex := named('A').Encoded()
	for s, want := range map[string]Reference{
		"app":                       {Repository: "app"},
		"team/app":                  {Repository: "team/app"},
		"app:v1":                    {Repository: "app", Tag: "v1"},
		"team/app:V_1.0-rc":         {Repository: "team/app", Tag: "V_1.0-rc"},
		"app@sha256:" + hex:         {Repository: "app", Digest: "sha256:" + hex},
		"app@sha256:4404806ca2cb":   {Repository: "app", Digest: "sha256:4404806ca2cb"},
		"app@4404806ca2cb":          {Repository: "app", Digest: "4404806ca2cb"},
		"app@4404":                  {Repository: "app", Digest: "4404"},
		"app@" + hex:                {Repository: "app", Digest: hex},
		"app@sha512:" + hex + hex:   {Repository: "app", Digest: "sha512:" + hex + hex},
		"registry.local/app:latest": {Repository: "registry.local/app", Tag: "latest"},
	} {
		got, err := ParseReference(s)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v", s, got, err)
		}
		if got.String() != s {
			t.Errorf("%q formats as %q", s, got)
		}
	}
	for s, message := range map[string]string{
		"":                          "no name of a repository",
		":v1":                       "no name of a repository",
		"@4404":                     "no name of a repository",
		"App":                       "no name of a repository",
		"../app":                    "no name of a repository",
		"app/_layers":               "no name of a repository",
		"app*":                      "no name of a repository",
		"localhost:5000/app":        "leave out the registry's host",
		"app:":                      `nothing follows the ":"`,
		"app@":                      `nothing follows the "@"`,
		"app:-v":                    "is no tag",
		"app:a b":                   "is no tag",
		"app:" + longText(129):      "is no tag",
		"app:v1@4404":               "either a tag or a digest",
		"app@440":                   "at least 4 digits",
		"app@sha256:":               "at least 4 digits",
		"app@4404X":                 "digits 0-9 and a-f",
		"app@4404806CA2CB":          "digits 0-9 and a-f",
		"app@md5:4404806ca2cb":      "no digest algorithm",
		"app@sha256:" + hex + "0":   "too long",
		"app@" + hex + hex + "0":    "too long",
		"app@sha256:4404806c/../..": "digits 0-9 and a-f",
	} {
		if got, err := ParseReference(s); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%q is %+v, %v", s, got, err)
		}
	}
}

func longText(n int) string { return strings.Repeat("x", n) }

func TestSplitReference(t *testing.T) {
	for s, want := range map[string]Reference{
		"team/*":      {Repository: "team/*"},
		"**:*-rc?":    {Repository: "**", Tag: "*-rc?"},
		"a:5000/b":    {Repository: "a:5000/b"},
		"a:5000/b:v*": {Repository: "a:5000/b", Tag: "v*"},
		"a@sha256:0":  {Repository: "a", Digest: "sha256:0"},
		"":            {},
	} {
		if got := SplitReference(s); got != want {
			t.Errorf("%q is %+v", s, got)
		}
	}
}

// digests have beginnings that tests need.
var (
	one     = digest.Digest("sha256:4404806c" + strings.Repeat("0", 56))
	other   = digest.Digest("sha256:4404ffff" + strings.Repeat("0", 56))
	aliased = digest.Digest("sha512:4404aaaa" + strings.Repeat("0", 120))
	child   = digest.Digest("sha256:cccc0001" + strings.Repeat("0", 56))
	sibling = digest.Digest("sha256:cccc0002" + strings.Repeat("0", 56))
	deep    = digest.Digest("sha256:44048888" + strings.Repeat("0", 56))
	layer   = digest.Digest("sha256:1a1a1a1a" + strings.Repeat("0", 56))
)

func lookups() *Catalog {
	return &Catalog{Repositories: []*Repository{
		{Name: "empty"},
		{
			Name: "team/app",
			Tags: []Tag{
				{Name: "broken", Broken: true}, {Name: "latest", Digest: one},
				{Name: "v1", Digest: one}, {Name: "v1.1", Digest: other}, {Name: "v2", Digest: child}, {Name: "v3", Digest: child},
			},
			Revisions: []Revision{{Digest: one}, {Digest: other}, {Digest: aliased}},
			Manifests: map[digest.Digest]*Manifest{one: {}, other: {}, aliased: {}, child: {}, sibling: {}, deep: {}},
			Layers:    []digest.Digest{layer},
		},
		{Name: "team/lone", Tags: []Tag{{Name: "v1", Digest: one}}, Revisions: []Revision{{Digest: one}}},
	}}
}

func TestLookup(t *testing.T) {
	c := lookups()
	for _, r := range c.Repositories {
		if got, err := c.Repository(r.Name); got != r || err != nil {
			t.Errorf("%s is %v, %v", r.Name, got, err)
		}
		for _, tag := range r.Tags {
			if got, err := r.Tag(tag.Name); got.Name != tag.Name || err != nil {
				t.Errorf("%s is %v, %v", tag.Name, got, err)
			}
		}
	}
	_, err := c.Repository("team/ap")
	expectError(t, err, ErrUnknownRepository, `no such repository: "team/ap"; the repositories are empty, team/app, team/lone`)
	_, err = (&Catalog{}).Repository("a\x1b[2J")
	expectError(t, err, ErrUnknownRepository, `no such repository: "a\x1b[2J"; there are no repositories`)
	r := c.Repositories[1]
	_, err = r.Tag("v11")
	expectError(t, err, ErrUnknownTag, "no such tag: team/app:v11; the nearest of 6 tags are v1, v1.1, v2")
	_, err = c.Repositories[2].Tag("v2")
	expectError(t, err, ErrUnknownTag, "no such tag: team/lone:v2; the only tag is v1")
	_, err = c.Repositories[0].Tag("v2")
	expectError(t, err, ErrUnknownTag, "no such tag: empty:v2; there are no tags")
}

func expectError(t *testing.T, err, is error, message string) {
	t.Helper()
	if !errors.Is(err, is) || err.Error() != message {
		t.Errorf("the error is\n%v, not\n%s", err, message)
	}
}

func TestResolve(t *testing.T) {
	r := lookups().Repositories[1]
	for ref, want := range map[Reference]digest.Digest{
		{Tag: "v1"}:                      one,
		{Tag: "v2"}:                      child,
		{Digest: string(one)}:            one,
		{Digest: string(aliased)}:        aliased,
		{Digest: "sha512:4404"}:          aliased,
		{Digest: "44048"}:                one, // deep is not linked
		{Digest: "44048888"}:             deep,
		{Digest: "4404ff"}:               other,
		{Digest: one.Encoded()}:          one,
		{Digest: "sha256:cccc00" + "01"}: child,
	} {
		if got, err := r.Resolve(ref); got != want || err != nil {
			t.Errorf("%v is %s, %v", ref, got, err)
		}
	}
	for ref, want := range map[Reference]error{
		{Tag: "v9"}:             ErrUnknownTag,
		{Tag: "broken"}:         ErrBrokenTag,
		{Digest: "4404"}:        ErrAmbiguous,
		{Digest: "sha256:4404"}: ErrAmbiguous,
		{Digest: "cccc"}:        ErrAmbiguous,
		{Digest: "dddd"}:        ErrUnknownDigest,
		{Digest: "sha512:cccc"}: ErrUnknownDigest,
		{Digest: "1a1a"}:        ErrUnknownDigest,
	} {
		if got, err := r.Resolve(ref); got != "" || !errors.Is(err, want) {
			t.Errorf("%v is %q, %v", ref, got, err)
		}
	}
	if _, err := r.Resolve(Reference{}); err == nil {
		t.Error("the whole repository is a manifest")
	}
	_, err := r.Resolve(Reference{Digest: "cccc"})
	expectError(t, err, ErrAmbiguous, "more than one manifest: team/app@cccc could be "+string(child)+", "+string(sibling)+"; give more digits")
	_, err = r.Resolve(Reference{Digest: "1a1a"})
	expectError(t, err, ErrUnknownDigest, "no such manifest: team/app@1a1a is a layer or a configuration, which goes with the images that need it")
	_, err = r.Resolve(Reference{Digest: "dddd"})
	expectError(t, err, ErrUnknownDigest, "no such manifest: team/app@dddd; the repository has other manifests, such as "+string(one))
}

func TestTagsOf(t *testing.T) {
	r := lookups().Repositories[1]
	all := r.TagsByDigest()
	for d, want := range map[digest.Digest][]string{one: {"latest", "v1"}, other: {"v1.1"}, child: {"v2", "v3"}, deep: nil, "": nil} {
		if got := r.TagsOf(d); !slices.Equal(got, want) {
			t.Errorf("the tags of %q are %v", d, got)
		}
		if got := all[d]; !slices.Equal(got, want) {
			t.Errorf("by digest, the tags of %q are %v", d, got)
		}
	}
}
