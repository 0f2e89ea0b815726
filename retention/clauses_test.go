package retention

import (
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
)

// TestClauses has a case for each clause and for what they are together.
func TestClauses(t *testing.T) {
	b := repository("app")
	b.tag("v1", 90*day)
	b.tag("v2", 60*day)
	b.tag("v3", 30*day)
	b.tag("v4", 10*day)
	b.tag("pr-1", 20*day)
	b.tag("pr-2", 5*day)
	b.tag("latest", 2*day)
	for name, c := range map[string]struct{ rule, goes string }{
		"no clause":              {"  dangling-referrers: true", ""},
		"only untagged":          {"  untagged: {older-than: 1d}", ""},
		"newest":                 {"  keep: [{newest: 2}]", "pr-1 v1 v2 v3 v4"},
		"newest more than all":   {"  keep: [{newest: 100}]", ""},
		"newest of":              {"  keep: [{newest: 2, of: ['v*']}]", "latest pr-1 pr-2 v1 v2"},
		"younger":                {"  keep: [{younger-than: 15d}]", "pr-1 v1 v2 v3"},
		"younger, to the moment": {"  keep: [{younger-than: 20d}]", "pr-1 v1 v2 v3"},
		"younger of":             {"  keep: [{younger-than: 15d, of: ['pr-*']}]", "latest pr-1 v1 v2 v3 v4"},
		"tags":                   {"  keep: [{tags: ['v[12]', latest]}]", "pr-1 pr-2 v3 v4"},
		"regular expression":     {"  keep: [{tags: ['regexp:v\\d|latest']}]", "pr-1 pr-2"},
		"anchored expression":    {"  keep: [{tags: ['regexp:v']}]", "latest pr-1 pr-2 v1 v2 v3 v4"},
		"any of the clauses":     {"  keep: [{newest: 1, of: ['v*']}, {younger-than: 6d}, {tags: [v1]}]", "pr-1 v2 v3"},
		"tags of the rule":       {"  tags: ['pr-*']\n  keep: [{younger-than: 15d}]", "pr-1"},
		"newest of the rule":     {"  tags: ['v*']\n  keep: [{newest: 2}]", "v1 v2"},
		"protected":              {"  protect: ['v*']\n  keep: [{newest: 1}]", "pr-1 pr-2"},
		"what is protected counts": {
			"  protect: [latest]\n  keep: [{newest: 2}]", "pr-1 v1 v2 v3 v4"},
		"semver": {"  keep: [{semver: {majors: 2}}]", "latest pr-1 pr-2 v1 v2"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := goes(b.decide(one(t, c.rule))); got != c.goes {
				t.Errorf("goes %q, want %q", got, c.goes)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	b := repository("app")
	b.tag("v1", 90*day)
	b.tag("v2", 60*day)
	b.tag("v3", 30*day)
	b.tag("v4", 3*time.Hour)
	b.tag("fresh", time.Minute)
	decisions := b.decide(one(t, `
  protect: [v1]
  keep:
  - {newest: 1, of: ['v*']}
  - {younger-than: 40d, of: ['v*']}
`))
	for tag, want := range map[string]string{
		"v1":    `stays: the rule protects "v1"`,
		"v2":    "goes: not among the newest 1 of v* (the 1st was pushed 2026-11-20 09:00 UTC), pushed 2026-09-21, not within 40d",
		"v3":    "stays: keep younger than 40d of v*: pushed 2026-10-21",
		"v4":    "stays: keep newest 1 of v*: this is the newest, pushed 2026-11-20 09:00 UTC",
		"fresh": "stays: pushed within the grace period of 1h; otherwise it would go: not one of v*",
	} {
		if got := reasonOf(t, decisions, tag); got != want {
			t.Errorf("%s %s\nwant %s", tag, got, want)
		}
	}
	for _, d := range decisions {
		if d.Number != 1 || d.Rule != `rule 1 "all"` || d.Repository != "app" || d.Kind != Tag {
			t.Errorf("%+v", d)
		}
	}
}

// Which rule decides: the first that matches, and none leaves all as it is.
func TestRules(t *testing.T) {
	p := parse(t, `
protect: [stable]
rules:
- name: production
  repositories: [prod/**, "regexp:live-[0-9]+"]
- name: team
  repositories: [team/*]
  keep: [{tags: [keep]}]
- name: rest
  repositories: ["**"]
  keep: [{tags: [stay]}]
`)
	for repo, want := range map[string]string{
		"prod":     "",
		"prod/a/b": "",
		"live-7":   "",
		"live-x":   "keep",
		"team/a":   "stay",
		"team/a/b": "keep",
		"other":    "keep",
	} {
		b := repository(repo)
		b.tags(90*day, "keep", "stay", "stable")
		if got := goes(b.decide(p)); got != want {
			t.Errorf("%s: goes %q, want %q", repo, got, want)
		}
	}
	p.Rules = p.Rules[:2]
	b := repository("other")
	b.tags(90*day, "keep", "stay")
	b.manifest("lone", 90*day)
	for _, d := range b.decide(p) {
		if !d.Keep || d.Number != 0 || d.Reason != "no rule is about this repository" {
			t.Errorf("%+v", d)
		}
	}
	if p.Matches("other") || !p.Matches("team/a") {
		t.Error("Matches is wrong")
	}
}

// What cannot be judged stays, and takes no place.
func TestDoubtfulTagsStay(t *testing.T) {
	b := repository("app")
	b.tag("new", 5*day)
	b.tag("old", 9*day)
	b.tag("timeless", 0).Pushed = time.Time{}
	b.tag("future", -5*day)
	broken := b.tag("broken", 90*day)
	broken.Digest, broken.Broken = "", true
	b.tag("linkless", 90*day).Digest = ""
	b.tag("-odd", 90*day)
	decisions := b.decide(one(t, "  keep: [{newest: 1}]"))
	if got := goes(decisions); got != "linkless old" {
		t.Errorf("goes %q", got)
	}
	for tag, want := range map[string]string{
		"broken":   "stays: its link is broken, so what it names is not known: push the tag again",
		"timeless": "stays: when it was pushed is not known",
		"future":   "stays: keep newest 1: it may be one of them, it was pushed in the future, on 2026-11-25 12:00 UTC",
		"linkless": "goes: it names nothing, as an interrupted removal leaves it",
		"-odd":     "stays: no registry gives such a name to a tag",
	} {
		if got := reasonOf(t, decisions, tag); got != want {
			t.Errorf("%s %s\nwant %s", tag, got, want)
		}
	}
	if got := goes(b.decide(one(t, "  dangling-referrers: true"))); got != "" {
		t.Errorf("%s goes by a rule that says nothing of tags", got)
	}
	b.Odd = true
	if got := goes(b.decide(one(t, "  keep: [{newest: 1}]"))); got != "" {
		t.Errorf("%s goes of a repository with an odd name", got)
	}
}

func TestGrace(t *testing.T) {
	b := repository("app")
	b.tag("minute", time.Minute)
	b.tag("hour", time.Hour)
	b.tag("more", time.Hour+time.Second)
	p := one(t, "  keep: [{tags: [none]}]")
	for want, opts := range map[string]Options{
		"more":             {},
		"hour more":        {Grace: time.Hour - time.Second},
		"":                 {Grace: 2 * time.Hour},
		"hour minute more": {Offline: true},
	} {
		opts.Now = now
		if got := goes(p.Decide(&b.Repository, opts)); got != want {
			t.Errorf("%+v: goes %q, want %q", opts, got, want)
		}
	}
}

func TestCreated(t *testing.T) {
	b := repository("app")
	image := func(word string, created time.Time) *catalog.Manifest {
		m := b.manifest(word, 50*day)
		m.Image = &catalog.Image{Created: created}
		return m
	}
	image("old", now.Add(-90*day))
	image("new", now.Add(-5*day))
	image("epoch", time.Unix(0, 0))
	image("1980", time.Date(1980, 1, 1, 0, 0, 1, 0, time.UTC))
	image("zero", time.Time{})
	image("future", now.Add(day))
	b.manifest("chart", 50*day)
	b.manifest("index", 50*day, "old", "new", "epoch")
	b.manifest("young-index", 50*day, "new", "future")
	for tag, age := range map[string]time.Duration{
		"old": 2 * day, "new": 50 * day, "epoch": 2 * day, "1980": 50 * day, "zero": 2 * day,
		"future": 50 * day, "chart": 2 * day, "index": 50 * day, "young-index": 50 * day,
	} {
		b.tag(tag, age, tag)
	}
	decisions := b.decide(one(t, "  age: created\n  keep: [{younger-than: 10d}]"))
	if got := goes(decisions); got != "1980 future old" {
		t.Errorf("goes %q", got)
	}
	for tag, want := range map[string]string{
		"old":   "goes: created 2026-08-22, not within 10d",
		"new":   "stays: keep younger than 10d: created 2026-11-15",
		"index": "stays: keep younger than 10d: created 2026-11-15",
		"epoch": "stays: keep younger than 10d: pushed 2026-11-18 (its creation on 1970-01-01 cannot be true, so its push counts)",
		"zero":  "stays: keep younger than 10d: pushed 2026-11-18 (when it was created is not told, so its push counts)",
		"chart": "stays: keep younger than 10d: pushed 2026-11-18 (when it was created is not told, so its push counts)",
		"1980":  "goes: pushed 2026-10-01, not within 10d (its creation on 1980-01-01 cannot be true, so its push counts)",
	} {
		if got := reasonOf(t, decisions, tag); got != want {
			t.Errorf("%s %s\nwant %s", tag, got, want)
		}
	}
}

func TestEmptied(t *testing.T) {
	p := one(t, "  keep: [{tags: [keep]}]\n  dangling-referrers: true")
	var all []Decision
	for repo, tags := range map[string][]string{
		"kept": {"keep", "go"}, "emptied": {"go"}, "empty": {},
	} {
		b := repository(repo)
		b.tags(90*day, tags...)
		all = append(all, b.decide(p)...)
	}
	b := repository("signatures")
	b.tags(90*day, signed("go", ".sig"))
	all = append(all, b.decide(p)...)
	b = repository("left")
	b.tags(90*day, "go")
	b.tag("broken", 90*day).Digest = ""
	b.tag(signed("go", ".vex"), 90*day)
	all = append(all, b.decide(p)...)
	b = repository("nothing-named")
	b.tag("linkless", 90*day).Digest = ""
	all = append(all, b.decide(p)...)
	got := map[string]bool{}
	for _, name := range Emptied(all) {
		got[name] = true
	}
	if len(got) != 3 || !got["emptied"] || !got["signatures"] || !got["left"] {
		t.Errorf("emptied: %v", got)
	}
}
