package rowformat

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/listing"
	"github.com/opencontainers/go-digest"
)

// Image is what templates see of a [listing.Image].
type Image struct {
	Repository   Text
	Tag          Text
	Digest       Text
	Type         Text
	Platforms    Text
	Size         string
	Bytes        int64
	UniqueSize   string
	UniqueBytes  int64
	PushedAt     string
	PushedSince  string
	CreatedAt    string
	CreatedSince string
	Labels       labels
}

// Label is the value of one label.
func (i Image) Label(key string) Text { return i.Labels[text.Clean(key)] }

// Repository is what templates see of a [listing.Repository].
type Repository struct {
	Name        Text
	Tags        int
	Images      int
	Size        string
	Bytes       int64
	UniqueSize  string
	UniqueBytes int64
	PushedAt    string
	PushedSince string
}

// ParseImages reads a template for images.
func ParseImages(format string) (*Template[Image], error) {
	sample := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	at := time.Unix(1795000000, 0)
	unique := int64(5 << 20)
	return parseTemplate(format, image(listing.Image{
		Repository: "team/app", Tag: "v1.0", Digest: digest.Digest(sample), Type: "image", Platforms: []string{"linux/amd64"},
		Size: 50 << 20, Unique: &unique, Pushed: at, Created: at, Labels: map[string]string{"key": "value"},
	}, at), headers)
}

// ParseRepositories reads a template for repositories.
func ParseRepositories(format string) (*Template[Repository], error) {
	at := time.Unix(1795000000, 0)
	unique := int64(5 << 20)
	return parseTemplate(format, repository(listing.Repository{
		Name: "team/app", Tags: 1, Images: 1, Size: 50 << 20, Unique: &unique, Pushed: at,
	}, at), headers)
}

// Images prints images by a template.
func Images(w io.Writer, t *Template[Image], rows []listing.Image, now time.Time) error {
	return t.execute(w, func(yield func(Image) bool) {
		for _, row := range rows {
			if !yield(image(row, now)) {
				return
			}
		}
	})
}

// Repositories prints repositories by a template.
func Repositories(w io.Writer, t *Template[Repository], rows []listing.Repository, now time.Time) error {
	return t.execute(w, func(yield func(Repository) bool) {
		for _, row := range rows {
			if !yield(repository(row, now)) {
				return
			}
		}
	})
}

func image(row listing.Image, now time.Time) Image {
	i := Image{
		Repository: Text(row.Repository), Tag: Text(cmp.Or(row.Tag, text.None)), Digest: Text(cmp.Or(string(row.Digest), text.None)),
		Type: Text(string(row.Type)), Platforms: Text(strings.Join(row.Platforms, ", ")),
		Size: text.Bytes(row.Size), Bytes: row.Size,
		PushedAt: text.At(row.Pushed), PushedSince: text.Since(row.Pushed, now),
		CreatedAt: text.At(row.Created), CreatedSince: text.Since(row.Created, now),
		Labels: labels{},
	}
	for key, value := range row.Labels {
		i.Labels[text.Clean(key)] = Text(value)
	}
	i.UniqueSize, i.UniqueBytes = unique(row.Unique)
	return i
}

func repository(row listing.Repository, now time.Time) Repository {
	r := Repository{
		Name: Text(row.Name), Tags: row.Tags, Images: row.Images, Size: text.Bytes(row.Size), Bytes: row.Size,
		PushedAt: text.At(row.Pushed), PushedSince: text.Since(row.Pushed, now),
	}
	r.UniqueSize, r.UniqueBytes = unique(row.Unique)
	return r
}

func unique(bytes *int64) (string, int64) {
	if bytes == nil {
		return text.NotKnown, 0
	}
	return text.Bytes(*bytes), *bytes
}

// header is a row of headers. It is a map, so that a header can stand for a
// field of any type.
type header map[string]any

// Label is the header of a label: its name.
func (header) Label(key string) string { return text.Clean(key) }

// noLabels are labels of which there are none, with a header for their name.
type noLabels map[string]string

// String implements fmt.Stringer.
func (noLabels) String() string { return "LABELS" }

func headers(names []string) any {
	h := header{}
	for _, name := range names {
		h[name] = spaced(name)
	}
	if h["Labels"] != nil {
		h["Labels"] = noLabels{}
	}
	delete(h, "Label") // the method
	return h
}

// spaced is UNIQUE SIZE for UniqueSize.
func spaced(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

func sortedKeys(l labels) []string { return slices.Sorted(maps.Keys(l)) }
