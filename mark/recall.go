package mark

import (
	"encoding/binary"
	"encoding/hex"
	"sync"

	"github.com/opencontainers/go-digest"
)

// recallLimit bounds what is remembered of manifests, in bytes: enough for some
// 400,000 images. What several repositories have in common is read once as long
// as it fits; beyond that, once for each of them.
const recallLimit = 128 << 20

const (
	recallShards = 16
	recallChunk  = 64 << 10 // bytes allocated at once
	recallPlace  = 64       // bytes for an entry of a map that is not full
)

// manifests are those that were asked for. While one is read, whoever asks for
// it waits for the same reading; afterwards it is remembered, or forgotten once
// there are too many. What is remembered has no pointers, which the collector
// of garbage would follow time and again.
type manifests struct {
	limit  int64 // bytes, for each shard
	shards [recallShards]recallShard
}

type recallShard struct {
	mu      sync.Mutex
	reading map[digest.Digest]*manifest
	places  map[[32]byte]place // of those whose algorithm is sha256
	others  map[digest.Digest]place
	chunks  [][]byte
	used    int64
}

// place is where the record of a manifest begins.
type place struct{ chunk, offset uint32 }

// shard is the one of a digest, by its last hexadecimal digit.
func (ms *manifests) shard(d digest.Digest) *recallShard {
	return &ms.shards[nibble(d[len(d)-1])%recallShards]
}

// get returns a manifest that is being read or remembered, or a new one to read.
func (ms *manifests) get(d digest.Digest) *manifest {
	sh := ms.shard(d)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if mf := sh.reading[d]; mf != nil {
		return mf
	}
	mf := &manifest{}
	if at, ok := sh.find(d); ok {
		mf.decode(sh.chunks[at.chunk][at.offset:])
		mf.once.Do(func() {})
		return mf
	}
	if sh.reading == nil {
		sh.reading = map[digest.Digest]*manifest{}
	}
	sh.reading[d] = mf
	return mf
}

// settle remembers a manifest that was just read, or forgets it if there is no
// room, or if reading it failed.
func (ms *manifests) settle(d digest.Digest, mf *manifest) {
	sh := ms.shard(d)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	delete(sh.reading, d)
	if mf.err != nil || sh.used > ms.limit {
		return
	}
	n := len(sh.chunks) - 1
	if n < 0 || cap(sh.chunks[n])-len(sh.chunks[n]) < mf.encodedLen() {
		size := recallChunk
		if record := mf.encodedLen(); record > recallChunk/4 { // or much could be left over
			size = record
		}
		sh.chunks = append(sh.chunks, make([]byte, 0, size))
		sh.used += int64(size)
		n++
	}
	at := place{uint32(n), uint32(len(sh.chunks[n]))}
	sh.chunks[n] = mf.encode(sh.chunks[n])
	sh.used += recallPlace
	sh.put(d, at)
}

func (sh *recallShard) find(d digest.Digest) (place, bool) {
	if sum, ok := sumOf(d); ok {
		at, ok := sh.places[sum]
		return at, ok
	}
	at, ok := sh.others[d]
	return at, ok
}

func (sh *recallShard) put(d digest.Digest, at place) {
	if sh.places == nil {
		sh.places, sh.others = map[[32]byte]place{}, map[digest.Digest]place{}
	}
	if sum, ok := sumOf(d); ok {
		sh.places[sum] = at
		return
	}
	sh.others[d] = at
}

// sumOf returns the bytes of a digest if its algorithm is sha256.
func sumOf(d digest.Digest) (sum [32]byte, ok bool) {
	const prefix = "sha256:"
	if len(d) != len(prefix)+hex.EncodedLen(len(sum)) || d[:len(prefix)] != prefix {
		return sum, false
	}
	var text [64]byte
	copy(text[:], d[len(prefix):])
	_, err := hex.Decode(sum[:], text[:])
	return sum, err == nil
}

// The record of a manifest: its status and whether it is of schema 1, its size,
// and then the number and the elements of each of its lists. A digest is a
// string with its length before it.

const schema1Bit = 0x80

// encodedLen is more than a record takes.
func (mf *manifest) encodedLen() int {
	n := 1 + 6*binary.MaxVarintLen64 + len(mf.keys)*keyBytes + len(mf.sizes)*sizeBytes + len(mf.subject)
	for _, c := range mf.children {
		n += 1 + binary.MaxVarintLen64 + len(c.digest)
	}
	return n
}

func (mf *manifest) encode(to []byte) []byte {
	first := byte(mf.status)
	if mf.schema1 {
		first |= schema1Bit
	}
	to = append(to, first)
	to = binary.AppendUvarint(to, uint64(mf.size))
	to = binary.AppendUvarint(to, uint64(len(mf.keys)))
	for _, k := range mf.keys {
		to = binary.LittleEndian.AppendUint64(to, uint64(k))
	}
	to = binary.AppendUvarint(to, uint64(len(mf.sizes)))
	for _, s := range mf.sizes {
		to = binary.LittleEndian.AppendUint32(to, s)
	}
	to = binary.AppendUvarint(to, uint64(len(mf.children)))
	for _, c := range mf.children {
		to = append(to, byte(c.mode))
		to = appendDigest(to, c.digest)
	}
	return appendDigest(to, mf.subject)
}

func appendDigest(to []byte, d digest.Digest) []byte {
	return append(binary.AppendUvarint(to, uint64(len(d))), d...)
}

func (mf *manifest) decode(record []byte) {
	r := recordReader(record)
	first := r.next(1)[0]
	mf.status, mf.schema1 = status(first&^schema1Bit), first&schema1Bit != 0
	mf.size = int64(r.number())
	mf.keys = make([]Key, r.number())
	for i := range mf.keys {
		mf.keys[i] = Key(binary.LittleEndian.Uint64(r.next(keyBytes)))
	}
	if n := r.number(); n > 0 {
		mf.sizes = make([]uint32, n)
	}
	for i := range mf.sizes {
		mf.sizes[i] = binary.LittleEndian.Uint32(r.next(sizeBytes))
	}
	if n := r.number(); n > 0 {
		mf.children = make([]visit, n)
	}
	for i := range mf.children {
		mf.children[i].mode = mode(r.next(1)[0])
		mf.children[i].digest = r.digest()
	}
	mf.subject = r.digest()
}

// recordReader reads what encode has written.
type recordReader []byte

func (r *recordReader) next(n int) []byte {
	taken := (*r)[:n]
	*r = (*r)[n:]
	return taken
}

func (r *recordReader) number() uint64 {
	v, n := binary.Uvarint(*r)
	*r = (*r)[n:]
	return v
}

func (r *recordReader) digest() digest.Digest { return digest.Digest(r.next(int(r.number()))) }
