package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/blobsweep/blobsweep/bench/result"
)

// claim is a bar that the speed has to reach, with what was measured.
type claim struct {
	work, bar string
	parts     int // that were to be measured
	measured  []outcome
}

// outcome is one figure of a claim.
type outcome struct {
	text string
	met  bool
}

// claims are the bars, in the order of the page.
func claims(d result.Document) []claim {
	headline, remote := headlineOf(d), remoteHeadline(d)
	return []claim{
		{
			"filesystem, typical, 200,000 blobs, dry run", "30x faster than upstream, within 2x of the bare walk", 2,
			join(ahead(find(headline, false, false), 30), behind(find(headline, false, false), 2)),
		},
		{"filesystem, same, `-m`", "40x faster than upstream", 1, ahead(find(headline, true, false), 40)},
		{
			"filesystem, same, real deletion of the garbage", "8x faster than upstream, end to end", 1,
			ahead(find(headline, false, true), 8),
		},
		{"filesystem, one repository with 20,000 tags, `-m`", "500x faster than upstream", 1, tagsAhead(oneRepositoryOf(d), 500)},
		{
			"S3, typical, 13,641 blobs, 5 ms a request, dry run", "200x faster than upstream, requests within 1.05x of the floor", 2,
			join(ahead(find(remote, false, false), 200), frugal(find(remote, false, false), 1.05)),
		},
		{"S3, same, real deletion", "200x faster than upstream", 1, ahead(find(remote, false, true), 200)},
		{
			"growth, 10,000 to 1,000,000 blobs", "time for a blob at 1,000,000 at most 1.3x that at 100,000", 1,
			linear(growthOf(d), 1.3),
		},
		{
			"memory", "at most 16 bytes a marked digest; 100,000,000 blobs planned in at most 2.5 GiB", 2,
			small(d.Scale, 16, 2.5*(1<<30)),
		},
	}
}

func join(a, b []outcome) []outcome { return append(append([]outcome{}, a...), b...) }

// missed is the state of a bar that was not reached.
const missed = "**missed**"

// state says whether a bar was met.
func (c claim) state() string {
	if len(c.measured) == 0 {
		return "not measured"
	}
	for _, o := range c.measured {
		if !o.met {
			return missed
		}
	}
	if len(c.measured) < c.parts {
		return "not measured in full"
	}
	return "met"
}

// figures says what was measured; what misses the bar stands out.
func (c claim) figures() string {
	if len(c.measured) == 0 {
		return "not measured"
	}
	var parts []string
	for _, o := range c.measured {
		if o.met {
			parts = append(parts, o.text)
		} else {
			parts = append(parts, "**"+o.text+"**")
		}
	}
	return strings.Join(parts, "; ")
}

// remoteHeadline are the comparisons on S3 that the bars are about.
func remoteHeadline(d result.Document) []result.Comparison {
	var all []result.Comparison
	for _, c := range remoteOf(d) {
		if c.Shape == typical && c.DelaySeconds == s3Delay && c.Workers == 0 && near(c.Blobs, s3Blobs) {
			all = append(all, c)
		}
	}
	return all
}

func find(all []result.Comparison, untagged, execute bool) *result.Comparison {
	for i, c := range all {
		if c.DeleteUntagged == untagged && c.Execute == execute {
			return &all[i]
		}
	}
	return nil
}

// ahead compares with upstream.
func ahead(c *result.Comparison, bar float64) []outcome {
	if c == nil {
		return nil
	}
	ratio, ok := c.Ratio(result.Upstream, result.Blobsweep, result.Wall)
	if !ok {
		return nil
	}
	return []outcome{{digits(ratio) + "x faster", ratio >= bar}}
}

// behind compares with the bare walk.
func behind(c *result.Comparison, bar float64) []outcome {
	if c == nil {
		return nil
	}
	ratio, ok := c.Ratio(result.Blobsweep, result.Walk, result.Wall)
	if !ok {
		return nil
	}
	text := digits(ratio) + "x the walk"
	if walk, ok := c.Ratio(result.Upstream, result.Walk, result.Wall); ok {
		text += ", which is " + digits(walk) + "x faster than upstream itself"
	}
	return []outcome{{text, ratio <= bar}}
}

// frugal compares the requests with those that cannot be avoided.
func frugal(c *result.Comparison, bar float64) []outcome {
	if c == nil || c.FloorRequests == 0 {
		return nil
	}
	requests, ok := c.Median(result.Blobsweep, result.Requests)
	if !ok || requests == 0 {
		return nil
	}
	of := requests / float64(c.FloorRequests)
	return []outcome{{fmt.Sprintf("%s requests, %.3fx the floor", count(requests), of), of <= bar}}
}

// fullTags is how many tags the bar is about.
const fullTags = 20_000

// tagsAhead compares with upstream in one repository. Where upstream was not run
// on as many tags, its time is carried on from the two largest sizes.
func tagsAhead(all []result.Comparison, bar float64) []outcome {
	var points []point // of upstream
	for _, c := range all {
		ours, known := c.Median(result.Blobsweep, result.Wall)
		theirs, ran := c.Median(result.Upstream, result.Wall)
		if ran && theirs > 0 {
			points = append(points, point{float64(c.Tags), theirs})
		}
		if !known || ours <= 0 || !near(c.Tags, fullTags) {
			continue
		}
		if ran {
			return []outcome{{digits(theirs/ours) + "x faster", theirs/ours >= bar}}
		}
		if len(points) < 2 {
			return nil
		}
		a, b := points[len(points)-2], points[len(points)-1]
		theirs = b.y * math.Pow(float64(c.Tags)/b.x, power(a, b))
		return []outcome{{
			fmt.Sprintf("about %sx faster, if upstream's time goes on to grow as it does up to %s tags",
				digits(theirs/ours), count(b.x)),
			theirs/ours >= bar,
		}}
	}
	return nil
}

// power tells with which power of the size the time grows between two points.
func power(a, b point) float64 { return math.Log(b.y/a.y) / math.Log(b.x/a.x) }

// linear compares the time of a blob at two sizes.
func linear(growth []result.Comparison, bar float64) []outcome {
	each := map[int]float64{}
	for _, c := range growth {
		for _, size := range []int{100_000, 1_000_000} {
			if wall, ok := c.Median(result.Blobsweep, result.Wall); ok && near(c.Blobs, size) {
				each[size] = wall / float64(c.Blobs)
			}
		}
	}
	if each[100_000] == 0 || each[1_000_000] == 0 {
		return nil
	}
	ratio := each[1_000_000] / each[100_000]
	return []outcome{{
		fmt.Sprintf("%s and %s a blob, %sx", seconds(each[100_000]), seconds(each[1_000_000]), digits(ratio)), ratio <= bar,
	}}
}

// small judges the memory of plans, the bytes of the largest.
func small(plans []result.Scale, each, peak float64) []outcome {
	var all []outcome
	if n := len(plans); n > 0 {
		last := plans[n-1]
		all = append(all, outcome{
			fmt.Sprintf("%s bytes a digest at %s blobs", digits(last.BytesPerDigest), count(last.Blobs)), last.BytesPerDigest <= each,
		})
	}
	for _, s := range plans {
		if near(s.Blobs, 100_000_000) {
			return append(all, outcome{bytes(float64(s.Peak)) + " for " + count(s.Blobs) + " blobs", float64(s.Peak) <= peak})
		}
	}
	return all
}
