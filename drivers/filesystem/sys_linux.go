package filesystem

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/blobsweep/blobsweep/storage"
)

const (
	direntBuffer = 64 << 10 // bytes of directory entries asked for at once
	maxAgain     = 8        // attempts when the kernel says EAGAIN, 255 ms in all
)

// Offsets in a linux_dirent64.
const (
	direntLength = 16
	direntType   = 18
	direntName   = 19
)

// errShortDirent should never be seen: the kernel's answer makes no sense.
var errShortDirent = errors.New("malformed directory entry")

// linuxSys makes system calls itself: an os.File costs several more of them,
// to register with a poller that regular files do not need.
type linuxSys struct {
	mu     sync.RWMutex // held to use root, so that Close cannot pull it away
	root   int
	closed bool
}

// openSys opens the root with openat2, where the kernel has and allows it.
func openSys(root string) (sys, error) {
	s, err := openLinux(root)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return openPortable(root)
	}
	return s, err
}

func openLinux(root string) (sys, error) {
	fd, err := retry(func() (int, error) {
		return unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: root, Err: err}
	}
	s := &linuxSys{root: fd}
	probe, err := s.open("", unix.O_PATH|unix.O_DIRECTORY)
	if err == nil {
		err = unix.Close(probe)
	}
	if err != nil {
		return nil, errors.Join(&fs.PathError{Op: "openat2", Path: root, Err: err}, s.Close())
	}
	return s, nil
}

// Close implements io.Closer.
func (s *linuxSys) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return unix.Close(s.root)
}

// open opens a path below the root without following any symbolic link.
func (s *linuxSys) open(path string, flags uint64) (int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return -1, fs.ErrClosed
	}
	if path == "" {
		path = "."
	}
	how := unix.OpenHow{
		Flags:   flags | unix.O_CLOEXEC | unix.O_NOFOLLOW,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	for attempt := 0; ; attempt++ {
		fd, err := retry(func() (int, error) { return openat2(s.root, path, &how) })
		if err != unix.EAGAIN || attempt == maxAgain {
			return fd, err
		}
		time.Sleep(time.Millisecond << attempt) // somebody holds a lease on the file
	}
}

// within calls f with a descriptor of a directory.
func (s *linuxSys) within(dir string, f func(fd int) error) (err error) {
	fd, err := s.open(dir, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer closeFD(fd, &err)
	return f(fd)
}

var direntBuffers = sync.Pool{New: func() any { return new([direntBuffer]byte) }}

func (s *linuxSys) readDir(dir string) (entries []storage.Entry, err error) {
	fd, err := s.open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_LARGEFILE)
	if err != nil {
		return nil, err
	}
	defer closeFD(fd, &err)
	buffer := direntBuffers.Get().(*[direntBuffer]byte)
	defer direntBuffers.Put(buffer)
	for {
		n, err := retry(func() (int, error) { return unix.Getdents(fd, buffer[:]) })
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return entries, nil
		}
		packed, count, err := pack(buffer[:n])
		if err != nil {
			return nil, err
		}
		if entries, err = unpack(fd, slices.Grow(entries, count), packed); err != nil {
			return nil, err
		}
	}
}

// packedHeader precedes a packed name: its type, and its length in two bytes.
const packedHeader = 3

// pack moves the names and types of directory entries together, to the
// beginning of the buffer that holds them, so that all the names of a batch
// become one string of little more than their own length.
func pack(dirents []byte) (packed []byte, count int, err error) {
	packed = dirents[:0]
	for len(dirents) > 0 {
		if len(dirents) <= direntName {
			return nil, 0, errShortDirent
		}
		length := int(binary.NativeEndian.Uint16(dirents[direntLength:]))
		if length <= direntName || length > len(dirents) {
			return nil, 0, errShortDirent
		}
		kind, name := dirents[direntType], dirents[direntName:length]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		dirents = dirents[length:]
		if string(name) == "." || string(name) == ".." {
			continue
		}
		packed = append(packed, kind, byte(len(name)), byte(len(name)>>8))
		packed = append(packed, name...)
		count++
	}
	return packed, count, nil
}

