package workload

// Sizes between which the numbers of a typical registry change from those of a
// small one to those of a large one, which has more tags on larger repositories
// and more garbage. Beyond them they grow in proportion.
const (
	smallRegistry = 13_641
	largeRegistry = 100_000
)

// buildTypical is what most operators have.
func buildTypical(r *registry, blobs int) error {
	// of takes numbers in a million blobs, of a small and of a large registry.
	of := func(small, large int) int {
		size := min(max(blobs, smallRegistry), largeRegistry)
		return perMillion(blobs, small+(large-small)*(size-smallRegistry)/(largeRegistry-smallRegistry))
	}
	return buildProfile(r, profile{
		blobs:        blobs,
		repositories: max(1, of(3_665, 2_500)),
		manifests:    of(222_870, 225_000),
		tags:         of(73_308, 150_000),
		layerLinks:   of(896_928, 800_000),
		orphans:      of(74_335, 100_000),
		stale:        of(22_000, 30_000),
		uploads:      of(733, 500),
	})
}

// buildSmall has a manifest for every four blobs.
func buildSmall(r *registry, blobs int) error {
	return buildProfile(r, profile{
		blobs:        blobs,
		repositories: max(1, blobs/200),
		manifests:    blobs / 4,
		tags:         blobs / 5,
		layerLinks:   perMillion(blobs, 780_000),
		orphans:      perMillion(blobs, 20_000),
		stale:        perMillion(blobs, 10_000),
		uploads:      perMillion(blobs, 1_000),
		plain:        true,
	})
}

// buildGitlab has 9,030 orphans among 24,071 blobs.
func buildGitlab(r *registry, blobs int) error {
	return buildProfile(r, profile{
		blobs:        blobs,
		repositories: max(1, blobs/400),
		manifests:    perMillion(blobs, 140_000),
		tags:         perMillion(blobs, 80_000),
		layerLinks:   perMillion(blobs, 700_000),
		orphans:      (blobs*9_030 + 12_035) / 24_071,
		stale:        perMillion(blobs, 150_000),
		uploads:      perMillion(blobs, 500),
	})
}

// buildGarbage has been collected never, and used a lot.
func buildGarbage(r *registry, blobs int) error {
	return buildProfile(r, profile{
		blobs:        blobs,
		repositories: max(1, blobs/2_000),
		manifests:    perMillion(blobs, 22_500),
		tags:         perMillion(blobs, 12_000),
		layerLinks:   perMillion(blobs, 385_000),
		orphans:      perMillion(blobs, 900_000),
		stale:        perMillion(blobs, 300_000),
		uploads:      perMillion(blobs, 2_000),
	})
}

// perMillion is a share of a number of blobs, to the nearest whole number.
func perMillion(blobs, share int) int { return (blobs*share + 500_000) / 1_000_000 }
