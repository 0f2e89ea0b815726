// Package storage is the contract between the collector and the places where a
// registry keeps its bytes.
//
// A backend is a flat map from keys to objects. [Reader] lists and reads it;
// [Driver] also deletes. Planning takes a Reader, so that what only looks
// cannot delete. What a backend can do beyond that is a small interface of its
// own, asked for by type assertion and forwarded by wrappers:
//
//   - [Tree], [DirRemover], [MultiStater] and [LinkProber], where directories are
//     real, as on a filesystem;
//   - [MultipartLister], [MultipartAborter] and [VersionKeeper], on object stores;
//   - [ScratchGetter], where objects can be read into memory that is there;
//   - [Opener], where they can be read as streams;
//   - [Writer], where links can be repaired;
//   - [Concurrent], where the backend knows how many requests in flight suit it;
//   - [Requester], where it counts what it was asked.
//
// # Keys
//
// A key is a slash-separated path without a leading slash, relative to the
// root that the driver was opened on ("docker/registry/v2/blobs/..."). A
// prefix is the beginning of a key; the prefix of a directory ends in a slash.
//
// # Absence
//
// Absence is only ever what a call for one named key says with [ErrNotFound].
// A listing that ends without an error is complete; any other error means that
// nothing is known.
//
// All methods are safe for concurrent use.
package storage
