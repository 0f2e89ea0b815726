// Package blobsweep reclaims space in container registries at the level of
// their storage.
package blobsweep
