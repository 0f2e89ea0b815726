// Package effort adds up the time and the requests that parts of a run take.
package effort

import (
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// Effort is what was taken so far.
type Effort struct {
	Took     time.Duration
	Requests storage.Requests // where the backend counts them
}

// Measure adds up until the returned function is called.
func (e *Effort) Measure(backend storage.Reader) (done func()) {
	counter, counts := backend.(storage.Requester)
	var before storage.Requests
	if counts {
		before = counter.Requests()
	}
	start := time.Now()
	return func() {
		e.Took += time.Since(start)
		if counts {
			e.Requests = e.Requests.Add(counter.Requests().Sub(before))
		}
	}
}
