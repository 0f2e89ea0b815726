package filesystem

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/blobsweep/blobsweep/storage"
)

func (s *linuxSys) write(dir, name string, content []byte) (err error) {
	d, err := s.makeDir(dir)
	if err != nil {
		return err
	}
	defer closeFile(d, &err)
	fd := int(d.Fd())
	to, err := ownerIn(fd, name)
	if err != nil {
		return err
	}
	beside := temporary(name)
	file, err := retry(func() (int, error) {
		const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
		return unix.Openat(fd, beside, flags, 0o666)
	})
	if err != nil {
		return err
	}
	if err = fill(os.NewFile(uintptr(file), beside), content, to); err == nil {
		err = unix.Renameat(fd, beside, fd, name)
	}
	if err != nil {
		return errors.Join(err, unlinkAt(fd, beside, 0))
	}
	return syncDir(d)
}

// ownerIn is the owner of a new file of that name in the directory fd. What is
// there already has to be a file.
func ownerIn(fd int, name string) (owner, error) {
	var st unix.Stat_t
	_, err := retry(func() (int, error) { return 0, unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	switch {
	case err == unix.ENOENT:
		_, err = retry(func() (int, error) { return 0, unix.Fstat(fd, &st) })
	case err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR:
		err = unix.EISDIR
	case err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG:
		err = storage.ErrIrregular
	}
	return owner{st.Uid, st.Gid}, err
}

// makeDir opens a directory. Where it or one that leads to it is missing, it is
// made.
func (s *linuxSys) makeDir(dir string) (*os.File, error) {
	d, err := s.openDir(dir)
	if dir == "" || err != unix.ENOENT {
		return d, err
	}
	parent, name := split(dir)
	above, err := s.makeDir(strings.TrimSuffix(parent, "/"))
	if err != nil {
		return nil, err
	}
	d, err = s.makeIn(above, name, dir)
	if closeErr := above.Close(); closeErr != nil && err == nil {
		return nil, errors.Join(closeErr, d.Close())
	}
	return d, err
}

// makeIn makes the directory dir, which has that name in the one above it, with
// the same owner, and opens it.
func (s *linuxSys) makeIn(above *os.File, name, dir string) (*os.File, error) {
	_, err := retry(func() (int, error) { return 0, unix.Mkdirat(int(above.Fd()), name, 0o777) })
	switch {
	case err == unix.EEXIST: // somebody else has made it
		return s.openDir(dir)
	case err != nil:
		return nil, err
	}
	d, err := s.openDir(dir)
	if err != nil {
		return nil, err
	}
	like, err := above.Stat()
	if err == nil {
		err = ownerOf(like).give(d)
	}
	if err == nil {
		err = syncDir(above)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (s *linuxSys) openDir(dir string) (*os.File, error) {
	fd, err := s.open(dir, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), dir), nil
}
