// Package usage tells what the bytes of a registry are used for, and what a
// collection would free of them.
//
// What would be freed is what two plans say, without and with untagged
// manifests: the figures are those of a collection with the same options. What
// each repository and image takes comes from the catalog. Both look at the
// registry one after the other, so that under a registry in use they can differ
// by what was pushed in between.
package usage
