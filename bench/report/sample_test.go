package report

import (
	"time"

	"github.com/blobsweep/blobsweep/bench/result"
)

// sample has every kind of measurement that a document can have, with figures
// that follow from sizes by simple rules.
func sample() result.Document {
	d := result.Document{Machine: result.Machine{
		Go: "go1.26.0", Platform: "linux/amd64", CPU: "Example CPU 2.5 GHz", Cores: 2, Memory: 8 << 30,
		Kernel: "6.8.0", Upstream: "v3.1.2",
	}}
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	const commit, later = "0123456789abcdef0123456789abcdef01234567", "fedcba9876543210fedcba9876543210fedcba98+"

	comparison := func(shape string, blobs int, change func(*result.Comparison)) {
		c := result.Comparison{
			Commit: commit, MeasuredAt: at, Storage: "filesystem", Medium: "ext4",
			Shape: shape, Seed: 1, Blobs: blobs, Manifests: blobs / 5, Tags: blobs / 10,
		}
		change(&c)
		slower := 1 + c.DelaySeconds*20
		for i := range 3 {
			noise := 1 + 0.02*float64(i)
			c.Runs = append(c.Runs, result.Run{
				Collector: result.Blobsweep, Wall: 4e-6 * float64(blobs) * noise * slower, CPU: 6e-6 * float64(blobs) * noise,
				Peak: int64(20<<20 + 60*blobs), Requests: int64(blobs/2 + 40),
			})
			upstream := 120e-6 * float64(blobs)
			if shape == "one-repo-20k-tags" {
				upstream *= float64(blobs) / 2000
			}
			if c.Execute {
				upstream /= 3
			}
			c.Runs = append(c.Runs, result.Run{
				Collector: result.Upstream, Wall: upstream * noise * slower * slower, CPU: 130e-6 * float64(blobs) * noise,
				Peak: int64(30<<20 + 200*blobs),
			})
			c.Runs = append(c.Runs, result.Run{
				Collector: result.Walk, Wall: 2.5e-6 * float64(blobs) * noise * slower, CPU: 4e-6 * float64(blobs) * noise,
				Peak: 15 << 20, Requests: int64(blobs / 2),
			})
		}
		c.Runs = append(c.Runs,
			result.Run{Collector: result.Blobsweep, Wall: 99, CPU: 99, Peak: 99 << 30, SystemCalls: int64(2 * blobs)},
			result.Run{Collector: result.Upstream, Wall: 99, CPU: 99, Peak: 99 << 30, SystemCalls: int64(20 * blobs)})
		d.Put(c)
	}
	same := func(*result.Comparison) {}
	for _, blobs := range []int{1000, 10000, 100000, 200000} {
		comparison("typical", blobs, same)
	}
	comparison("typical", 1000000, func(c *result.Comparison) { c.Commit, c.MeasuredAt = later, at.AddDate(0, 0, 1) })
	comparison("typical", 200000, func(c *result.Comparison) { c.DeleteUntagged = true })
	comparison("typical", 200000, func(c *result.Comparison) { c.Execute = true })
	for _, blobs := range []int{2000, 4000, 20000} {
		comparison("one-repo-20k-tags", blobs, func(c *result.Comparison) { c.DeleteUntagged, c.Tags = true, blobs })
	}
	for _, shape := range []string{"small", "gitlab", "many-small", "links", "wide-index", "garbage"} {
		comparison(shape, 20000, same)
	}
	for _, delay := range []float64{0, 0.005, 0.02} {
		comparison("typical", 13641, func(c *result.Comparison) {
			c.Storage, c.Medium, c.DelaySeconds, c.FloorRequests = "s3", "versitygw", delay, 6820
		})
	}
	comparison("typical", 13641, func(c *result.Comparison) {
		c.Storage, c.Medium, c.DelaySeconds, c.FloorRequests, c.Execute = "s3", "versitygw", 0.005, 6820, true
	})
	for _, blobs := range []int64{1e6, 1e7, 1e8} {
		d.PutScale(result.Scale{
			Commit: commit, MeasuredAt: at, Blobs: blobs, Manifests: blobs / 100, Marked: blobs - blobs/100, Eligible: blobs / 100,
			Wall: float64(blobs) * 1e-6, CPU: float64(blobs) * 2e-6, Peak: 30<<20 + 15*blobs, BytesPerDigest: 12.5,
			DriverBytes: 1<<20 + blobs/2,
		})
	}
	return d
}
