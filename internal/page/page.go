// Package page writes what the bytes of a registry are used for as a page of
// HTML: one file that needs nothing from outside, for any browser, with a map in
// which areas are bytes, and everything in tables besides. Without scripts it
// lacks sorting and filtering only.
//
// Names from the storage are hostile text: html/template puts them where they
// can be nothing but text, and a policy on the page forbids every script but its
// own and every request.
package page

import (
	"crypto/sha256"
	_ "embed" // the parts of the page
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/usage"
	"github.com/opencontainers/go-digest"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// Bounds of what is on a page, so that it stays at a few megabytes.
const (
	maxRepositories = 10_000 // rows
	maxImages       = 200    // rows
)

// view is what the template shows.
type view struct {
	*usage.Usage
	Style      template.CSS
	Script     template.JS
	Policy     string
	Began      string
	Grace      string
	Bar        []segment
	Notes      []string
	Tiles      []tile
	Legend     []legend
	Rows       []usage.Repository
	MoreRows   int
	Images     []usage.Image
	MoreImages int
}

// segment is a part of the bar above the tables.
type segment struct {
	Kind  kind
	Name  string
	Bytes int64
	Style template.CSS
}

// Write writes the page. The repositories come in the order in which u has them.
// u must have a Detail.
func Write(w io.Writer, u *usage.Usage) error {
	page, err := template.New("page").Funcs(template.FuncMap{
		"bytes": text.Bytes, "count": text.Count, "day": text.Day, "part": text.Part,
		"size": text.SizeOf, "name": text.TypeName, "reclaimable": text.ReclaimableOf,
		"list":  func(tags []string) string { return strings.Join(tags, ", ") },
		"unix":  func(t time.Time) int64 { return max(t.Unix(), 0) },
		"short": short, "number": func(n int) string { return text.Count(int64(n)) },
	}).Parse(pageHTML)
	if err != nil {
		return err
	}
	tiles := tiles(u)
	v := view{
		Usage: u, Style: template.CSS(pageCSS), Script: template.JS(pageJS), Policy: policy(),
		Began: u.StartedAt.UTC().Format("2 January 2006, 15:04 UTC"), Grace: grace(u),
		Bar: bar(u), Notes: text.UsageNotes(u), Tiles: tiles, Legend: legends(tiles),
		Rows:   u.ByRepository[:min(maxRepositories, len(u.ByRepository))],
		Images: u.Largest[:min(maxImages, len(u.Largest))],
	}
	v.MoreRows, v.MoreImages = len(u.ByRepository)-len(v.Rows), len(u.Largest)-len(v.Images)
	return page.Execute(w, v)
}

// policy allows the page its own style and script, and nothing from outside.
// Attributes of style hold the places of the boxes.
func policy() string {
	sum := sha256.Sum256([]byte(pageJS))
	return "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

func grace(u *usage.Usage) string {
	if d, err := time.ParseDuration(u.Grace); err == nil && d > 0 {
		return "grace period " + text.Span(d)
	}
	return "offline"
}

// bar is what the stored bytes consist of.
func bar(u *usage.Usage) []segment {
	total, freed, more := u.GC.Bytes.Total, u.GC.Bytes.Reclaimable, u.GCUntagged.Bytes.Reclaimable
	var all []segment
	for _, s := range []segment{
		{Kind: unneeded, Name: "gc frees it", Bytes: freed},
		{Kind: untagged, Name: "gc -m frees it besides", Bytes: max(0, more-freed)},
		{Kind: tagged, Name: "stays", Bytes: max(0, total-max(more, freed))},
	} {
		if s.Bytes > 0 && total > 0 {
			s.Style = template.CSS(fmt.Sprintf("flex-grow:%.6f", float64(s.Bytes)/float64(total)))
			all = append(all, s)
		}
	}
	return all
}

// short is enough of a digest to recognise it.
func short(d digest.Digest) string {
	algorithm, hex, _ := strings.Cut(string(d), ":")
	return algorithm + ":" + hex[:min(12, len(hex))] + "…"
}
