// Package inventory reads a registry's tree, each directory or page once, into
// repositories and blobs.
//
// Where directories are real they are read level by level, names only, and no
// directory is entered to see the one file that the grammar puts there; sizes
// and times are then not known. There are two exceptions: whether the link of a
// revision is there is asked, and uploads are listed whole. Elsewhere the flat
// listing carries both, and is cut at the boundaries of repositories. It is read
// in ranges of keys that divide as long as there are workers without work.
package inventory
