package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/blobsweep/blobsweep/bench/result"
)

// The names that the page knows.
const (
	onFilesystem  = "filesystem"
	onS3          = "s3"
	typical       = "typical"
	oneRepository = "one-repo-20k-tags"
)

// about how many blobs.
const (
	headlineBlobs = 200_000
	s3Blobs       = 13_641
	s3Delay       = 0.005
)

// choose returns the comparisons that a part of the page is about, by size.
func choose(d result.Document, of func(result.Comparison) bool) []result.Comparison {
	var all []result.Comparison
	for _, c := range d.Comparisons {
		if of(c) && len(c.Runs) > 0 {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b result.Comparison) int {
		return cmp.Or(cmp.Compare(a.Blobs, b.Blobs), cmp.Compare(a.Tags, b.Tags))
	})
	return all
}

// local are comparisons on a filesystem as it is, with the default of workers.
func local(c result.Comparison) bool {
	return c.Storage == onFilesystem && c.DelaySeconds == 0 && c.Workers == 0
}

// near reports whether two sizes are about the same: shapes come to sizes near
// the ones asked for.
func near[N int | int64](a, b N) bool {
	return math.Abs(float64(a)-float64(b)) <= 0.15*float64(b)
}

// headlineOf are the three comparisons of the first part: a dry run, one that
// takes tags for roots, and a real deletion.
func headlineOf(d result.Document) []result.Comparison {
	all := oneMedium(choose(d, func(c result.Comparison) bool {
		return local(c) && c.Shape == typical && near(c.Blobs, headlineBlobs)
	}))
	slices.SortStableFunc(all, func(a, b result.Comparison) int {
		return cmp.Or(compareBool(a.Execute, b.Execute), compareBool(a.DeleteUntagged, b.DeleteUntagged))
	})
	return all
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// growthOf are dry runs of the same shape in several sizes.
func growthOf(d result.Document) []result.Comparison {
	return oneMedium(choose(d, func(c result.Comparison) bool {
		return local(c) && c.Shape == typical && !c.DeleteUntagged && !c.Execute
	}))
}

// oneRepositoryOf are dry runs of one repository with more and more tags.
func oneRepositoryOf(d result.Document) []result.Comparison {
	return oneMedium(choose(d, func(c result.Comparison) bool {
		return local(c) && c.Shape == oneRepository && c.DeleteUntagged && !c.Execute
	}))
}

// shapesOf has a dry run of each shape, the largest that both collectors did;
// one in which all revisions are roots, if there is.
func shapesOf(d result.Document) []result.Comparison {
	best := map[string]result.Comparison{}
	var names []string
	for _, c := range oneMedium(choose(d, func(c result.Comparison) bool { return local(c) && !c.Execute })) {
		if _, ok := c.Ratio(result.Upstream, result.Blobsweep, result.Wall); !ok {
			continue
		}
		old, seen := best[c.Shape]
		if !seen {
			names = append(names, c.Shape)
		}
		if !seen || old.DeleteUntagged && !c.DeleteUntagged || old.DeleteUntagged == c.DeleteUntagged && old.Blobs <= c.Blobs {
			best[c.Shape] = c
		}
	}
	slices.Sort(names)
	var all []result.Comparison
	for _, name := range names {
		all = append(all, best[name])
	}
	return all
}

// remoteOf are comparisons on S3.
func remoteOf(d result.Document) []result.Comparison {
	all := choose(d, func(c result.Comparison) bool { return c.Storage == onS3 })
	slices.SortStableFunc(all, func(a, b result.Comparison) int {
		return cmp.Or(cmp.Compare(a.Shape, b.Shape), cmp.Compare(a.Blobs, b.Blobs), compareBool(a.Execute, b.Execute),
			compareBool(a.DeleteUntagged, b.DeleteUntagged), cmp.Compare(a.DelaySeconds, b.DelaySeconds))
	})
	return all
}

// oneMedium keeps the comparisons on the medium that most were done on: sizes
// on a disk and in memory do not make one curve.
func oneMedium(all []result.Comparison) []result.Comparison {
	number := map[string]int{}
	best := ""
	for _, c := range all {
		number[c.Medium]++
		if number[c.Medium] > number[best] {
			best = c.Medium
		}
	}
	return slices.DeleteFunc(all, func(c result.Comparison) bool { return c.Medium != best })
}
