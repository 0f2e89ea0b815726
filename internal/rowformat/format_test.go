package rowformat

import (
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/listing"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func rows() []listing.Image {
	unique := int64(1 << 20)
	return []listing.Image{
		{Repository: "team/app", Tag: "v1", Digest: digest.FromString("v1"), Type: "index", Platforms: []string{"linux/amd64", "linux/arm64"},
			Size: 3 << 20, Unique: &unique, Pushed: now.AddDate(0, 0, -21), Created: now.AddDate(0, 0, -1),
			Labels: map[string]string{"b": "2", "a": "1"}},
		{Repository: "team/app", Digest: digest.FromString("old"), Type: "image"},
	}
}

func printed(t *testing.T, format string, rows []listing.Image) string {
	t.Helper()
	template, err := ParseImages(format)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := Images(&b, template, rows, now); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormat(t *testing.T) {
	for format, want := range map[string]string{
		`{{.Repository}}:{{.Tag}}`:                               "team/app:v1\nteam/app:<none>\n",
		`{{.Tag}}\t{{.Size}}`:                                    "v1\t3.0 MiB\n<none>\t0 B\n",
		`table {{.Tag}}\t{{.Size}}`:                              "TAG     SIZE\nv1      3.0 MiB\n<none>  0 B\n",
		`table {{lower .Tag}} {{.UniqueSize}}\t{{.PushedSince}}`: "TAG UNIQUE SIZE  PUSHED SINCE\nv1 1.0 MiB       3 weeks ago\n<none> N/A       N/A\n",
		`{{.Bytes}} {{.UniqueBytes}}`:                            "3145728 1048576\n0 0\n",
		`{{.PushedAt}} {{.CreatedAt}} {{.CreatedSince}}`:         "2026-10-30T12:00:00Z 2026-11-19T12:00:00Z 1 day ago\nN/A N/A N/A\n",
		`{{.Platforms}}|{{json .Platforms}}`:                     "linux/amd64, linux/arm64|\"linux/amd64, linux/arm64\"\n|\"\"\n",
		`{{range split .Platforms ", "}}<{{.}}>{{end}}`:          "<linux/amd64><linux/arm64>\n<>\n",
		`{{join (split .Repository "/") "."}}`:                   "team.app\nteam.app\n",
		`{{truncate .Digest 10}}{{pad .Type 1 2}}{{upper "x"}}`:  "sha256:3bf index  X\nsha256:cba image  X\n",
		`{{.Labels}}`: "a=1,b=2\n\n",
		`{{index .Labels "a"}}{{.Labels.b}}{{.Label "a"}}`:           "121\n\n",
		`{{range $k, $v := .Labels}}{{$k}}={{$v}};{{$.Tag}} {{end}}`: "a=1;v1 b=2;v1 \n\n",
		`{{if eq .Tag "v1"}}{{.Type}}{{else}}-{{end}}`:               "index\n-\n",
		`{{index (split .Repository "/") 1}}`:                        "app\napp\n",
		`{{with .Labels}}{{len .}}{{else}}{{.Tag}}{{end}}`:           "2\n<none>\n",
		`table {{.Label "a"}}|`:                                      "a|\n1|\n|\n",
		`table {{.Labels}}`:                                          "LABELS\na=1,b=2\n\n",
		`{{printf "%-8s|" .Tag}}`:                                    "v1      |\n<none>  |\n",
		`tables {{.Tag}}`:                                            "tables v1\ntables <none>\n",
		`{{slice .Digest 7 11}}`:                                     "3bfc\ncba0\n",
		`{{define "x"}}{{.}}{{end}}{{template "x" .Tag}}`:            "v1\n<none>\n",
	} {
		if diff := cmp.Diff(want, printed(t, format, rows())); diff != "" {
			t.Errorf("%s:\n%s", format, diff)
		}
	}
}

func TestFormatJSON(t *testing.T) {
	want := `{"Repository":"team/app","Tag":"<none>","Digest":"` + digest.FromString("old").String() + `","Type":"image","Platforms":"","Size":"0 B","Bytes":0,"UniqueSize":"N/A","UniqueBytes":0,"PushedAt":"N/A","PushedSince":"N/A","CreatedAt":"N/A","CreatedSince":"N/A","Labels":{}}` + "\n"
	for _, format := range []string{"json", "{{json .}}"} {
		if diff := cmp.Diff(want, printed(t, format, rows()[1:])); diff != "" {
			t.Errorf("%s:\n%s", format, diff)
		}
	}
}

func TestFormatsThatAreNone(t *testing.T) {
	const known = "fields .Repository .Tag .Digest .Type .Platforms .Size .Bytes .UniqueSize .UniqueBytes " +
		".PushedAt .PushedSince .CreatedAt .CreatedSince .Labels .Label"
	for format, want := range map[string]string{
		"":                                      known,
		"table":                                 known,
		"table ":                                known,
		"{{.ID}}":                               "there is no field .ID; the fields are " + strings.TrimPrefix(known, "fields "),
		"{{if .Tag}}{{.Nope}}{{end}}":           "no field .Nope",
		"{{range .Labels}}{{$.Nope}}{{end}}":    "no field .Nope",
		"{{with .Tag}}{{else}}{{.Nope}}{{end}}": "no field .Nope",
		"{{json .Nope}}":                        "no field .Nope",
		"{{(.).Nope}}":                          "can't evaluate field Nope",
		"{{.Tag":                                "unclosed action",
		"{{shout .Tag}}":                        `function "shout" not defined`,
		"{{split .Tag}}":                        "wrong number of args for split",
		"{{.Tag.Nope}}":                         "can't evaluate field Nope",
		"{{template \"x\"}}":                    `template "x" not defined`,
		"table {{range split .Tag \"-\"}}{{.}}{{end}}": "leave out table",
	} {
		_, err := ParseImages(format)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", format, err, want)
		}
	}
}

