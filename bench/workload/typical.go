package workload

// Sizes between which the numbers of a typical registry change from those of a
// small one to those of a large one: more tags on fewer repositories, and more
// garbage.
const (
	smallRegistry = 13_641
	largeRegistry = 100_000
)

// buildTypical is what most operators have.
func buildTypical(r *registry, blobs int) error {
	// of gives a number in a million blobs, of a small and of a large registry.
	of := func(small, large int) int {
		size := min(max(blobs, smallRegistry), largeRegistry)
		per := small + (large-small)*(size-smallRegistry)/(largeRegistry-smallRegistry)
		return (blobs*per + 500_000) / 1_000_000
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
