package retention

import (
	"testing"

	"github.com/blobsweep/blobsweep/release"
	"github.com/google/go-cmp/cmp"
)

func TestSemver(t *testing.T) {
	all := []string{
		"v1.0.0", "v1.1.0", "v1.1.1", "v2.0.0", "v2.0.1", "v2.1.0", "2.1.0", "v3.0.0", "3.0.1", "v3.1.0",
		"v3", "3.1", "v2", "2.0", "1", "v3.1.0-rc1", "v3.2.0-rc1", "v3.2.0-rc2", "v2.0.1-rc1", "v2.9.0-rc1",
	}
	for name, c := range map[string]struct {
		tags         []string
		clause, goes string
	}{
		"majors": {all, "majors: 2", "1 v1.0.0 v1.1.0 v1.1.1 v2.9.0-rc1"},
		"minors": {all, "majors: 1, minors-of-each: 1",
			"1 2.0 2.1.0 3.0.1 v1.0.0 v1.1.0 v1.1.1 v2 v2.0.0 v2.0.1 v2.0.1-rc1 v2.1.0 v2.9.0-rc1 v3.0.0"},
		"patches": {all, "patches-of-each: 1",
			"v1.1.0 v2.0.0 v2.9.0-rc1 v3.0.0"},
		"all of it": {all, "majors: 2, minors-of-each: 1, patches-of-each: 1",
			"1 2.0 3.0.1 v1.0.0 v1.1.0 v1.1.1 v2.0.0 v2.0.1 v2.0.1-rc1 v2.9.0-rc1 v3.0.0"},
		"prereleases ahead": {all, "majors: 2, prereleases: ahead",
			"1 v1.0.0 v1.1.0 v1.1.1 v2.0.1-rc1 v2.9.0-rc1 v3.1.0-rc1"},
		"no prereleases": {all, "majors: 3, prereleases: none",
			"v2.0.1-rc1 v2.9.0-rc1 v3.1.0-rc1 v3.2.0-rc1 v3.2.0-rc2"},
		"prereleases push out no release": {[]string{"v1.0.0", "v2.0.0-rc1", "v3.0.0-rc1"}, "majors: 1", ""},
		"nothing but prereleases":         {[]string{"v0.0.0-rc1", "v1.0.0-rc1"}, "majors: 1", ""},
		"numbers of builds are no majors": {[]string{"v1.0.0", "v2.0.0", "2", "1234", "20260105", "20260105-abc"}, "majors: 1",
			"1234 20260105 20260105-abc v1.0.0"},
		"majors alone":          {[]string{"v1", "v2", "v10"}, "majors: 2", "v1"},
		"two numbers alone":     {[]string{"1.2", "1.10", "1.9"}, "minors-of-each: 2", "1.2"},
		"variants follow":       {[]string{"1.2.3", "1.2.3-alpine", "1.2", "1.2-alpine", "1.3.0", "1.3.0-alpine"}, "minors-of-each: 1", "1.2 1.2-alpine 1.2.3 1.2.3-alpine"},
		"one version, two tags": {[]string{"1.2.3", "v1.2.3", "v1.2.2"}, "patches-of-each: 1", "v1.2.2"},
		"numbers, not letters":  {[]string{"1.9.0", "1.10.0"}, "minors-of-each: 1", "1.9.0"},
		"no versions": {[]string{"1.2.3", "latest", "01.2.3", "1.02.3", "2026.01.05", "1.2.3.4", "version1", "V1.2.3", "1.2.3-01", "1.2.3_4", "99999999999999999999.0.0", "v", "1."}, "majors: 1",
			"01.2.3 1. 1.02.3 1.2.3-01 1.2.3.4 1.2.3_4 2026.01.05 99999999999999999999.0.0 V1.2.3 latest v version1"},
	} {
		t.Run(name, func(t *testing.T) {
			b := repository("app")
			b.tags(90*day, c.tags...)
			if got := goes(b.decide(one(t, "  keep: [{semver: {"+c.clause+"}}]"))); got != c.goes {
				t.Errorf("goes\n %q, want\n %q", got, c.goes)
			}
		})
	}
	if _, ok := parseVersion("1.2.3+build"); ok {
		t.Error("1.2.3+build is read, which is no tag")
	}
}

func TestSemverReasons(t *testing.T) {
	b := repository("app")
	b.tags(90*day, "v1.0.0", "v2.0.0", "v2.1.0", "v2.1.1", "v2.1", "v3.0.0-rc1", "v2.1.1-rc1", "v2.0.5-rc1", "latest", "pr-1")
	decisions := b.decide(one(t, "  keep: [{semver: {majors: 1, minors-of-each: 1, patches-of-each: 1}, of: ['v*', latest]}]"))
	for tag, want := range map[string]string{
		"v1.0.0":     "goes: major 1 is not among the newest 1",
		"v2.0.0":     "goes: minor 2.0 is not among the newest 1 of major 2",
		"v2.1.0":     "goes: patch 2.1.0 is not among the newest 1 of 2.1",
		"v2.1.1":     "stays: keep semver: 2.1.1 is of the newest patch of the newest minor of the newest major",
		"v2.1":       "stays: keep semver: 2.1 is of the newest minor of the newest major",
		"v3.0.0-rc1": "stays: keep semver: a prerelease ahead of all releases",
		"v2.1.1-rc1": "stays: keep semver: a prerelease of 2.1.1, which stays",
		"v2.0.5-rc1": "goes: a prerelease of 2.0.5, which there is not, while there are later releases",
		"latest":     "goes: no semantic version",
		"pr-1":       "goes: not one of v*, latest",
	} {
		if got := reasonOf(t, decisions, tag); got != want {
			t.Errorf("%s %s\nwant %s", tag, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	p := one(t, "  keep: [{tags: [keep]}]\n  untagged: {older-than: 1d}")
	var all []Decision
	for _, repo := range []string{"a", "b", "c"} {
		b := repository(repo)
		if repo != "b" {
			b.tags(90*day, "go")
			b.manifest("lone", 90*day)
		}
		b.tags(90*day, "keep")
		all = append(all, b.decide(p)...)
	}
	tags := []release.Choice{{Name: "go", Reason: `rule 1 "all": matches none of keep`}}
	revisions := []release.Choice{{Name: string(named("lone")), Reason: `rule 1 "all": untagged, pushed 2026-08-22, not within 1d`}}
	want := []release.Target{{Repository: "a", Tags: tags, Revisions: revisions}, {Repository: "c", Tags: tags, Revisions: revisions}}
	if diff := cmp.Diff(want, Targets(all)); diff != "" {
		t.Error(diff)
	}
}
