package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/bench/result"
)

// section is a part of the page.
type section struct {
	title string
	text  string
	grid  grid
	plots []string
	from  []origin
}

// origin is where figures come from.
type origin struct {
	commit string
	at     time.Time
}

// sections are the parts for which there are measurements.
func sections(d result.Document) []section {
	all := []section{headlineSection(d), growthSection(d), tagsSection(d), shapesSection(d), remoteSection(d), scaleSection(d)}
	return slices.DeleteFunc(all, func(s section) bool { return len(s.grid.rows) == 0 })
}

func origins(comparisons []result.Comparison) (all []origin) {
	for _, c := range comparisons {
		all = append(all, origin{c.Commit, c.MeasuredAt})
	}
	return all
}

func headlineSection(d result.Document) section {
	all := headlineOf(d)
	return section{
		title: "A registry on a filesystem",
		text: "The shape `typical`: images that share bases, with tags that have moved, some for several platforms, some " +
			"with signatures. A real deletion begins each time with the same tree.",
		grid: each(all, func(c result.Comparison) string { return size(c) + ", " + work(c) }),
		from: origins(all),
	}
}

func growthSection(d result.Document) section {
	all := growthOf(d)
	g := grid{names: 0, head: []string{
		"blobs", "manifests", "blobsweep", "a blob", "upstream", "a blob", "walk", "a blob", "to upstream", "to the walk",
		"memory of blobsweep", "of upstream",
	}}
	for _, c := range all {
		g.row(count(c.Blobs), count(c.Manifests),
			median(c, result.Blobsweep, result.Wall, seconds), perBlob(c, result.Blobsweep),
			median(c, result.Upstream, result.Wall, seconds), perBlob(c, result.Upstream),
			median(c, result.Walk, result.Wall, seconds), perBlob(c, result.Walk),
			faster(c, result.Blobsweep, result.Upstream), faster(c, result.Blobsweep, result.Walk),
			median(c, result.Blobsweep, result.Peak, bytes), median(c, result.Upstream, result.Peak, bytes))
	}
	return section{
		title: "Growth by size",
		text:  "The same shape, dry runs. If the time for a blob stays, the growth is linear.",
		grid:  g, plots: []string{plotTime, plotMemory}, from: origins(all),
	}
}

func perBlob(c result.Comparison, who result.Collector) string {
	return median(c, who, result.Wall, func(wall float64) string { return seconds(wall / float64(c.Blobs)) })
}

func tagsSection(d result.Document) section {
	all := oneRepositoryOf(d)
	g := grid{names: 0, head: []string{"tags", "blobs", "blobsweep", "upstream", "walk", "to upstream", "to the walk"}}
	for _, c := range all {
		g.row(count(c.Tags), count(c.Blobs),
			median(c, result.Blobsweep, result.Wall, seconds), median(c, result.Upstream, result.Wall, seconds),
			median(c, result.Walk, result.Wall, seconds),
			faster(c, result.Blobsweep, result.Upstream), faster(c, result.Blobsweep, result.Walk))
	}
	text := "Dry runs with `-m` in one repository. Upstream reads every tag for every manifest of the repository, so it is " +
		"run on sizes that it can finish."
	if grows := growths(all); grows != "" {
		text += " " + grows
	}
	return section{title: "One repository with many tags", text: text, grid: g, plots: []string{plotTags}, from: origins(all)}
}

// growths tells with which power of the tags the times grow.
func growths(all []result.Comparison) string {
	var parts []string
	for _, s := range seriesOf(all, func(c result.Comparison) float64 { return float64(c.Tags) }, result.Wall) {
		a, b := s.points[len(s.points)-2], s.points[len(s.points)-1]
		parts = append(parts, fmt.Sprintf("%s's with the power %.1f of the tags (%s to %s)", s.who, power(a, b), count(a.x), count(b.x)))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Between the two largest sizes of each, the time grows: " + strings.Join(parts, ", ") + "."
}

func shapesSection(d result.Document) section {
	all := shapesOf(d)
	return section{
		title: "Shapes",
		text:  "Dry runs on a filesystem, of the largest registry of each shape that both collectors were run on.",
		grid: each(all, func(c result.Comparison) string {
			name := "`" + c.Shape + "`, " + size(c)
			if c.DeleteUntagged {
				name += ", `-m`"
			}
			return name
		}),
		plots: []string{plotShapes}, from: origins(all),
	}
}

func remoteSection(d result.Document) section {
	all := remoteOf(d)
	return section{
		title: "A registry on S3",
		text: "The floor of requests is a list for each 1,000 keys, a get for each manifest, with `-m` a get for each tag, " +
			"and a delete for each 1,000 keys that go. The server and the proxy share the cores with the collector: half of " +
			"their processor time and the collector's together is the least that a run can take on two cores.",
		grid: each(all, func(c result.Comparison) string {
			name := "`" + c.Shape + "`, " + size(c) + ", " + work(c)
			if c.DelaySeconds > 0 {
				return name + ", " + tickSeconds(c.DelaySeconds) + " a request"
			}
			return name + ", no delay"
		}),
		from: origins(all),
	}
}

func scaleSection(d result.Document) section {
	g := grid{names: 0, head: []string{
		"blobs", "manifests", "marked", "eligible", "time", "CPU", "marked in a second", "peak memory", "of it the driver",
		"mark set, bytes a digest",
	}}
	var from []origin
	for _, s := range d.Scale {
		g.row(count(s.Blobs), count(s.Manifests), count(s.Marked), count(s.Eligible), seconds(s.Wall), seconds(s.CPU),
			count(float64(s.Marked)/s.Wall), bytes(float64(s.Peak)), bytes(float64(s.DriverBytes)),
			digits(s.BytesPerDigest))
		from = append(from, origin{s.Commit, s.MeasuredAt})
	}
	return section{
		title: "Scale and memory, without a disk",
		text: "Dry runs (`--offline`) of registries that exist nowhere: a driver makes up the listing and the manifests while " +
			"they are asked for, so the collector runs the code that it runs on an object store. Every manifest is verified. " +
			"What is made up is simpler than a real tree: images of 48 layers and a config, 100 in each repository, each with one " +
			"tag, none shares a layer; 1 of 100 blobs is an orphan. The driver holds the digests of the manifests; that memory, and " +
			"the time to make everything up, are in the figures.",
		grid: g, from: from,
	}
}

// each has rows for all collectors of all comparisons.
func each(all []result.Comparison, name func(result.Comparison) string) grid {
	var g grid
	for _, c := range all {
		of := collectors(c)
		g.head, g.names = append([]string{"work"}, of.head...), 2
		first := name(c)
		for _, row := range of.rows {
			g.row(append([]string{first}, row...)...)
			first = ""
		}
	}
	return g.compact()
}

func size(c result.Comparison) string { return count(c.Blobs) + " blobs" }

// work tells what was done.
func work(c result.Comparison) string {
	name := "dry run"
	if c.Execute {
		name = "real deletion"
	}
	if c.DeleteUntagged {
		name += " with `-m`"
	}
	if c.Workers != 0 {
		name += fmt.Sprintf(", %d workers", c.Workers)
	}
	return name
}

// measured says at which commits and when.
func measured(from []origin) string {
	type entry struct{ commit, day string }
	var all []entry
	for _, o := range from {
		if e := (entry{commit(o.commit), day(o.at)}); !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.commit, b.commit)) })
	var parts []string
	for _, e := range all {
		parts = append(parts, fmt.Sprintf("`%s` on %s", e.commit, e.day))
	}
	return "Measured at commit " + strings.Join(parts, ", and at ") + "."
}
