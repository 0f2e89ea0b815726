package listing

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func ago(days int) time.Time { return now.AddDate(0, 0, -days) }

// rows are images that every filter tells apart, by their names.
var rows = map[string]Image{
	"old": {Repository: "team/app", Tag: "v1.0", Type: "image", Platforms: []string{"linux/amd64"}, Created: ago(30), Pushed: ago(2),
		Labels: map[string]string{"stage": "prod", "empty": ""}},
	"new": {Repository: "team/app", Tag: "v1.1", Type: "index", Platforms: []string{"linux/amd64", "linux/arm64/v8", "linux/arm/v7"}, Created: ago(10), Pushed: ago(1),
		Labels: map[string]string{"stage": "test"}},
	"pushed":  {Repository: "web", Tag: "latest", Type: "image", Platforms: []string{"windows/amd64"}, Pushed: ago(20)},
	"bare":    {Repository: "team/sub/api", Type: "image", Platforms: []string{"linux/arm64"}, Created: ago(5)},
	"unknown": {Repository: "web", Tag: "timeless", Type: "index"},
}

func names(t *testing.T, filters ...string) string {
	t.Helper()
	f, err := ParseFilters(filters, now)
	if err != nil {
		t.Fatalf("%q: %v", filters, err)
	}
	if err := f.Resolve(func(r catalog.Reference) (Image, error) { return rows[r.Tag], nil }); err != nil {
		t.Fatalf("%q: %v", filters, err)
	}
	var matching []string
	for _, name := range []string{"old", "new", "pushed", "bare", "unknown"} {
		if f.Match(rows[name]) {
			matching = append(matching, name)
		}
	}
	return strings.Join(matching, " ")
}

func TestFilters(t *testing.T) {
	const all = "old new pushed bare unknown"
	for _, test := range []struct {
		filters string
		want    string
	}{
		{"", all},
		{"dangling=true", "bare"},
		{"dangling=false", "old new pushed unknown"},
		{"dangling=0 dangling=false", "old new pushed unknown"},
		{"before=new", "old pushed"},
		{"since=new", "bare"},
		{"before=pushed", "old"},
		{"since=pushed", "new bare"},
		{"since=old before=bare", "new pushed"},
		{"before=bare before=new", "old pushed"},
		{"until=7d", "old new pushed"},
		{"until=2026-11-05", "old pushed"},
		{"until=2026-11-05T00:00:00Z until=25d", "old"},
		{"until=1794916800", "old new pushed bare"},
		{"label=stage", "old new"},
		{"label=stage=prod", "old"},
		{"label=stage=", ""},
		{"label=empty=", "old"},
		{"label=stage label=empty", "old"},
		{"label!=stage", "pushed bare unknown"},
		{"label!=stage=prod", "new pushed bare unknown"},
		{"label=stage label!=empty", "new"},
		{"reference=web", "pushed unknown"},
		{"reference=web:latest", "pushed"},
		{"reference=team/*", "old new"},
		{"reference=team/**", "old new bare"},
		{"reference=*/*:v1.*", "old new"},
		{"reference=*:v1.*", ""},
		{"reference=web:t* reference=team/app:*.0", "old unknown"},
		{"type=index", "new unknown"},
		{"type=index type=image", all},
		{"platform=linux/amd64", "old new"},
		{"platform=Linux/x86_64", "old new"},
		{"platform=linux/arm64", "new bare"},
		{"platform=linux/arm64/v8", "new bare"},
		{"platform=linux/aarch64/8", "new bare"},
		{"platform=linux/arm", "new"},
		{"platform=linux/arm/v7", "new"},
		{"platform=linux/arm/v6", ""},
		{"platform=windows/amd64 platform=linux/arm/v7", "new pushed"},
		{"type=image label=stage", "old"},
	} {
		if got := names(t, strings.Fields(test.filters)...); got != test.want {
			t.Errorf("%q: %q, want %q", test.filters, got, test.want)
		}
	}
}

func TestFiltersThatAreNone(t *testing.T) {
	for filter, want := range map[string]string{
		"dangling":          "has no value; the filters are dangling=true|false, before=",
		"dangling=":         "has no value",
		"dangling=maybe":    "must be true or false",
		"size=5":            "there is no such filter; the filters are dangling=",
		"until=soon":        "no time; write 2026-11-20",
		"before=team/app":   "name an image in it by :TAG or @DIGEST",
		"since=a:b:c":       "no REPOSITORY[:TAG|@DIGEST]",
		"label==x":          "names no label",
		"reference=[a":      "no pattern",
		"reference=a@b":     "no pattern",
		"reference=:v1":     "no pattern",
		"reference=web:":    "no pattern",
		"type=cat":          "there is no such type; the types are ",
		"platform=arm64":    "no platform; write linux/amd64",
		"platform=linux/":   "no platform",
		"platform=a/b/c/d":  "no platform",
		"platform=li nux/a": "no platform",
	} {
		_, err := ParseFilters([]string{filter}, now)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filter) {
			t.Errorf("%s: %v, want %q", filter, err, want)
		}
	}
	if _, err := ParseFilters([]string{"dangling=true", "dangling=false"}, now); err == nil {
		t.Error("dangling both ways is no error")
	}
}

func TestFiltersNeed(t *testing.T) {
	for filter, images := range map[string]bool{
		"dangling=true": false, "reference=a": false, "type=image": false,
		"before=a": true, "since=a": true, "until=7d": true, "label=a": true, "label!=a": true, "platform=linux/amd64": true,
	} {
		f, err := ParseFilters([]string{filter}, now)
		if err != nil || f.Images() != images || f.IsZero() {
			t.Errorf("%s: %v, configurations %t", filter, err, f.Images())
		}
	}
	f, err := ParseFilters([]string{"reference=team/*:v1", "reference=web"}, now)
	if err != nil || !f.Repository("team/app") || !f.Repository("web") || f.Repository("webb") {
		t.Errorf("repositories of %v, %v", f, err)
	}
	if (Filters{}).Images() || !(Filters{}).IsZero() || !(Filters{}).Repository("any") || (Filters{}).Bounds() != nil {
		t.Error("no filter wants something")
	}
}

func TestResolve(t *testing.T) {
	f, err := ParseFilters([]string{"before=x"}, now)
	if err != nil {
		t.Fatal(err)
	}
	missing := errors.New("not there")
	if err := f.Resolve(func(catalog.Reference) (Image, error) { return Image{}, missing }); !errors.Is(err, missing) {
		t.Errorf("%v, want what find says", err)
	}
	if err := f.Resolve(func(catalog.Reference) (Image, error) { return Image{}, nil }); !errors.Is(err, ErrUndated) {
		t.Error("an image of no known time bounds others")
	}
}

func TestBounds(t *testing.T) {
	hex := strings.Repeat("0123456789abcdef", 4)
	for s, want := range map[string]catalog.Reference{
		"v1":                {Tag: "v1"},
		"0123":              {Tag: "0123"},
		"team/app:v1":       {Repository: "team/app", Tag: "v1"},
		"app@0123":          {Repository: "app", Digest: "0123"},
		"@0123":             {Digest: "0123"},
		"sha256:0123":       {Digest: "sha256:0123"},
		"app@sha256:" + hex: {Repository: "app", Digest: "sha256:" + hex},
		"sha256:v1":         {Repository: "sha256", Tag: "v1"},
	} {
		f, err := ParseFilters([]string{"before=" + s}, now)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]catalog.Reference{want}, f.Bounds()); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
	}
}
