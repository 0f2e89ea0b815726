package listing

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/when"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// ErrUndated says that images cannot be compared with one that has no time.
var ErrUndated = errors.New("it is not known when this image was created or pushed")

// Filters select images. The zero value selects all of them.
//
// All keys have to agree. Of several values of one key all must hold for
// before, since, until and label; one is enough for reference, type and
// platform.
type Filters struct {
	dangling   *bool
	bounds     []bound
	until      []time.Time
	labels     []label
	references []pattern
	types      []string
	platforms  []platform
}

// bound is the image that others are older than, or younger.
type bound struct {
	image catalog.Reference
	since bool
	at    time.Time // known once it is resolved
}

// label is one that an image must have, or must not.
type label struct {
	key, value string
	any, not   bool // any value will do; it must not be there
}

// FilterKeys are the filters that there are, with the form of their values.
const FilterKeys = "dangling=true|false, before=TAG, since=TAG, until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE], " +
	"reference=PATTERN, type=TYPE, platform=OS/ARCHITECTURE"

// ParseFilters reads filters as they are given to docker. Ages and moments
// without a zone are taken from now. An error names the filter and what there
// is instead.
func ParseFilters(filters []string, now time.Time) (Filters, error) {
	var f Filters
	for _, s := range filters {
		key, value, found := strings.Cut(s, "=")
		if !found || value == "" {
			return Filters{}, fmt.Errorf("filter %q has no value; the filters are %s", s, FilterKeys)
		}
		if err := f.add(key, value, now); err != nil {
			return Filters{}, fmt.Errorf("filter %q: %w", s, err)
		}
	}
	return f, nil
}

func (f *Filters) add(key, value string, now time.Time) error {
	switch key {
	case "dangling":
		return f.addDangling(value)
	case "before", "since":
		image, err := parseBound(value)
		if err != nil {
			return err
		}
		f.bounds = append(f.bounds, bound{image: image, since: key == "since"})
	case "until":
		at, err := when.Moment(value, now)
		if err != nil {
			return err
		}
		f.until = append(f.until, at)
	case "label", "label!":
		l := label{not: key == "label!"}
		var found bool
		l.key, l.value, found = strings.Cut(value, "=")
		l.any = !found
		if l.key == "" {
			return errors.New("it names no label; write label=KEY or label=KEY=VALUE")
		}
		f.labels = append(f.labels, l)
	case "reference":
		p, err := parsePattern(value)
		if err != nil {
			return err
		}
		f.references = append(f.references, p)
	case "type":
		if types := Types(); !slices.Contains(types, value) {
			return fmt.Errorf("there is no such type; the types are %s", strings.Join(types, ", "))
		}
		f.types = append(f.types, value)
	case "platform":
		p, err := parsePlatform(value)
		if err != nil {
			return err
		}
		f.platforms = append(f.platforms, p)
	default:
		return fmt.Errorf("there is no such filter; the filters are %s", FilterKeys)
	}
	return nil
}

func (f *Filters) addDangling(value string) error {
	dangling, err := strconv.ParseBool(value)
	if err != nil {
		return errors.New("it must be true or false")
	}
	if f.dangling != nil && *f.dangling != dangling {
		return errors.New("it contradicts the other one")
	}
	f.dangling = &dangling
	return nil
}

// IsZero reports whether there is no filter.
func (f Filters) IsZero() bool {
	return f.dangling == nil && f.bounds == nil && f.until == nil && f.labels == nil &&
		f.references == nil && f.types == nil && f.platforms == nil
}

// Images reports whether what configurations say is needed, see
// catalog.Options.
func (f Filters) Images() bool {
	return len(f.bounds)+len(f.until)+len(f.labels)+len(f.platforms) > 0
}

// Dangling reports whether images without a tag are asked for.
func (f Filters) Dangling() bool { return f.dangling != nil && *f.dangling }

// Bounds are the images that others are compared with. Where there are any,
// [Filters.Resolve] has to come before [Filters.Match]. One without a repository
// is of the repository that is listed.
func (f Filters) Bounds() []catalog.Reference {
	var images []catalog.Reference
	for _, b := range f.bounds {
		images = append(images, b.image)
	}
	return images
}

// Repository reports whether any image of a repository can match.
func (f Filters) Repository(name string) bool {
	return len(f.references) == 0 || slices.ContainsFunc(f.references, func(p pattern) bool { return p.repository(name) })
}

// Resolve finds the images that before and since name. Each must have a time.
func (f *Filters) Resolve(find func(catalog.Reference) (Image, error)) error {
	f.bounds = slices.Clone(f.bounds)
	for i, b := range f.bounds {
		image, err := find(b.image)
		if err != nil {
			return err
		}
		f.bounds[i].at = image.when()
		if f.bounds[i].at.IsZero() {
			return fmt.Errorf("%w: %s", ErrUndated, b.image)
		}
	}
	return nil
}

// Match reports whether an image is selected. One of which it is not known when
// it was created or pushed is neither older nor younger than anything.
func (f Filters) Match(i Image) bool {
	if f.dangling != nil && *f.dangling != (i.Tag == "") {
		return false
	}
	at := i.when()
	for _, b := range f.bounds {
		if at.IsZero() || b.since && !at.After(b.at) || !b.since && !at.Before(b.at) {
			return false
		}
	}
	for _, until := range f.until {
		if at.IsZero() || !at.Before(until) {
			return false
		}
	}
	for _, l := range f.labels {
		value, found := i.Labels[l.key]
		if has := found && (l.any || value == l.value); has == l.not {
			return false
		}
	}
	return oneOf(f.references, func(p pattern) bool { return p.match(i.Repository, i.Tag) }) &&
		oneOf(f.types, func(t string) bool { return t == string(i.Type) }) &&
		oneOf(f.platforms, func(p platform) bool { return slices.ContainsFunc(i.Platforms, p.match) })
}

// oneOf reports whether one of the values will do, or there are none.
func oneOf[V any](values []V, will func(V) bool) bool {
	return len(values) == 0 || slices.ContainsFunc(values, will)
}

// parseBound reads what before and since name: REPOSITORY:TAG,
// REPOSITORY@DIGEST, TAG, @DIGEST or a digest with its algorithm.
func parseBound(s string) (catalog.Reference, error) {
	if d, ok := strings.CutPrefix(s, "@"); ok {
		return catalog.Reference{Digest: d}, nil
	}
	algorithm, hex, found := strings.Cut(s, ":")
	switch {
	case found && layout.ValidAlgorithm(algorithm) && layout.IsHex(hex):
		return catalog.Reference{Digest: s}, nil
	case !strings.ContainsAny(s, ":@") && layout.ValidTag(s):
		return catalog.Reference{Tag: s}, nil
	}
	r, err := catalog.ParseReference(s)
	if err == nil && r.Tag == "" && r.Digest == "" {
		err = fmt.Errorf("%s is a repository: name an image in it by :TAG or @DIGEST", r.Repository)
	}
	return r, err
}
