// Package listing makes rows of a catalog, for people and programs to look at:
// its repositories, its images, and what one image is made of. Rows are plain
// structs; [Filters] select among them as docker's do, and are read from the
// same words.
//
// What rows hold is as the storage has it. Names and labels are what a client
// pushed: make them safe before a terminal sees them.
package listing
