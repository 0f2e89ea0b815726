package text

import (
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/listing"
	"github.com/opencontainers/go-digest"
)

// None is what an image without a tag has in the place of one, as in docker.
const None = "<none>"

// List says how rows are shown.
type List struct {
	Now time.Time
	// Repository shows a column for it: the rows are of several.
	Repository bool
	// Unique shows unique sizes.
	Unique bool
	// Digests shows whole digests.
	Digests bool
	// Whole cuts nothing short: digests, platforms, and times.
	Whole bool
}

func (l List) digest(d digest.Digest) string {
	if d == "" {
		return None
	}
	algorithm, hex, _ := strings.Cut(string(d), ":")
	if l.Digests || l.Whole || len(hex) < 12 {
		return clean(string(d))
	}
	if algorithm != "sha256" {
		return clean(algorithm + ":" + hex[:12])
	}
	return clean(hex[:12])
}

// referrersTag is the form of tags that clients derive from a digest, to find
// what refers to it.
var referrersTag = regexp.MustCompile(`^([a-z0-9]+-[0-9a-f]{12})[0-9a-f]{20,}`)

func (l List) tag(tag string) string {
	if tag == "" {
		return None // not clean's quotes
	}
	if l.Whole {
		return clean(tag)
	}
	return clean(referrersTag.ReplaceAllString(tag, "$1…"))
}

func (l List) time(t time.Time) string {
	if l.Whole {
		return At(t)
	}
	return Since(t, l.Now)
}

func uniqueSize(n *int64) string {
	if n == nil {
		return NotKnown
	}
	return Bytes(*n)
}

// Images lists images, one line each.
func Images(w io.Writer, rows []listing.Image, l List) error {
	// Platforms give way where the line gets too long.
	g := l.images(rows, 2)
	if !l.Whole && g.width() > Width {
		g = l.images(rows, 1)
	}
	var b strings.Builder
	g.write(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (l List) images(rows []listing.Image, platforms int) *grid {
	g := &grid{}
	add := func(header string, right bool) { g.columns = append(g.columns, column{header, right}) }
	if l.Repository {
		add("REPOSITORY", false)
	}
	add("TAG", false)
	add("DIGEST", false)
	add("TYPE", false)
	add("PLATFORMS", false)
	add("SIZE", true)
	if l.Unique {
		add("UNIQUE", true)
	}
	add("PUSHED", false)
	add("CREATED", false)
	for _, i := range rows {
		var cells []string
		if l.Repository {
			cells = append(cells, clean(i.Repository))
		}
		cells = append(cells, l.tag(i.Tag), l.digest(i.Digest), clean(string(i.Type)), l.platforms(i.Platforms, platforms), Bytes(i.Size))
		if l.Unique {
			cells = append(cells, uniqueSize(i.Unique))
		}
		g.rows = append(g.rows, append(cells, l.time(i.Pushed), l.time(i.Created)))
	}
	return g
}

// platforms names some and counts the rest.
func (l List) platforms(all []string, most int) string {
	if l.Whole || len(all) <= most {
		return clean(strings.Join(all, ", "))
	}
	return clean(all[0]) + " +" + Count(int64(len(all)-1))
}

// Repositories lists repositories, one line each.
func Repositories(w io.Writer, rows []listing.Repository, l List) error {
	g := &grid{columns: []column{{"REPOSITORY", false}, {"TAGS", true}, {"IMAGES", true}, {"SIZE", true}}}
	if l.Unique {
		g.columns = append(g.columns, column{"UNIQUE", true})
	}
	g.columns = append(g.columns, column{"PUSHED", false})
	for _, r := range rows {
		cells := []string{clean(r.Name), Count(int64(r.Tags)), Count(int64(r.Images)), Bytes(r.Size)}
		if l.Unique {
			cells = append(cells, uniqueSize(r.Unique))
		}
		g.rows = append(g.rows, append(cells, l.time(r.Pushed)))
	}
	var b strings.Builder
	g.write(&b)
	_, err := io.WriteString(w, b.String())
	return err
}
