package page

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/internal/treemap"
	"github.com/blobsweep/blobsweep/usage"
)

// kind is what the bytes of a box are, and the class that gives it its colour.
type kind string

const (
	tagged   kind = "tagged"
	untagged kind = "untagged"
	within   kind = "within"
	several  kind = "several"
	unneeded kind = "unneeded"
	kept     kind = "kept"
	others   kind = "others"
)

// legend explains the colour of a kind.
type legend struct {
	Kind kind
	Text string
}

var explained = []legend{
	{tagged, "only one image needs it"},
	{untagged, "only an untagged image needs it: gc -m frees it"},
	{within, "several images of the repository need it"},
	{several, "several repositories need it"},
	{unneeded, "nothing needs it: gc frees it"},
	{kept, "no image needs it, but it is young, or a link or an odd name keeps it"},
	{others, "a smaller repository, with all its images"},
}

// tile is a box of the map: a repository with the boxes of its images, a folder
// of smaller repositories, or bytes that belong to none.
type tile struct {
	ID      string // to zoom to
	Kind    kind   // of one without boxes
	Name    string
	Bytes   int64 // as its area
	Tip     string
	Style   template.CSS
	Labeled bool
	Boxes   []box
}

// box is an image in its repository.
type box struct {
	Kind  kind
	Name  string
	Bytes int64
	Tip   string
	Style template.CSS
}

// Bounds of the map. Smaller ones are put together into one box.
const (
	maxTiles       = 120  // repositories
	maxFolders     = 40   // of smaller ones
	maxBoxes       = 3000 // in all
	maxBoxesOfTile = 100
	tagsShown      = 3
	// What part of the width and of the height a label takes at least.
	leastWidth, leastHeight = 0.045, 0.045
)

// The frame has the shape of a wide screen; on others it is stretched.
var frame = treemap.Rectangle{Width: 16, Height: 9}

// tiles lays out the map. An area is what a removal would free: what several
// repositories need is none's, and has a tile of its own. So all tiles together
// are what is stored.
func tiles(u *usage.Usage) []tile {
	images := map[string][]usage.Image{}
	for _, i := range u.Largest { // most first
		if i.Unique > 0 {
			images[i.Repository] = append(images[i.Repository], i)
		}
	}
	repositories := slices.Clone(u.ByRepository)
	slices.SortFunc(repositories, func(a, b usage.Repository) int {
		return cmp.Or(cmp.Compare(b.Unique, a.Unique), cmp.Compare(a.Name, b.Name))
	})
	repositories = slices.DeleteFunc(repositories, func(r usage.Repository) bool { return r.Unique <= 0 })
	large := repositories[:min(maxTiles, len(repositories))]
	var all []tile
	for _, r := range large {
		all = append(all, repositoryTile(r, images[r.Name]))
	}
	all = append(all, folders(repositories[len(large):])...)
	for i := range all {
		all[i].ID = fmt.Sprintf("t%d", i)
	}
	outside := u.GC.Bytes.Total - u.Size - u.GC.Bytes.Reclaimable
	for _, t := range []tile{
		{Kind: several, Name: "Shared by repositories", Bytes: u.Shared, Tip: "Removing a single repository frees nothing of it"},
		{Kind: unneeded, Name: "Needed by nothing", Bytes: u.GC.Bytes.Reclaimable, Tip: "gc frees it"},
		{Kind: kept, Name: "Kept for other reasons", Bytes: outside, Tip: "No image needs it, but it is young, or a link or an odd name keeps it"},
	} {
		if t.Bytes > 0 {
			t.Tip = t.Name + "\n" + text.Bytes(t.Bytes) + "\n" + t.Tip
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b tile) int { return cmp.Compare(b.Bytes, a.Bytes) })
	left := maxBoxes
	for i, r := range layout(all, func(t tile) int64 { return t.Bytes }) {
		t := &all[i]
		t.Style = place(r)
		t.Labeled = r.Width >= leastWidth*frame.Width && r.Height >= leastHeight*frame.Height
		if len(t.Boxes) > left { // those that are left are the smallest
			t.Boxes = nil
		}
		left -= len(t.Boxes)
	}
	return all
}

// folders puts repositories together by the first part of their names; those
// that have no other part, and those of the smallest folders, in one.
func folders(repositories []usage.Repository) []tile {
	bytes := map[string]int64{}
	for _, r := range repositories {
		if folder, _, nested := strings.Cut(r.Name, "/"); nested {
			bytes[folder] += r.Unique
		}
	}
	largest := slices.SortedFunc(maps.Keys(bytes), func(a, b string) int {
		return cmp.Or(cmp.Compare(bytes[b], bytes[a]), cmp.Compare(a, b))
	})
	largest = largest[:min(maxFolders, len(largest))]
	of := map[string]*tile{}
	for _, r := range repositories {
		folder, _, nested := strings.Cut(r.Name, "/")
		if !nested || !slices.Contains(largest, folder) {
			folder = ""
		}
		t := of[folder]
		if t == nil {
			t = &tile{Kind: others, Name: folder + "/…"}
			of[folder] = t
		}
		t.Bytes += r.Unique
		t.Boxes = append(t.Boxes, box{Kind: others, Name: r.Name, Bytes: r.Unique, Tip: repositoryTip(r)})
	}
	var all []tile
	for _, folder := range slices.Sorted(maps.Keys(of)) {
		t := *of[folder]
		t.Tip = text.Numbered(len(t.Boxes), "smaller repository") + "\n" + text.Bytes(t.Bytes) + " that no other repository needs"
		if folder == "" {
			t.Name = text.Numbered(len(t.Boxes), "smaller repository")
		} else {
			t.Tip = t.Name + "\n" + t.Tip
		}
		if folded := len(t.Boxes) - maxBoxesOfTile; folded > 0 { // they come largest first
			b := box{Kind: others, Name: text.Numbered(folded, "smaller repository")}
			for _, small := range t.Boxes[maxBoxesOfTile:] {
				b.Bytes += small.Bytes
			}
			b.Tip = b.Name + "\n" + text.Bytes(b.Bytes) + "\nin the table below"
			t.Boxes = append(t.Boxes[:maxBoxesOfTile:maxBoxesOfTile], b)
		}
		t.layOut()
		all = append(all, t)
	}
	return all
}

