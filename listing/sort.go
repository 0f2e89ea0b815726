package listing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// order compares two rows by something other than their names.
type order[Row any] struct {
	key     string
	compare func(a, b Row) int
}

var imageOrders = []order[Image]{
	{"pushed", func(a, b Image) int { return newest(a.Pushed, b.Pushed) }},
	{"created", func(a, b Image) int { return newest(a.Created, b.Created) }},
	{"tag", byTag},
	{"size", func(a, b Image) int { return cmp.Compare(b.Size, a.Size) }},
	{"unique", func(a, b Image) int { return mostUnique(a.Unique, b.Unique) }},
}

var repositoryOrders = []order[Repository]{
	{"name", func(a, b Repository) int { return 0 }},
	{"pushed", func(a, b Repository) int { return newest(a.Pushed, b.Pushed) }},
	{"tags", func(a, b Repository) int { return cmp.Compare(b.Tags, a.Tags) }},
	{"images", func(a, b Repository) int { return cmp.Compare(b.Images, a.Images) }},
	{"size", func(a, b Repository) int { return cmp.Compare(b.Size, a.Size) }},
	{"unique", func(a, b Repository) int { return mostUnique(a.Unique, b.Unique) }},
}

// ImageOrders are the keys of [SortImages].
func ImageOrders() []string { return keysOf(imageOrders) }

// RepositoryOrders are the keys of [SortRepositories].
func RepositoryOrders() []string { return keysOf(repositoryOrders) }

// SortImages sorts by a key of [ImageOrders]: times newest first, sizes largest
// first, names as they sort; what is alike or not known by name. Without a key
// the repositories stay together, in the order of their names, and in each of
// them comes first what was pushed last.
func SortImages(rows []Image, key string) error {
	grouped := key == ""
	o, err := find(imageOrders, cmp.Or(key, "pushed"))
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b Image) int {
		byRepository := cmp.Compare(a.Repository, b.Repository)
		if grouped && byRepository != 0 {
			return byRepository
		}
		return cmp.Or(o.compare(a, b), byRepository, byTag(a, b))
	})
	return nil
}

// SortRepositories sorts by a key of [RepositoryOrders] as [SortImages] does;
// without one by name.
func SortRepositories(rows []Repository, key string) error {
	o, err := find(repositoryOrders, cmp.Or(key, "name"))
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b Repository) int {
		return cmp.Or(o.compare(a, b), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

// byTag sorts images without a tag last, by digest.
func byTag(a, b Image) int {
	switch {
	case a.Tag != "" && b.Tag == "":
		return -1
	case a.Tag == "" && b.Tag != "":
		return 1
	}
	return cmp.Or(cmp.Compare(a.Tag, b.Tag), cmp.Compare(a.Digest, b.Digest))
}

// newest sorts a time that is not known last.
func newest(a, b time.Time) int { return b.Compare(a) }

func mostUnique(a, b *int64) int {
	if a == nil || b == nil {
		return 0
	}
	return cmp.Compare(*b, *a)
}

func keysOf[Row any](orders []order[Row]) []string {
	keys := make([]string, len(orders))
	for i, o := range orders {
		keys[i] = o.key
	}
	return keys
}

func find[Row any](orders []order[Row], key string) (order[Row], error) {
	for _, o := range orders {
		if o.key == key {
			return o, nil
		}
	}
	return order[Row]{}, fmt.Errorf("there is no order %q; sort by %s", key, strings.Join(keysOf(orders), ", "))
}
