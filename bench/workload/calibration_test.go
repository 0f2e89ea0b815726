package workload

import (
	"testing"
)

// figure is a number with what it should be, to within percent.
type figure struct {
	name               string
	got, want, percent int
}

func TestCalibration(t *testing.T) {
	for _, c := range []struct {
		spec    Spec
		figures func(t Truth) []figure
	}{
		{Spec{Shape: "typical", Blobs: 13_641}, func(t Truth) []figure {
			return []figure{
				{"blobs", t.Blobs, 13_641, 0}, {"repositories", t.Repositories, 50, 0},
				{"manifests", t.Manifests, 3_040, 2}, {"tags", t.Tags, 1_000, 1},
				{"layer links", t.LayerLinks, 12_235, 2}, {"orphans", len(t.Default.Blobs), 1_014, 1},
				{"uploads", t.Uploads, 10, 0},
			}
		}},
		{Spec{Shape: "typical"}, func(t Truth) []figure {
			return []figure{
				{"blobs", t.Blobs, 200_000, 0}, {"repositories", t.Repositories, 500, 0},
				{"manifests", t.Manifests, 45_000, 2}, {"tags", t.Tags, 30_000, 1},
				{"layer links", t.LayerLinks, 160_000, 2},
				{"candidates", len(t.Default.Blobs) + len(t.Default.LayerLinks), 26_000, 2},
			}
		}},
		{Spec{Shape: "small"}, func(t Truth) []figure {
			return []figure{{"blobs", t.Blobs, 4_000, 0}, {"manifests", t.Manifests, 1_000, 0}}
		}},
		{Spec{Shape: "gitlab"}, func(t Truth) []figure {
			garbage := len(t.Default.Blobs)
			return []figure{{"marked", t.Blobs - garbage, 15_041, 0}, {"garbage", garbage, 9_030, 0}}
		}},
		{Spec{Shape: "one-repo-20k-tags"}, func(t Truth) []figure {
			return []figure{
				{"repositories", t.Repositories, 1, 0}, {"tags", t.Tags, 20_000, 0},
				{"manifests", t.Manifests, 9_900, 0}, {"untagged", len(t.DeleteUntagged.Manifests), 4_900, 0},
			}
		}},
		{Spec{Shape: "one-repo-20k-tags", Blobs: 1_000}, func(t Truth) []figure {
			return []figure{{"tags", t.Tags, 500, 0}, {"manifests", t.Manifests, 248, 0}}
		}},
		{Spec{Shape: "many-small"}, func(t Truth) []figure {
			return []figure{{"repositories", t.Repositories, 20_000, 0}, {"blobs", t.Blobs, 67_040, 0}}
		}},
		{Spec{Shape: "links"}, func(t Truth) []figure {
			return []figure{
				{"layer links", t.LayerLinks, 30_000, 0}, {"tags", t.Tags, 55, 0}, {"repositories", t.Repositories, 1, 0},
			}
		}},
		{Spec{Shape: "wide-index"}, func(t Truth) []figure {
			return []figure{{"blobs", t.Blobs, 16_809, 0}, {"layer links", t.LayerLinks, 11_000, 5}}
		}},
		{Spec{Shape: "garbage"}, func(t Truth) []figure {
			return []figure{{"blobs", t.Blobs, 100_000, 0}, {"orphans", len(t.Default.Blobs), 90_000, 1}}
		}},
	} {
		truth := plan(t, c.spec).Truth()
		for _, f := range c.figures(truth) {
			if slack := f.want * f.percent / 100; f.got < f.want-slack || f.got > f.want+slack {
				t.Errorf("%s of %d blobs: %d %s, not %d", c.spec.Shape, truth.Blobs, f.got, f.name, f.want)
			}
		}
	}
}
