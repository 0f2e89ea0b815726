package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/blobsweep/blobsweep/storage"
)

// KeepVersions makes what is deleted or replaced from now on stay as a
// noncurrent version, as in a versioned bucket. No listing shows it.
func (d *Driver) KeepVersions() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.noncurrent == nil {
		d.noncurrent = map[string]bool{}
	}
}

// Noncurrent returns the keys that have noncurrent versions, in byte order.
func (d *Driver) Noncurrent() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Sorted(maps.Keys(d.noncurrent))
}

// KeepsVersions implements [storage.VersionKeeper], at one request.
func (d *Driver) KeepsVersions(ctx context.Context) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, &storage.Error{Op: "get bucket versioning", Err: err}
	}
	d.stats.Add(1)
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.noncurrent != nil, nil
}

// retire keeps the object of a key as a noncurrent version, where they are
// kept. The lock must be held.
func (d *Driver) retire(key string) {
	if _, found := d.objects[key]; found && d.noncurrent != nil {
		d.noncurrent[key] = true
	}
}
