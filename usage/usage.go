package usage

import (
	"cmp"
	"slices"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/opencontainers/go-digest"
)

// Usage is what a registry's bytes are used for. Its JSON form is stable: fields
// are added, never renamed or removed, and lists are never null.
type Usage struct {
	Registry string `json:"registry"`
	// Grace is the grace period in force, as time.Duration prints it.
	Grace        string `json:"grace"`
	Repositories int64  `json:"repositories"`
	Tags         int64  `json:"tags"`
	// Types are the figures of each type of thing that takes space; multipart uploads are among them if there are any.
	Types []Type `json:"types"`
	// GC and GCUntagged are what gc and gc -m would find and remove.
	GC         Mode `json:"gc"`
	GCUntagged Mode `json:"gcUntagged"`

	// Detail is what repositories and images take, if that was asked for.
	*Detail

	// Requests is what was sent to the backend, where the driver counts it.
	Requests storage.Requests `json:"requests"`
	// Findings are the faults that one of the plans met, in the order of their
	// keys.
	Findings  []mark.Finding `json:"findings"`
	StartedAt time.Time      `json:"startedAt"`
	Seconds   float64        `json:"seconds"`
}

// Mode is what a plan found and would remove.
type Mode struct {
	DeleteUntagged bool `json:"deleteUntagged"`
	blobsweep.Counts
	// BlockedBy names what forbids to execute the plan (law 16).
	BlockedBy []blobsweep.Blocker `json:"blockedBy"`
}

// TypeName is a type of thing that takes space.
type TypeName string

// The types.
const (
	// Manifests are those that repositories link: images, indexes with the images
	// that they list, artifacts. Their bytes are those of blobs.
	Manifests TypeName = "manifests"
	Blobs     TypeName = "blobs"
	// LayerLinks give repositories access to blobs.
	LayerLinks       TypeName = "layer-links"
	Uploads          TypeName = "uploads"
	MultipartUploads TypeName = "multipart-uploads"
)

// Type is how much there is of a type.
type Type struct {
	Name  TypeName `json:"type"`
	Total int64    `json:"total"`
	// Active is how many of them a tag leads to, or something young needs; of
	// uploads, how many are young enough to be under way.
	Active int64 `json:"active"`
	// Bytes is what all of them take; nil where they take none of their own, or
	// where that is not known.
	Bytes *int64 `json:"bytes"`
	// GC and GCUntagged are what gc and gc -m would remove.
	GC         Share `json:"gc"`
	GCUntagged Share `json:"gcUntagged"`
}

// Share is a part of something.
type Share struct {
	Count int64 `json:"count"`
	Bytes int64 `json:"bytes"`
}

// Detail is what repositories and images take.
type Detail struct {
	// ByRepository has every repository.
	ByRepository []Repository `json:"byRepository"`
	// Largest are images by what removing them would free, most first.
	Largest []Image `json:"largest"`
	// Size are the bytes of blobs that images need, each counted once; Shared
	// those that several repositories need.
	Size   int64 `json:"neededBytes"`
	Shared int64 `json:"sharedBytes"`
	// UntaggedShared are bytes that gc -m would free and that untagged images of
	// several repositories need, so that they are reclaimable in none of them.
	UntaggedShared int64 `json:"untaggedSharedBytes"`
	// Unneeded are bytes that gc -m would free and that no image needs.
	Unneeded int64 `json:"unneededBytes"`
}

// Repository is what a repository takes. Bytes are those of blobs, each counted
// once.
type Repository struct {
	Name string `json:"name"`
	Tags int64  `json:"tags"`
	// Images are those of its own: see [Image].
	Images int64 `json:"images"`
	// Bytes is what its images need.
	Bytes int64 `json:"bytes"`
	// Shared is the part of it that other repositories need as well.
	Shared int64 `json:"sharedBytes"`
	// Unique is the part of it that no other repository needs.
	Unique int64 `json:"uniqueBytes"`
	// Reclaimable is what gc -m would free of the bytes that images of this
	// repository need and of no other: what only its untagged images need. What
	// gc frees without -m belongs to no repository: nothing needs it.
	Reclaimable int64 `json:"reclaimableBytes"`
}

// Image is what an image takes: a manifest or index that a tag names, or one
// that no other manifest of the repository references, with the signatures and
// the like that refer to it.
type Image struct {
	Repository string        `json:"repository"`
	Digest     digest.Digest `json:"digest"`
	// Tags name it, sorted.
	Tags []string `json:"tags"`
	// Bytes is what it needs, everything that an index lists included.
	Bytes int64 `json:"bytes"`
	// Unique is what removing it alone would free: no other image needs it.
	Unique int64 `json:"uniqueBytes"`
	// Pushed is when its newest tag was pushed, or the image; zero where that is
	// not known.
	Pushed time.Time `json:"pushed,omitzero"`
	// Untagged says that gc -m would remove it.
	Untagged bool `json:"untagged"`
}

// Order is what repositories are sorted by.
type Order string

// The orders.
const (
	ByName        Order = "name"
	BySize        Order = "size"
	ByUnique      Order = "unique"
	ByShared      Order = "shared"
	ByReclaimable Order = "reclaimable"
	ByTags        Order = "tags"
)

// Orders lists them all.
func Orders() []Order {
	return []Order{BySize, ByName, ByUnique, ByShared, ByReclaimable, ByTags}
}

// Sort sorts the repositories: by name, or by a figure, largest first.
func (d *Detail) Sort(by Order, reverse bool) {
	figure := func(r Repository) int64 {
		switch by {
		case ByName:
			return 0
		case ByUnique:
			return r.Unique
		case ByShared:
			return r.Shared
		case ByReclaimable:
			return r.Reclaimable
		case ByTags:
			return r.Tags
		}
		return r.Bytes
	}
	slices.SortFunc(d.ByRepository, func(a, b Repository) int {
		return cmp.Or(cmp.Compare(figure(b), figure(a)), cmp.Compare(a.Name, b.Name))
	})
	if reverse {
		slices.Reverse(d.ByRepository)
	}
}
