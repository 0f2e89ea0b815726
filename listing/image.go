package listing

import (
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/opencontainers/go-digest"
)

// Image is one row of a repository: a tag, or an image without one.
type Image struct {
	Repository string `json:"repository"`
	// Tag is empty for an image that no tag names.
	Tag string `json:"tag,omitempty"`
	// Digest is empty when the tag's link is broken.
	Digest digest.Digest `json:"digest,omitempty"`
	// Type is what the manifest is, see [Types].
	Type catalog.Kind `json:"type"`
	// Platforms are what the image runs on, as linux/arm64/v8.
	Platforms []string `json:"platforms"`
	// Size is that of everything the image needs, each blob once, in bytes.
	Size int64 `json:"bytes"`
	// Unique is how much of it no other image of the registry needs; nil where
	// that was not asked for.
	Unique *int64 `json:"uniqueBytes,omitempty"`
	// Pushed is when the tag was last pushed, or else the image. It is zero
	// where it is not known.
	Pushed time.Time `json:"pushed,omitzero"`
	// Created is what the configuration says. It is zero where it says nothing.
	Created time.Time `json:"created,omitzero"`
	// Labels are those of the configuration.
	Labels map[string]string `json:"labels"`
}

// when is what ages are taken from: when the image was created, or else pushed.
func (i Image) when() time.Time {
	if i.Created.IsZero() {
		return i.Pushed
	}
	return i.Created
}

// Repository is one row of a registry.
type Repository struct {
	Name string `json:"name"`
	Tags int    `json:"tags"`
	// Images are how many there are, with a tag or without: a platform of an
	// index is not counted, nor is what refers to another image.
	Images int `json:"images"`
	// Size is that of all its images, each blob once, in bytes.
	Size int64 `json:"bytes"`
	// Unique is how much of it no other repository needs; nil where that was not
	// asked for.
	Unique *int64 `json:"uniqueBytes,omitempty"`
	// Pushed is when a tag or an image was last pushed; zero where it is not known.
	Pushed time.Time `json:"pushed,omitzero"`
}
