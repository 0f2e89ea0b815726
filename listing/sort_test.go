package listing

import (
	"slices"
	"strings"
	"testing"
)

func size(n int64) *int64 { return &n }

func TestSortImages(t *testing.T) {
	images := []Image{
		{Repository: "b", Tag: "1", Size: 3, Unique: size(1), Pushed: ago(3), Created: ago(1)},
		{Repository: "a", Tag: "2", Size: 2, Unique: size(2), Pushed: ago(1)},
		{Repository: "a", Tag: "1", Size: 2, Unique: size(1), Pushed: ago(2), Created: ago(5)},
		{Repository: "a", Digest: "sha256:1", Size: 9, Unique: size(0)},
		{Repository: "b", Tag: "3", Size: 1, Unique: size(1), Pushed: ago(1), Created: ago(7)},
	}
	for key, want := range map[string]string{
		"":        "a2 a1 a b3 b1",
		"pushed":  "a2 b3 a1 b1 a",
		"created": "b1 a1 b3 a2 a",
		"tag":     "a1 b1 a2 b3 a",
		"size":    "a b1 a1 a2 b3",
		"unique":  "a2 a1 b1 b3 a",
	} {
		sorted := slices.Clone(images)
		if err := SortImages(sorted, key); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range sorted {
			got = append(got, i.Repository+i.Tag)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %s", key, got, want)
		}
	}
	if err := SortImages(images, "colour"); err == nil || !strings.Contains(err.Error(), "pushed, created, tag, size, unique") {
		t.Errorf("%v", err)
	}
}

func TestSortRepositories(t *testing.T) {
	repositories := []Repository{
		{Name: "b", Tags: 2, Images: 1, Size: 5, Unique: size(1), Pushed: ago(2)},
		{Name: "c", Tags: 1, Images: 3, Size: 5, Unique: size(2)},
		{Name: "a", Tags: 1, Images: 2, Size: 6, Unique: size(0), Pushed: ago(1)},
	}
	for key, want := range map[string]string{
		"": "abc", "name": "abc", "pushed": "abc", "tags": "bac", "images": "cab", "size": "abc", "unique": "cba",
	} {
		sorted := slices.Clone(repositories)
		if err := SortRepositories(sorted, key); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, r := range sorted {
			got += r.Name
		}
		if got != want {
			t.Errorf("%q: %s, want %s", key, got, want)
		}
	}
	if err := SortRepositories(repositories, "tag"); err == nil {
		t.Error("there is no order by tag")
	}
}
