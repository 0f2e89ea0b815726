package workload

// Shape is a kind of registry.
type Shape struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Blobs is the shape's own size, Least the smallest that it takes.
	Blobs int `json:"blobs"`
	Least int `json:"least"`
}

type shape struct {
	Shape
	build func(r *registry, blobs int) error
}

// Shapes lists all shapes.
func Shapes() []Shape {
	list := make([]Shape, len(shapes))
	for i, s := range shapes {
		list[i] = s.Shape
	}
	return list
}

var shapes = []shape{
	{Shape{"typical",
		"shared bases, tags with history, multi-arch images, signatures, and the garbage of some years",
		200_000, 500}, buildTypical},
	{Shape{"small", "1,000 images of 4,000 blobs in 20 repositories; a public figure was taken on that many on S3",
		4_000, 400}, buildSmall},
	{Shape{"gitlab", "15,041 marked blobs and 9,030 orphans, as in a test that GitLab published",
		24_071, 1_000}, buildGitlab},
	{Shape{"one-repo-20k-tags", "one repository of 20,000 tags, half as many as blobs, each of which has moved once",
		40_000, 200}, buildOneRepository},
	{Shape{"many-small", "20,000 repositories of one image",
		67_040, 120}, buildManySmall},
	{Shape{"links", "30,000 layer links for 55 tags in one repository",
		10_400, 600}, buildLinks},
	{Shape{"wide-index", "indexes of 50 platforms, referrers of referrers",
		16_809, 700}, buildWideIndex},
	{Shape{"garbage", "nine of ten blobs are orphans",
		100_000, 1_000}, buildGarbage},
}
