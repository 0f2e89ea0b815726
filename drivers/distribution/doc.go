// Package distribution lets the collector work on any storage driver of CNCF
// Distribution v3: those of clouds that blobsweep has no driver for, and a
// fork's own.
//
// It promises what package storage demands, out of what a StorageDriver
// offers:
//
//   - Only a driver's PathNotFoundError counts as absence. Every other error
//     is handed on, so it can never be taken for an empty directory.
//   - A key is deleted only after a stat has shown that it is no directory,
//     because a StorageDriver deletes recursively.
//   - Directories are removed only when [Options.PruneDirectories] allows it.
//
// # Directories
//
// A StorageDriver lists one directory at a time, names without kinds. Where
// the registry's grammar tells what a name is, it is believed; a stat is spent
// on the other names alone, such as the components of repository names.
//
// Object stores (gcs, azure, s3) have no directories: one is there while a key
// lies under it and gone with the last. Nothing has to be pruned there, and
// the markers that some tools leave (empty keys that end in a slash) do not
// show.
//
// # Limits
//
// A StorageDriver tells neither symbolic links nor devices from what they lead
// to; the filesystem driver of Distribution follows them. On an object store
// its Delete of a key removes what lies under the key as well, should a
// stranger have put something there. Where the registry is a local directory,
// drivers/filesystem is the better and faster choice.
package distribution
