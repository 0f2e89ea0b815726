package mark

import (
	"sync"
	"unsafe"

	"github.com/opencontainers/go-digest"
)

// recallLimit bounds what is remembered of manifests, in bytes: enough for some
// 400,000 images. What several repositories have in common is read once as long
// as it fits; beyond that, once for each of them.
const recallLimit = 128 << 20

// manifests are those that were asked for. While one is read, whoever asks for
// it waits for the same reading; afterwards it is remembered, or forgotten once
// there are too many. Its zero value is not usable: limit must be set.
type manifests struct {
	limit  int64 // bytes, for each shard
	shards [16]struct {
		mu   sync.Mutex
		m    map[digest.Digest]*manifest
		used int64
	}
}

// get returns the manifest that is being read or remembered, or a new one.
func (ms *manifests) get(d digest.Digest) *manifest {
	sh := &ms.shards[d[len(d)-1]%16]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	m := sh.m[d]
	if m == nil {
		if sh.m == nil {
			sh.m = map[digest.Digest]*manifest{}
		}
		m = &manifest{}
		sh.m[d] = m
	}
	return m
}

// settle remembers a manifest that was just read, or forgets it if there is no
// room, or if reading it failed.
func (ms *manifests) settle(d digest.Digest, mf *manifest) {
	sh := &ms.shards[d[len(d)-1]%16]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if cost := mf.cost(); mf.err == nil && sh.used+cost <= ms.limit {
		sh.used += cost
		return
	}
	delete(sh.m, d)
}

// cost is about how much memory a manifest takes, in bytes.
func (mf *manifest) cost() int64 {
	const (
		place = 64 // in a map, which is not always full
		hex   = 80 // of a digest
	)
	n := int(unsafe.Sizeof(*mf)) + place + hex + len(mf.keys)*keyBytes + len(mf.sizes)*sizeBytes +
		len(mf.children)*(int(unsafe.Sizeof(visit{}))+hex) + len(mf.subject)
	return int64(n)
}
