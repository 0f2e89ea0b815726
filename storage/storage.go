package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Object is what a listing or [Reader.Stat] tells of one key.
type Object struct {
	// Key is the full key. That of a common prefix ends in a slash.
	Key string
	// Size is in bytes, or negative where the listing does not carry it.
	Size int64
	// ModTime is the time of the last change, or zero where it is not known.
	// What has no known time must be taken for new.
	ModTime time.Time
	// IsPrefix tells a common prefix (a directory) from an object.
	IsPrefix bool
	// Irregular marks what is neither an object nor a directory: a symbolic
	// link, a socket, a device. It is never read and never deleted.
	Irregular bool
}

// ListOptions refine a listing. The zero value lists everything below the
// prefix, with sizes and times.
type ListOptions struct {
	// StartAfter skips every key up to and including this one. It need not
	// exist. With Delimiter, a common prefix is skipped when it sorts at or
	// before StartAfter.
	StartAfter string
	// Delimiter yields one level only: the objects directly below the prefix,
	// and a common prefix for each group of deeper keys.
	Delimiter bool
}

// Reader reads a backend.
type Reader interface {
	// List yields what lies under prefix in the byte order of full keys. An
	// error is yielded once, as the last element; a listing that ends without
	// one is complete. A prefix under which nothing lies is an empty listing,
	// not an error.
	List(ctx context.Context, prefix string, opts ListOptions) iter.Seq2[Object, error]

	// Get reads a whole object of at most limit bytes. It fails with
	// [ErrNotFound] when there is no such object, with [ErrTooLarge] when it
	// is larger, and with [ErrIrregular] when it is not a plain object.
	Get(ctx context.Context, key string, limit int64) ([]byte, error)

	// Stat describes one key without reading it. A key that ends in a slash
	// names a directory, where the backend has them. It fails with
	// [ErrNotFound] when there is none.
	Stat(ctx context.Context, key string) (Object, error)
}

// Driver is a Reader that can delete.
type Driver interface {
	Reader

	// Delete removes objects: it is called with up to 1,000 keys, and
	// concurrently. A key that is not there is no error. When some
	// keys could not be removed it returns a [*DeleteError] that names every
	// key not known to be gone; all others are gone. Any other error means
	// that nothing is known of any key. When ctx ends, the keys that were not
	// tried are among those named. It never removes a directory.
	Delete(ctx context.Context, keys ...string) error
}

// EntryKind is what a directory entry is.
type EntryKind uint8

// The kinds of a directory entry.
const (
	EntryFile  EntryKind = iota + 1 // a regular file
	EntryDir                        // a directory
	EntryOther                      // a symbolic link, socket, device: never followed
)

// Entry is one name in a directory.
type Entry struct {
	Name string
	Kind EntryKind
}

// Tree is the power of backends whose directories are real: one directory is
// read at the cost of one request, names and kinds only, without a stat per
// entry. Ask for it with [AsTree].
type Tree interface {
	Reader

	// Hierarchical reports whether directories are real. Wrappers implement
	// Tree always and forward the answer of what they wrap.
	Hierarchical() bool

	// ReadDir reads the directory that prefix names, which is empty or ends in
	// a slash. The entries come in no order. It fails with [ErrNotFound] when
	// there is no such directory, and with [ErrIrregular] when the prefix
	// leads through or to something that is no directory.
	ReadDir(ctx context.Context, prefix string) ([]Entry, error)
}

// AsTree returns r as a [Tree] if its directories are real.
func AsTree(r Reader) (Tree, bool) {
	if t, ok := r.(Tree); ok && t.Hierarchical() {
		return t, true
	}
	return nil, false
}

// Described is the answer to one name of a [StatEach].
type Described struct {
	// Object has no key.
	Object Object
	// Err is that of a [Reader.Stat].
	Err error
}

// MultiStater is the power to describe files in many directories at once. Ask
// through [StatEach].
type MultiStater interface {
	// StatEach describes what is under prefix + name + "/" + file for each
	// name. The names must be those of directories.
	StatEach(ctx context.Context, prefix string, names []string, file string) ([]Described, error)
}

