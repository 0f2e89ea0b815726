package parallel

import (
	"runtime"

	"github.com/blobsweep/blobsweep/storage"
)

// Workers is how many requests to have in flight: the number wanted, if it is
// more than none, or else what the backend suggests, or what suits the machine.
func Workers(wanted int, r storage.Reader) int {
	if wanted > 0 {
		return wanted
	}
	if c, ok := r.(storage.Concurrent); ok {
		if n := c.Concurrency(); n > 0 {
			return n
		}
	}
	return max(8, 4*runtime.GOMAXPROCS(0))
}
