package page

import (
	"cmp"
	"fmt"
	"html/template"
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
	{others, "smaller repositories, put together"},
}

// tile is a box of the map: a repository with the boxes of its images, or bytes
// that belong to none.
type tile struct {
	ID      string // of a repository, to zoom to
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
	maxBoxes       = 3000 // images in all
	maxBoxesOfTile = 100
	tagsShown      = 3
	// leastLabel is the part of the width and of the height that a label takes.
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
	var all []tile
	rest, folded := int64(0), 0
	for _, r := range repositories {
		switch {
		case r.Unique <= 0:
		case len(all) >= maxTiles:
			rest, folded = rest+r.Unique, folded+1
		default:
			all = append(all, repositoryTile(r, images[r.Name], len(all)))
		}
	}
	outside := u.GC.Bytes.Total - u.Size - u.GC.Bytes.Reclaimable
	for _, t := range []tile{
		{Kind: others, Name: text.Numbered(folded, "smaller repository"), Bytes: rest, Tip: "In the table below"},
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
	weights := make([]int64, len(all))
	for i, t := range all {
		weights[i] = t.Bytes
	}
	left := maxBoxes
	for i, r := range treemap.Layout(frame, weights) {
		t := &all[i]
		t.Style = place(r)
		t.Labeled = r.Width >= leastWidth*frame.Width && r.Height >= leastHeight*frame.Height
		if len(t.Boxes) > left { // the repositories that are left are the smallest
			t.Boxes = nil
		}
		left -= len(t.Boxes)
	}
	return all
}

// repositoryTile lays out the images of a repository.
func repositoryTile(r usage.Repository, images []usage.Image, id int) tile {
	t := tile{ID: fmt.Sprintf("r%d", id), Kind: within, Name: r.Name, Bytes: r.Unique}
	t.Tip = fmt.Sprintf("%s\n%s in %s, %s only here", r.Name, text.Bytes(r.Bytes), text.Numbered(r.Images, "image"), text.Bytes(r.Unique))
	if r.Reclaimable > 0 {
		t.Tip += "\n" + text.Bytes(r.Reclaimable) + " that gc -m would free"
	}
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
	slices.SortStableFunc(t.Boxes, func(a, b box) int { return cmp.Compare(b.Bytes, a.Bytes) })
	weights := make([]int64, len(t.Boxes))
	for i, b := range t.Boxes {
		weights[i] = b.Bytes
	}
	for i, r := range treemap.Layout(frame, weights) {
		t.Boxes[i].Style = place(r)
	}
	return t
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
