package workload

import (
	"errors"
	"os"
	"time"
)

// writeFile writes a new file with its time.
func writeFile(name string, content []byte, modTime time.Time) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Chtimes(name, modTime, modTime)
}
