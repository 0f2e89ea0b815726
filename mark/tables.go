package mark

import (
	"sync"
	"unsafe"
)

// tables are the tables of a set. Large ones lie outside of Go's heap: there,
// one that was outgrown would take its place until the next collection of
// garbage, and the heap would be let grow to twice its size.
type tables struct {
	mu     sync.Mutex
	mapped map[*Key][]byte // by the first key in them
}

// mappedFrom is how large a table must be, in bytes, to be worth a mapping.
const mappedFrom = 32 << 10

// get returns an empty table of n keys, with sizes or without.
func (t *tables) get(n int, sized bool) ([]Key, []uint32) {
	bytes := n * keyBytes
	if sized {
		bytes += n * sizeBytes
	}
	if bytes >= mappedFrom {
		if memory, err := mapMemory(bytes); err == nil { // else the heap will do
			keys := unsafe.Slice((*Key)(unsafe.Pointer(&memory[0])), n)
			t.mu.Lock()
			if t.mapped == nil {
				t.mapped = map[*Key][]byte{}
			}
			t.mapped[&keys[0]] = memory
			t.mu.Unlock()
			if !sized {
				return keys, nil
			}
			return keys, unsafe.Slice((*uint32)(unsafe.Pointer(&memory[n*keyBytes])), n)
		}
	}
	if !sized {
		return make([]Key, n), nil
	}
	return make([]Key, n), make([]uint32, n)
}

// put gives back a table that is not used any more.
func (t *tables) put(keys []Key) {
	if len(keys) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if memory, ok := t.mapped[&keys[0]]; ok && unmapMemory(memory) == nil {
		delete(t.mapped, &keys[0])
	} // else it is tried again in the end
}

// release gives back all tables. The process keeps what the kernel does not take.
func (t *tables) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for first, memory := range t.mapped {
		if unmapMemory(memory) == nil {
			delete(t.mapped, first)
		}
	}
}
