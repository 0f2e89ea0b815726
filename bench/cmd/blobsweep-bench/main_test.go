package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/bench/compare"
	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/bench/workload"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == compare.Subcommand || os.Args[1] == runScale) { // one run of a comparison, or plan
		main()
	}
	os.Exit(m.Run())
}

// command runs a command line.
func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	status = run(args, strings.NewReader(""), &out, &problems)
	return status, out.String(), problems.String()
}

// succeed runs a command line that must succeed, and returns what it prints.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := command(t, args...)
	if status != statusDone {
		t.Fatalf("%q: status %d\n%s", args, status, stderr)
	}
	return stdout
}

// An error in the command line ends with status 2, and says what is wrong.
func TestUsage(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"generate":                       "one TARGET",
		"generate a b":                   "one TARGET",
		"generate --shape round " + full: "typical",
		"generate --shape small --blobs 1 " + full:    "too few",
		"generate --shape small " + full:              "is not empty",
		"generate --shape small file://" + full:       "is not empty",
		"generate --shape small ftp://x":              "ftp",
		"generate --shape small s3://":                "bucket",
		"compare here":                                "flags only",
		"compare -o xml":                              "table, json, benchfmt",
		"compare --suite all":                         "there is ci",
		"compare --storage tape":                      "filesystem and s3",
		"compare --rounds 0":                          "at least one",
		"compare --workers -1":                        "negative",
		"compare --upstream-rounds -1":                "--no-upstream",
		"compare --no-upstream --upstream-rounds 2":   "contradict",
		"compare --delay 5":                           "unit",
		"compare --delay -5ms":                        "negative",
		"compare --shape round":                       "typical",
		"docs --only all":                             "fs-typical",
		"docs --out " + filepath.Join(full, "absent"): "no directory",
		"scale many":                                  "no number",
		"scale 0":                                     "no number",
		"clean":                                       "unknown command",
		"compare --fast":                              "unknown flag",
	} {
		status, stdout, stderr := command(t, strings.Fields(line)...)
		if status != statusUsage || !strings.Contains(stderr, want) || stdout != "" {
			t.Errorf("%q: status %d, prints %q, says %q, and not %q", line, status, stdout, stderr, want)
		}
	}
}

// The help teaches: all shapes, all parts, exit statuses.
func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"generate", "--help"}, {"compare", "--help"}} {
		help := succeed(t, args...)
		for _, s := range workload.Shapes() {
			if !strings.Contains(help, "\n  "+s.Name+" ") {
				t.Errorf("%q does not tell of %s", args, s.Name)
			}
		}
		if !strings.Contains(help, exitStatuses) || strings.Contains(help, "\n  "+compare.Subcommand+" ") {
			t.Errorf("%q does not tell the exit statuses, or tells what is hidden", args)
		}
	}
	help := succeed(t, "docs", "--help")
	for _, p := range compare.Parts() {
		if !strings.Contains(help, "\n  "+p.Name+" ") {
			t.Errorf("docs does not tell of %s", p.Name)
		}
	}
}

// What is generated is what the truth tells, and is not written over.
func TestGenerate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "registry")
	truthFile := filepath.Join(t.TempDir(), "truth.json")
	succeed(t, "generate", "--shape", "small", "--blobs", "400", dir, "--truth", truthFile)
	var truth struct {
		Objects int `json:"objects"`
	}
	text, err := os.ReadFile(truthFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	files := 0
	if err := filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if files == 0 || files != truth.Objects {
		t.Errorf("%d files, and the truth tells of %d", files, truth.Objects)
	}
	if status, _, stderr := command(t, "generate", "--shape", "small", "--blobs", "400", dir); status != statusUsage {
		t.Errorf("a second time: status %d, %s", status, stderr)
	}
}

func TestCompareCommand(t *testing.T) {
	base := []string{"compare", "-q", "--shape", "small", "--blobs", "400", "--rounds", "1", "--system-calls=false", "--dir", t.TempDir()}
	var d result.Document
	if err := json.Unmarshal([]byte(succeed(t, append(base, "-m", "-o", "json")...)), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Comparisons) != 1 || d.Machine.Go == "" {
		t.Fatalf("%+v", d)
	}
	c := d.Comparisons[0]
	for _, who := range []result.Collector{result.Blobsweep, result.Upstream, result.Walk} {
		if len(c.Timed(who)) != 1 {
			t.Errorf("%d runs of %s", len(c.Timed(who)), who)
		}
	}
	if c.Shape != "small" || !c.DeleteUntagged || c.Execute {
		t.Errorf("%+v", c)
	}
	table := succeed(t, append(base, "--no-upstream", "--execute")...)
	if !strings.Contains(table, "execute") || !strings.Contains(table, "blobsweep") || strings.Contains(table, "upstream") {
		t.Errorf("the table is\n%s", table)
	}
	lines := succeed(t, append(base, "--no-upstream", "--delay", "0s,1us", "-o", "benchfmt")...)
	if n := strings.Count(lines, "\nBenchmark"); n < 4 {
		t.Errorf("%d benchmarks in\n%s", n, lines)
	}
}

// The page is made of what was measured before, where nothing is measured.
func TestDocs(t *testing.T) {
	out := t.TempDir()
	succeed(t, "docs", "-q", "--only", "none", "--out", out)
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "benchmarks.md" }) {
		t.Errorf("there is %v", entries)
	}
}

func TestScale(t *testing.T) {
	if table := succeed(t, "scale", "-q", "20_000"); !strings.Contains(table, "20,000") {
		t.Errorf("the table is\n%s", table)
	}
	var d result.Document
	if err := json.Unmarshal([]byte(succeed(t, "scale", "-q", "--json", "20000")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Scale) != 1 || d.Scale[0].Blobs == 0 || d.Scale[0].Peak == 0 {
		t.Errorf("%+v", d.Scale)
	}
}