// StatEach asks a [MultiStater], or stats one after the other where r is none.
func StatEach(ctx context.Context, r Reader, prefix string, names []string, file string) ([]Described, error) {
	if m, ok := r.(MultiStater); ok {
		all, err := m.StatEach(ctx, prefix, names, file)
		if err == nil && len(all) != len(names) {
			return nil, &Error{Op: "stat", Key: prefix, Err: fmt.Errorf("%d answers for %d names", len(all), len(names))}
		}
		return all, err
	}
	all := make([]Described, len(names))
	for i, name := range names {
		all[i].Object, all[i].Err = r.Stat(ctx, prefix+name+"/"+file)
		all[i].Object.Key = ""
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return all, nil
}

// ScratchGetter is the power to read objects without new memory for each. Ask
// for it with [GetInto]. A wrapper that changes what Get does must change this
// too, or not have it.
type ScratchGetter interface {
	// GetInto does what Get does. The content is in scratch if that is large
	// enough, with room for one byte more, and otherwise in new memory.
	GetInto(ctx context.Context, key string, limit int64, scratch []byte) ([]byte, error)
}

// GetInto asks a [ScratchGetter], or gets the object where r is none.
func GetInto(ctx context.Context, r Reader, key string, limit int64, scratch []byte) ([]byte, error) {
	if s, ok := r.(ScratchGetter); ok {
		return s.GetInto(ctx, key, limit, scratch)
	}
	return r.Get(ctx, key, limit)
}

// Opener is the power to read an object as a stream, for objects that are too
// large for memory. Ask for it with [Open]. Wrappers implement it always, and
// fail with [errors.ErrUnsupported] when what they wrap does not.
type Opener interface {
	// Open begins to read an object, at the cost of one Get. It fails as
	// [Reader.Get] does, but has no limit. The stream is for one goroutine, and
	// must be closed, which may be done early.
	//
	// Read returns [io.EOF] at the end of the whole object, and only there:
	// what breaks off, or has fewer bytes than the backend announced, ends in
	// another error. Then the object may be opened again; nothing is tried again
	// by itself in the middle. When ctx ends, so does the stream.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
}

// Open asks an [Opener]. It fails with an error that wraps
// [errors.ErrUnsupported] where r is none.
func Open(ctx context.Context, r Reader, key string) (io.ReadCloser, error) {
	if o, ok := r.(Opener); ok {
		return o.Open(ctx, key)
	}
	return nil, &Error{Op: "get", Key: key, Err: fmt.Errorf("the driver reads no streams: %w", errors.ErrUnsupported)}
}

// Writer is the power to write a small object. It is there to repair links, and
// for nothing else: a collection never writes. Ask for it with [Write]. Wrappers
// implement it always, and fail with [errors.ErrUnsupported] when what they wrap
// does not.
type Writer interface {
	// Write makes an object, or replaces it as a whole: whoever reads it
	// meanwhile sees the old content or the new one, never a part of either, and
	// so it is after a crash. Where directories are real, missing ones are made.
	// It fails with [ErrIrregular] where the key is, or leads through, something
	// else. After any error the object may have either content.
	Write(ctx context.Context, key string, content []byte) error
}

// Write asks a [Writer]. It fails with an error that wraps
// [errors.ErrUnsupported] where d is none.
func Write(ctx context.Context, d Driver, key string, content []byte) error {
	if w, ok := d.(Writer); ok {
		return w.Write(ctx, key, content)
	}
	return &Error{Op: "write", Key: key, Err: fmt.Errorf("the driver does not write: %w", errors.ErrUnsupported)}
}

// DirRemover is the power to remove empty directories.
type DirRemover interface {
	// RemoveDir removes the empty directory that prefix, ending in a slash,
	// names. It fails with [ErrNotEmpty] when something is in it, and with
	// [errors.ErrUnsupported] when the power is missing after all; a directory
	// that is not there is no error. It never removes anything else.
	RemoveDir(ctx context.Context, prefix string) error
}

// LinkProber is the power to look where a symbolic link leads, in order to
// refuse work. Nothing behind a link is ever listed, read or removed.
type LinkProber interface {
	// LeadsOut reports whether key is a symbolic link to a directory in which a
	// directory of the given name lies, at any depth; with an empty name, any
	// directory will do. One that lies below prefix is excused, if no part of
	// its name there begins with an underscore: it is found without the link.
	// A directory that is too large to search is said to have it. Wrappers
	// implement it always, and fail with [errors.ErrUnsupported] when what they
	// wrap does not.
	LeadsOut(ctx context.Context, key, prefix, name string) (bool, error)
}

// Requests counts what was sent to a backend. On a filesystem these are
// directories read, files read, stats, files and directories removed, and files
// written.
type Requests struct {
	List   int64 `json:"list"`
	Get    int64 `json:"get"`
	Stat   int64 `json:"stat"`
	Delete int64 `json:"delete"`
	Write  int64 `json:"write,omitempty"`
}

// Total is the number of requests of all kinds.
func (r Requests) Total() int64 { return r.List + r.Get + r.Stat + r.Delete + r.Write }

// Add returns the sum of two counts.
func (r Requests) Add(other Requests) Requests {
	return Requests{
		List:   r.List + other.List,
		Get:    r.Get + other.Get,
		Stat:   r.Stat + other.Stat,
		Delete: r.Delete + other.Delete,
		Write:  r.Write + other.Write,
	}
}

// Sub returns what was counted since an earlier reading.
func (r Requests) Sub(earlier Requests) Requests {
	return r.Add(Requests{-earlier.List, -earlier.Get, -earlier.Stat, -earlier.Delete, -earlier.Write})
}

// Requester is the power to tell how many requests were sent so far.
type Requester interface {
	Requests() Requests
}

// MultipartUpload is an upload in parts that was begun and neither completed
// nor aborted. Its parts take space and appear in no listing of objects.
type MultipartUpload struct {
	Key       string
	ID        string
	Initiated time.Time
}

// MultipartParts sums up the parts that have arrived of a [MultipartUpload].
type MultipartParts struct {
	// Bytes is the size of all parts.
	Bytes int64
	// Count is the number of parts.
	Count int64
	// Newest is when the last part arrived. It is zero when there is none, or
	// when the time of one is not known: then the upload must be taken for one
	// that is still under way.
	Newest time.Time
}

// MultipartLister is the power of backends that keep incomplete multipart
// uploads. Wrappers implement it always, and fail with
// [errors.ErrUnsupported] when what they wrap does not.
type MultipartLister interface {
	// ListMultipartUploads yields those of keys under prefix, in no particular
	// order. An error is yielded once, as the last element; it is
	// [errors.ErrUnsupported] where the backend has none after all.
	ListMultipartUploads(ctx context.Context, prefix string) iter.Seq2[MultipartUpload, error]

	// MultipartParts adds up the parts, at one request per 1,000 of them. It
	// fails with [ErrNotFound] when the upload is gone.
	MultipartParts(ctx context.Context, u MultipartUpload) (MultipartParts, error)
}

// MultipartAborter is the power to abort multipart uploads.
type MultipartAborter interface {
	// AbortMultipartUpload discards the parts of an upload. One that is not
	// there is no error. No object is touched.
	AbortMultipartUpload(ctx context.Context, u MultipartUpload) error
}

// VersionKeeper is the power of backends that may keep a deleted object as a
// noncurrent version.
type VersionKeeper interface {
	// KeepsVersions reports whether they do: then deletes free nothing. It
	// fails with [errors.ErrUnsupported] where there is no such thing.
	KeepsVersions(ctx context.Context) (bool, error)
}

// Concurrent is the power to say how many requests in flight suit a backend.
type Concurrent interface {
	// Concurrency is that number, or zero when the backend does not care.
	Concurrency() int
}
