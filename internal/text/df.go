package text

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/blobsweep/blobsweep/usage"
)

// Usage writes what a registry's bytes are used for: a table of types, with
// what gc and gc -m would free, then where they were read repositories, and at
// most top images; zero means all of them.
func Usage(w io.Writer, u *usage.Usage, top int) error {
	var b strings.Builder
	heading := []string{Numbered(u.Repositories, "repository"), Numbered(u.Tags, "tag"), "offline"}
	if grace, err := time.ParseDuration(u.Grace); err == nil && grace > 0 {
		heading[2] = "grace period " + Span(grace)
	}
	b.WriteString(clean(u.Registry) + ": " + strings.Join(heading, ", ") + "\n\n")
	usageTypes(&b, u)
	if u.Detail != nil {
		usageRepositories(&b, u.Detail)
		usageImages(&b, u.Largest, top)
	}
	b.WriteString("\n")
	for _, line := range UsageNotes(u) {
		wrap(&b, 0, 2, line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Part is how much of something, in percent: whole numbers, and neither none nor
// all unless it is so. It is empty where there is nothing to be a part of.
func Part(part, whole int64) string {
	switch {
	case whole <= 0:
		return ""
	case part <= 0:
		return "0%"
	case part >= whole:
		return "100%"
	}
	percent := int64(float64(part)/float64(whole)*100 + 0.5)
	if percent < 1 {
		return "<1%"
	}
	return fmt.Sprintf("%d%%", min(percent, 99))
}

// ReclaimableOf is the part of a type that goes: bytes where it has some, or
// else the number of them.
func ReclaimableOf(t usage.Type, s usage.Share) string {
	amount, part, whole := Count(s.Count), s.Count, t.Total
	if t.Bytes != nil {
		amount, part, whole = Bytes(s.Bytes), s.Bytes, *t.Bytes
	} else if s.Bytes > 0 {
		return amount + ", " + Bytes(s.Bytes)
	}
	if percent := Part(part, whole); percent != "" {
		amount += " (" + percent + ")"
	}
	return amount
}

// TypeName is what a type is called.
func TypeName(t usage.Type) string { return strings.ReplaceAll(string(t.Name), "-", " ") }

// SizeOf is what all of a type take, if it is known.
func SizeOf(t usage.Type) string {
	if t.Bytes == nil {
		return "-"
	}
	return Bytes(*t.Bytes)
}

func usageTypes(b *strings.Builder, u *usage.Usage) {
	t := columns{{"TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE (gc)", "RECLAIMABLE (gc -m)"}}
	for _, of := range u.Types {
		t = append(t, []string{
			TypeName(of), Count(of.Total), Count(of.Active), SizeOf(of),
			ReclaimableOf(of, of.GC), ReclaimableOf(of, of.GCUntagged),
		})
	}
	t.write(b, 0)
}

func usageRepositories(b *strings.Builder, d *usage.Detail) {
	b.WriteString("\n")
	// Names come last: there are long ones.
	t := columns{{"TAGS", "IMAGES", "SIZE", "SHARED", "UNIQUE", "RECLAIMABLE (gc -m)", "REPOSITORY"}}
	for _, r := range d.ByRepository {
		t = append(t, []string{
			Count(r.Tags), Count(r.Images), Bytes(r.Bytes), Bytes(r.Shared), Bytes(r.Unique), Bytes(r.Reclaimable), clean(r.Name),
		})
	}
	t.write(b, 6)
}

func usageImages(b *strings.Builder, images []usage.Image, top int) {
	if len(images) == 0 {
		return
	}
	shown := images
	if top > 0 {
		shown = images[:min(top, len(images))]
	}
	b.WriteString("\n")
	t := columns{{"WOULD FREE", "SIZE", "PUSHED", "IMAGE"}}
	for _, i := range shown {
		t = append(t, []string{Bytes(i.Unique), Bytes(i.Bytes), Day(i.Pushed), ImageName(i)})
	}
	t.write(b, 3)
	if more := len(images) - len(shown); more > 0 {
		fmt.Fprintf(b, "and %s; --top 0 shows all\n", Numbered(more, "smaller image"))
	}
}

// Day is the day of a time, or a dash where it is not known.
func Day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.DateOnly)
}

// tagsShown is how many tags of an image are told.
const tagsShown = 3

// ImageName is what an image can be called by: its repository with its tags, or
// its digest where it has none.
func ImageName(i usage.Image) string {
	name := clean(i.Repository)
	switch {
	case i.Untagged:
		return name + "@" + clean(string(i.Digest)) + "  untagged"
	case len(i.Tags) == 0:
		return name + "@" + clean(string(i.Digest))
	}
	var tags []string
	for _, tag := range i.Tags[:min(tagsShown, len(i.Tags))] {
		tags = append(tags, clean(tag))
	}
	name += ":" + strings.Join(tags, ", ")
	if more := len(i.Tags) - tagsShown; more > 0 {
		name += fmt.Sprintf(" and %s more", Count(int64(more)))
	}
	return name
}

// UsageNotes say in sentences what a collection would free, what forbids it, and
// what else there is to know.
func UsageNotes(u *usage.Usage) []string {
	gc, untagged := u.GC, u.GCUntagged
	would, stays := "free", ""
	if slices.ContainsFunc(u.Findings, func(f mark.Finding) bool { return f.Kind == mark.VersionedBucket }) {
		would, stays = "delete", ", which stay as noncurrent versions until a lifecycle rule of the bucket removes them"
	}
	notes := []string{fmt.Sprintf("gc would %s %s of %s, gc -m %s%s.", would,
		withPart(gc.Bytes.Reclaimable, gc.Bytes.Total), Bytes(gc.Bytes.Total),
		withPart(untagged.Bytes.Reclaimable, untagged.Bytes.Total), stays)}
	if u.Detail != nil && untagged.Bytes.Reclaimable > 0 {
		note := fmt.Sprintf("Of what gc -m would %s, %s are needed by no image, and so belong to no repository.", would, Bytes(u.Unneeded))
		if u.UntaggedShared > 0 {
			note += fmt.Sprintf(" Untagged images of several repositories need %s.", Bytes(u.UntaggedShared))
		}
		notes = append(notes, note)
	}
	if kept := recentOf(untagged.Counts); len(kept) > 0 {
		notes = append(notes, strings.Join(kept, ", ")+": not needed, but too young to go. --grace sets another age.")
	}
	for _, blocker := range sweep.Blockers() {
		var modes []string
		if slices.Contains(gc.BlockedBy, blocker) {
			modes = append(modes, "gc")
		}
		if slices.Contains(untagged.BlockedBy, blocker) {
			modes = append(modes, "gc -m")
		}
		if len(modes) > 0 {
			notes = append(notes, fmt.Sprintf("%s would be blocked by %s, and delete nothing. %s",
				strings.Join(modes, " and "), blocker, Explain(blocker)))
		}
	}
	if n := len(u.Findings); n > 0 {
		notes = append(notes, fmt.Sprintf("%s: blobsweep plan -m tells what to do about them.", Numbered(n, "finding")))
	}
	return notes
}

func withPart(part, whole int64) string {
	if percent := Part(part, whole); percent != "" {
		return Bytes(part) + " (" + percent + ")"
	}
	return Bytes(part)
}

// columns are rows of cells, the first of them the headings.
type columns [][]string

// write aligns the column of that index to the left, as it is the one that
// names what a row is about, and all others to the right.
func (c columns) write(b *strings.Builder, left int) {
	widths := make([]int, len(c[0]))
	for _, row := range c {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range c {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			fill := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == left {
				cell, fill = fill, cell
			}
			line.WriteString(fill + cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
