package demo

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/blobsweep/blobsweep/internal/text"
)

// usage is what a directory holds.
type usage struct {
	files, dirs int
	bytes       int64
}

// String tells it to people.
func (u usage) String() string {
	return fmt.Sprintf("%8s in %s and %s", text.Bytes(u.bytes),
		text.Numbered(u.files, "file"), text.Numbered(u.dirs, "directory"))
}

func measure(dir string) (usage, error) {
	var u usage
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			u.dirs++
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		u.files++
		u.bytes += info.Size()
		return nil
	})
	return u, err
}
