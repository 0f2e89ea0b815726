package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blobsweep/blobsweep/bench/result"
)

// Command makes the page.
const Command = "go run ./bench/cmd/blobsweep-bench docs"

// WritePage writes benchmarks.md and the plots in benchmarks/ into a directory,
// which is made if it is not there. Parts for which there are no measurements are
// left out, and so are plots, of which older ones are removed.
func WritePage(dir string, d result.Document) error {
	pictures := filepath.Join(dir, "benchmarks")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	drawn := plots(d)
	for _, name := range []string{plotTime, plotMemory, plotTags, plotShapes} {
		path := filepath.Join(pictures, name)
		picture, ok := drawn[name]
		if !ok {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "benchmarks.md"), []byte(page(d, drawn)), 0o644)
}

const introduction = `# Benchmarks

How fast blobsweep is, what it is compared with, and how it was measured. This page and its plots are
made by one command, and edited by nobody; its help tells how to run parts of it, on other machines:

` + "```sh\n" + Command + "\n```" + `

`

const method = `## How it is measured

- The collectors: **blobsweep**; **upstream**, which is ` + "`MarkAndSweep`" + ` of CNCF Distribution, called as a
  library, what ` + "`registry garbage-collect`" + ` runs; and the **walk**, a floor: it reads the same directories
  or pages and the same manifests as blobsweep, and does nothing else.
- All of them work on the same data. Each run is a process of its own. They take turns, so that
  whatever else the machine does meets all of them. A first run warms the caches and does not count.
- Figures are medians of the runs; ` + "`from`" + ` and ` + "`to`" + ` are the fastest and the slowest. ` + "`CPU`" + ` is
  processor time, user and system, on all cores; memory is the largest resident memory of the process.
- The registries are made up by a generator, the same ones from the same seed. It tells to the digest
  what each collector has to remove in each mode. What a run removes, or would remove, is compared
  with that; a run that differs is an error, and gives no figure.
- After each run that deletes, the registry is put back as it was. That is not part of the time.
- Requests on S3 are counted by a proxy in front of the server, which also adds the delay to each of
  them. On a filesystem they are what the driver counts: directories read, files read, files described
  and removed. System calls are counted in runs of their own, whose times do not count.

`

// page writes the text; drawn are the plots that there are.
func page(d result.Document, drawn map[string][]byte) string {
	var b strings.Builder
	b.WriteString(introduction)
	all := sections(d)
	b.WriteString("- [The bars](#the-bars)\n- [How it is measured](#how-it-is-measured)\n- [The machine](#the-machine)\n")
	for _, s := range all {
		fmt.Fprintf(&b, "- [%s](#%s)\n", s.title, anchor(s.title))
	}
	b.WriteString("\n## The bars\n\n" + bar(d, all) + "\n" + method + "## The machine\n\n" + machine(d.Machine).markdown() + "\n")
	for _, s := range all {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n%s\n", s.title, wrap(s.text), s.grid.compact().markdown())
		for _, name := range s.plots {
			if _, ok := drawn[name]; ok {
				fmt.Fprintf(&b, "![%s](benchmarks/%s)\n\n", caption(name), name)
			}
		}
		b.WriteString(wrap(measured(s.from)) + "\n\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// bar is the table of what has to be reached.
func bar(d result.Document, all []section) string {
	g := grid{names: 4, head: []string{"work", "bar", "measured", "state"}}
	misses := 0
	for _, c := range claims(d) {
		g.row(c.work, c.bar, c.figures(), c.state())
		if c.state() == missed {
			misses++
		}
	}
	text := "What the project set out to reach, and what was measured."
	switch {
	case misses == 1:
		text += " One bar is missed."
	case misses > 1:
		text += fmt.Sprintf(" %d bars are missed.", misses)
	}
	text += "\n\n" + g.markdown()
	commits := map[string]bool{}
	for _, s := range all {
		for _, o := range s.from {
			commits[o.commit] = true
		}
	}
	if len(commits) > 1 {
		text += "\nNot all parts were measured at the same commit: each part below says at which, and when.\n"
	}
	return text
}

func machine(m result.Machine) grid {
	g := grid{names: 2, head: []string{"", ""}}
	for _, row := range [][2]string{
		{"processor", m.CPU},
		{"cores", positive(int64(m.Cores), count[int64])},
		{"memory", positive(m.Memory, func(n int64) string { return bytes(float64(n)) })},
		{"platform", m.Platform},
		{"kernel", m.Kernel},
		{"Go", m.Go},
		{"upstream", m.Upstream},
	} {
		if row[1] != "" {
			g.row(row[0], row[1])
		}
	}
	return g
}

func positive(n int64, print func(int64) string) string {
	if n <= 0 {
		return ""
	}
	return print(n)
}

// caption says what a plot shows.
func caption(name string) string {
	switch name {
	case plotTime:
		return "Time by the number of blobs, both axes logarithmic"
	case plotMemory:
		return "Peak memory by the number of blobs, both axes logarithmic"
	case plotTags:
		return "Time by the number of tags in one repository, both axes logarithmic"
	}
	return "Time by shape, logarithmic"
}

// anchor is how a heading is linked to.
func anchor(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == ',':
			return -1
		}
		return r
	}, strings.ToLower(title))
}

// width is that of the lines of a page.
const width = 100

// wrap breaks a paragraph into lines.
func wrap(text string) string {
	var b strings.Builder
	at := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case at > 0 && at+1+len(word) > width:
			b.WriteByte('\n')
			at = 0
		case at > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}