// repositoryTile lays out the images of a repository.
func repositoryTile(r usage.Repository, images []usage.Image) tile {
	t := tile{Kind: within, Name: r.Name, Bytes: r.Unique, Tip: repositoryTip(r)}
	common := r.Unique
	folded := map[kind]*usage.Share{tagged: {}, untagged: {}}
	for n, i := range images {
		common -= i.Unique
		if b := imageBox(i); n < maxBoxesOfTile {
			t.Boxes = append(t.Boxes, b)
		} else {
			folded[b.Kind].Count++
			folded[b.Kind].Bytes += b.Bytes
		}
	}
	for _, b := range []box{
		{Kind: tagged, Name: text.Numbered(folded[tagged].Count, "smaller image"), Bytes: folded[tagged].Bytes,
			Tip: "each needed by no other image"},
		{Kind: untagged, Name: text.Numbered(folded[untagged].Count, "smaller untagged image"), Bytes: folded[untagged].Bytes,
			Tip: "gc -m removes them"},
		{Kind: within, Name: "Shared by its images", Bytes: common, Tip: "several images of this repository need it"},
	} {
		if b.Bytes > 0 {
			b.Tip = b.Name + "\n" + text.Bytes(b.Bytes) + "\n" + b.Tip
			t.Boxes = append(t.Boxes, b)
		}
	}
	t.layOut()
	return t
}

// repositoryTip is what is told of a repository.
func repositoryTip(r usage.Repository) string {
	tip := fmt.Sprintf("%s\n%s in %s, %s only here", r.Name, text.Bytes(r.Bytes), text.Numbered(r.Images, "image"), text.Bytes(r.Unique))
	if r.Reclaimable > 0 {
		tip += "\n" + text.Bytes(r.Reclaimable) + " that gc -m would free"
	}
	return tip
}

// layOut gives the boxes of a tile their places, as they are when it is zoomed to.
func (t *tile) layOut() {
	slices.SortStableFunc(t.Boxes, func(a, b box) int { return cmp.Compare(b.Bytes, a.Bytes) })
	for i, r := range layout(t.Boxes, func(b box) int64 { return b.Bytes }) {
		t.Boxes[i].Style = place(r)
	}
}

// layout lays out what has weights in the frame.
func layout[T any](all []T, weight func(T) int64) []treemap.Rectangle {
	weights := make([]int64, len(all))
	for i, of := range all {
		weights[i] = weight(of)
	}
	return treemap.Layout(frame, weights)
}

// imageBox is the box of an image, without its place.
func imageBox(i usage.Image) box {
	b := box{Kind: tagged, Bytes: i.Unique}
	if i.Untagged {
		b.Kind = untagged
	}
	b.Name = strings.Join(i.Tags[:min(len(i.Tags), tagsShown)], ", ")
	if more := len(i.Tags) - tagsShown; more > 0 {
		b.Name += fmt.Sprintf(" and %d more", more)
	}
	if len(i.Tags) == 0 {
		b.Name = short(i.Digest)
	}
	b.Tip = fmt.Sprintf("%s\n%s in all, %s of it needed by no other image", b.Name, text.Bytes(i.Bytes), text.Bytes(i.Unique))
	if i.Untagged {
		b.Tip += "\nuntagged: gc -m removes it"
	}
	if !i.Pushed.IsZero() {
		b.Tip += "\npushed " + text.Day(i.Pushed)
	}
	return b
}

// place puts a box where its rectangle is, as parts of the frame.
func place(r treemap.Rectangle) template.CSS {
	return template.CSS(fmt.Sprintf("left:%.4f%%;top:%.4f%%;width:%.4f%%;height:%.4f%%",
		r.X/frame.Width*100, r.Y/frame.Height*100, r.Width/frame.Width*100, r.Height/frame.Height*100))
}

// legends are those of the kinds on the map.
func legends(tiles []tile) []legend {
	seen := map[kind]bool{}
	for _, t := range tiles {
		if len(t.Boxes) == 0 {
			seen[t.Kind] = true
		}
		for _, b := range t.Boxes {
			seen[b.Kind] = true
		}
	}
	var all []legend
	for _, l := range explained {
		if seen[l.Kind] {
			all = append(all, l)
		}
	}
	return all
}
