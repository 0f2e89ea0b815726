package storagetest

import (
	"errors"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/storage"
)

// names reads a directory, with a slash behind the names of directories.
func (s *suite) names(prefix string) []string {
	s.Helper()
	entries, err := s.Driver.(storage.Tree).ReadDir(s.Context(), s.base+prefix)
	s.noError(err)
	var names []string
	for _, e := range entries {
		switch e.Kind {
		case storage.EntryFile:
			names = append(names, e.Name)
		case storage.EntryDir:
			names = append(names, e.Name+"/")
		default:
			s.Errorf("%q has kind %d", e.Name, e.Kind)
		}
	}
	slices.Sort(names)
	return names
}

func (s *suite) readDir() {
	s.put("t/a/b/c", "t/a/d", "t/a.x/y", "t/é/z z")
	s.wantKeys("t/", s.names("t/"), "a.x/", "a/", "é/")
	s.wantKeys("t/a/", s.names("t/a/"), "b/", "d")
	s.noError(s.remove("t/a/b/c"))
	s.wantKeys("an empty directory", s.names("t/a/b/"))
	s.wantKeys("flat, with an empty directory", s.keys("t/", storage.ListOptions{}), "t/a.x/y", "t/a/d", "t/é/z z")
	if !slices.Contains(s.names(""), "t/") {
		s.Errorf("the root has %q", s.names(""))
	}

	tree := s.Driver.(storage.Tree)
	_, err := tree.ReadDir(s.Context(), s.base+"t/none/")
	s.wantError(err, storage.ErrNotFound, "t/none/")
	_, err = tree.ReadDir(s.Context(), s.base+"t/a/d/")
	s.wantError(err, storage.ErrIrregular, "t/a/d/")
	_, err = tree.ReadDir(s.Context(), s.base+"t/a/d/e/")
	s.wantError(err, storage.ErrIrregular, "t/a/d/e/")

	many := numbered("t/many/%04d-"+strings.Repeat("f", 64), 1200)
	s.put(many...)
	got := s.names("t/many/")
	for i := range got {
		got[i] = "t/many/" + got[i]
	}
	s.wantKeys("a large directory", got, many...)
}

// treeStat tells files from directories, and from what lies behind files.
func (s *suite) treeStat() {
	s.put("ts/dir/file")
	dir, err := s.Driver.Stat(s.Context(), s.base+"ts/dir/")
	s.noError(err)
	if !dir.IsPrefix || dir.Irregular || dir.Key != s.base+"ts/dir/" || dir.ModTime.IsZero() {
		s.Errorf("a directory is %+v", dir)
	}
	_, err = s.Driver.Stat(s.Context(), s.base+"ts/dir/file/")
	s.wantError(err, storage.ErrNotFound, "ts/dir/file/")
	_, err = s.Driver.Stat(s.Context(), s.base+"ts/dir/file/behind")
	s.wantError(err, storage.ErrIrregular, "ts/dir/file/behind")
	_, err = s.Driver.Get(s.Context(), s.base+"ts/dir/file/behind", 100)
	s.wantError(err, storage.ErrIrregular, "ts/dir/file/behind")
	_, err = s.Driver.Get(s.Context(), s.base+"ts/dir", 100)
	s.wantError(err, storage.ErrIrregular, "ts/dir")
	s.wantError(s.remove("ts/dir"), storage.ErrIrregular, "ts/dir")
	s.noError(s.remove("ts/dir/file"))
	s.wantError(s.remove("ts/dir"), storage.ErrIrregular, "ts/dir")
	s.wantKeys("the empty directory", s.names("ts/"), "dir/")
}

func (s *suite) removeDir() {
	s.put("rd/full/file", "rd/empty/gone", "rd/deep/er/gone", "rd/file")
	s.noError(s.remove("rd/empty/gone", "rd/deep/er/gone"))
	rmdir := func(prefix string) error {
		return s.Driver.(storage.DirRemover).RemoveDir(s.Context(), s.base+prefix)
	}
	s.noError(rmdir("rd/empty/"))
	s.noError(rmdir("rd/empty/"))
	s.noError(rmdir("rd/no/such/directory/"))
	for _, full := range []string{"rd/full/", "rd/deep/", "rd/"} {
		s.wantError(rmdir(full), storage.ErrNotEmpty, full)
	}
	s.noError(rmdir("rd/deep/er/"))
	s.noError(rmdir("rd/deep/"))
	for _, file := range []string{"rd/file", "rd/file/", "rd/full/file/"} {
		if err := rmdir(file); err == nil || errors.Is(err, storage.ErrNotFound) {
			s.Errorf("%s: removing a file as a directory: %v", file, err)
		}
	}
	if s.base == "" {
		if err := rmdir(""); err == nil {
			s.Error("the root was removed")
		}
	}
	s.wantKeys("left", s.names("rd/"), "file", "full/")
}
