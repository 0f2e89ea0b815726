//go:build !linux

package filesystem

import (
	"io/fs"
	"os"
)

// owner is left to the system.
type owner struct{}

func ownerOf(fs.FileInfo) owner { return owner{} }

func (owner) give(*os.File) error { return nil }