func TestUses(t *testing.T) {
	for _, test := range []struct {
		format            string
		created, onlyTags bool
	}{
		{"{{.Tag}}", false, true},
		{"{{.Tag}}{{.Digest}}", false, false},
		{"{{.CreatedSince}}", true, false},
		{"{{if .Tag}}{{else}}{{.CreatedSince}}{{end}}", true, false},
		{"{{range .Labels}}{{$.CreatedSince}}{{end}}", true, false},
		{"{{.}}", true, false},
		{"{{$}}", true, false},
		{"{{$x := .}}{{$x.Tag}}", true, false},
		{`{{define "x"}}{{end}}{{template "x" .}}`, true, false},
		{`{{range .Labels}}{{.}}{{end}}`, false, false},
		{"json", true, false},
		{"x", false, true},
	} {
		template, err := ParseImages(test.format)
		if err != nil {
			t.Fatal(err)
		}
		if template.Uses("CreatedAt", "CreatedSince") != test.created || template.Only("Tag") != test.onlyTags {
			t.Errorf("%s: %+v", test.format, template.fields)
		}
	}
}

// What a client wrote must not drive a terminal, however it is printed.
func TestHostile(t *testing.T) {
	evil := "\x1b]0;owned\a\u009b31m\r\n\u202e\xff"
	row := listing.Image{Repository: evil, Tag: evil, Digest: digest.Digest(evil), Type: catalog.Kind(evil),
		Platforms: []string{evil}, Labels: map[string]string{evil: evil, "k": evil}}
	for _, format := range []string{
		"{{.}}", "{{json .}}", "{{.Tag}}", "{{.Labels}}", "{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}", "{{.Label \"k\"}}",
		"{{upper .Tag}}", "{{pad .Tag 1 1}}", "{{truncate .Tag 3}}", "{{split .Tag \"x\"}}", "{{join (split .Tag \"o\") \"o\"}}",
		"{{range split .Tag \"w\"}}{{.}}{{end}}", "{{printf \"%s %v %q %x\" .Tag .Tag .Tag .Tag}}", "{{print .Tag .Labels}}", "{{slice .Tag 0 1}}",
		"{{html .Tag}}", "{{js .Tag}}", "{{$x := .Tag}}{{$x}}", "table {{.Tag}}", "{{json .Labels}}", "{{println .Type}}", "{{and .Tag .Digest}}",
		"{{printf \"%#v\" .Tag}}", "{{printf \"%+v\" .}}", "{{.Platforms}}{{.Repository}}{{.Digest}}{{.Type}}",
	} {
		out := strings.ReplaceAll(printed(t, format, []listing.Image{row}), "\n", "")
		if strings.ContainsAny(out, "\x1b\a\r\u009b\u202e") || strings.Contains(out, "\xff") {
			t.Errorf("%s: %q", format, out)
		}
	}
	if got, want := printed(t, "{{json .Tag}}", []listing.Image{{Tag: "a\u009b\U000e0001\n"}}), `"a\u009b\udb40\udc01\n"`+"\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRepositories(t *testing.T) {
	template, err := ParseRepositories(`table {{.Name}}\t{{.Tags}}\t{{.Images}}\t{{.Size}}\t{{.UniqueSize}}\t{{.PushedSince}}`)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	row := listing.Repository{Name: "team/app", Tags: 3, Images: 2, Size: 5, Pushed: now.Add(-time.Hour)}
	if err := Repositories(&b, template, []listing.Repository{row}, now); err != nil {
		t.Fatal(err)
	}
	want := "NAME      TAGS  IMAGES  SIZE  UNIQUE SIZE  PUSHED SINCE\nteam/app  3     2       5 B   N/A          1 hour ago\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	if _, err := ParseRepositories("{{.Tag}}"); err == nil || !strings.Contains(err.Error(), "the fields are .Name .Tags .Images") {
		t.Errorf("%v", err)
	}
}