// unpack appends packed entries of the directory fd to entries.
func unpack(fd int, entries []storage.Entry, packed []byte) ([]storage.Entry, error) {
	for rest := string(packed); len(rest) > 0; {
		end := packedHeader + (int(rest[1]) | int(rest[2])<<8)
		e := storage.Entry{Name: rest[packedHeader:end]}
		switch rest[0] {
		case unix.DT_REG:
			e.Kind = storage.EntryFile
		case unix.DT_DIR:
			e.Kind = storage.EntryDir
		case unix.DT_UNKNOWN: // the filesystem keeps no types in directories
			info := statAt(fd, e.Name, "")
			if present(info.err) != nil {
				return nil, info.err
			}
			e.Kind = info.kind
		default:
			e.Kind = storage.EntryOther
		}
		rest = rest[end:]
		if e.Kind != 0 { // else it is gone already
			entries = append(entries, e)
		}
	}
	return entries, nil
}

func (s *linuxSys) lstat(dir string, names []string, file string) ([]fileInfo, error) {
	infos := make([]fileInfo, len(names))
	return infos, s.within(dir, func(fd int) error {
		for i, name := range names {
			infos[i] = statAt(fd, name, file)
		}
		return nil
	})
}

// openRegular opens a regular file and tells how large it is. It does not block
// on a FIFO.
func (s *linuxSys) openRegular(path string) (fd int, size int64, err error) {
	fd, err = s.open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_LARGEFILE)
	if err != nil {
		return -1, 0, err
	}
	var st unix.Stat_t
	_, err = retry(func() (int, error) { return 0, unix.Fstat(fd, &st) })
	switch {
	case err != nil:
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		err = unix.EISDIR
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		err = storage.ErrIrregular
	}
	if err != nil {
		closeFD(fd, &err)
		return -1, 0, err
	}
	return fd, st.Size, nil
}

func (s *linuxSys) openFile(path string) (*os.File, int64, error) {
	fd, size, err := s.openRegular(path)
	if err != nil {
		return nil, 0, err
	}
	f := os.NewFile(uintptr(fd), path)
	if err := unix.SetNonblock(fd, false); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, size, nil
}

// read learns the size before it allocates: the file as it was then is what it
// reads.
func (s *linuxSys) read(path string, limit int64, scratch []byte) (content []byte, err error) {
	fd, size, err := s.openRegular(path)
	if err != nil {
		return nil, err
	}
	defer closeFD(fd, &err)
	if size > limit {
		return nil, storage.ErrTooLarge
	}
	// One byte more, so that the end of the file is seen without growing.
	content = scratch[:0:len(scratch)]
	if int64(cap(content)) <= size {
		content = make([]byte, 0, size+1)
	}
	for {
		n, err := retry(func() (int, error) { return unix.Read(fd, content[len(content):cap(content)]) })
		if err != nil {
			return nil, err
		}
		content = content[:len(content)+n]
		if n == 0 || int64(len(content)) == size {
			return content, nil
		}
		if int64(len(content)) > limit {
			return nil, storage.ErrTooLarge
		}
		if len(content) == cap(content) { // it has grown since
			content = slices.Grow(content, 512)
		}
	}
}

// unlink looks before it removes, because unlinkat removes links, sockets and
// devices too.
func (s *linuxSys) unlink(dir, name string) error {
	return s.within(dir, func(fd int) error {
		switch info := statAt(fd, name, ""); {
		case info.err != nil:
			return info.err
		case info.kind == storage.EntryDir:
			return unix.EISDIR
		case info.kind != storage.EntryFile:
			return storage.ErrIrregular
		}
		return unlinkAt(fd, name, 0)
	})
}

func (s *linuxSys) rmdir(dir, name string) error {
	return s.within(dir, func(fd int) error { return unlinkAt(fd, name, unix.AT_REMOVEDIR) })
}

func unlinkAt(fd int, name string, flags int) error {
	_, err := retry(func() (int, error) { return 0, unix.Unlinkat(fd, name, flags) })
	return err
}

// retry repeats a system call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}

// closeFD closes fd, and reports in *err if that fails where all else went
// well. Linux releases a descriptor even when a signal interrupts close.
func closeFD(fd int, err *error) {
	if closeErr := unix.Close(fd); closeErr != nil && closeErr != unix.EINTR && *err == nil {
		*err = closeErr
	}
}
