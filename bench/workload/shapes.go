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
	{Shape{"typical", "shared bases, tags with history, multi-arch images, signatures, and the garbage of some years",
		200_000, 500}, buildTypical},
}
