package filesystem

import (
	"errors"
	"strings"
	"time"
	"unsafe"

	"github.com/blobsweep/blobsweep/storage"
	"golang.org/x/sys/unix"
)

// The system calls that a collection makes a hundred thousand times. Those of
// package unix copy each path to the heap; these hand it over from the stack.

// pathBuffer holds a path with the zero byte that ends it.
type pathBuffer [512]byte

// fill puts a path together, of one or two parts, and returns where it begins.
// One that does not fit goes to the heap. A zero byte in it would end it early.
func (b *pathBuffer) fill(first, second string) (*byte, error) {
	if strings.IndexByte(first, 0) >= 0 || strings.IndexByte(second, 0) >= 0 {
		return nil, unix.EINVAL
	}
	path := append(b[:0], first...)
	if second != "" {
		path = append(path, '/')
		path = append(path, second...)
	}
	path = append(path, 0)
	return &path[0], nil
}

func openat2(dir int, path string, how *unix.OpenHow) (int, error) {
	var buffer pathBuffer
	start, err := buffer.fill(path, "")
	if err != nil {
		return -1, err
	}
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(start)),
		uintptr(unsafe.Pointer(how)), unsafe.Sizeof(*how), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// described is what statx has to answer for a file to be described.
const described = unix.STATX_TYPE | unix.STATX_MTIME | unix.STATX_SIZE

var errPartlyDescribed = errors.New("the filesystem does not tell type, size and time of the file")

// statAt describes a name of the directory fd, or a file in a directory of that
// name.
func statAt(fd int, name, file string) fileInfo {
	var buffer pathBuffer
	start, err := buffer.fill(name, file)
	if err != nil {
		return fileInfo{err: err}
	}
	var st unix.Statx_t
	_, err = retry(func() (int, error) {
		_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(fd), uintptr(unsafe.Pointer(start)),
			unix.AT_SYMLINK_NOFOLLOW, described, uintptr(unsafe.Pointer(&st)), 0)
		if errno != 0 {
			return 0, errno
		}
		return 0, nil
	})
	if err == nil && st.Mask&described != described {
		err = errPartlyDescribed
	}
	if err != nil {
		return fileInfo{err: err}
	}
	kind := storage.EntryOther
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		kind = storage.EntryFile
	case unix.S_IFDIR:
		kind = storage.EntryDir
	}
	return fileInfo{kind: kind, size: int64(st.Size), modTime: time.Unix(st.Mtime.Sec, int64(st.Mtime.Nsec))}
}
