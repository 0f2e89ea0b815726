//go:build unix

package mark

import "golang.org/x/sys/unix"

// mapMemory returns zeroed memory outside of Go's heap.
func mapMemory(bytes int) ([]byte, error) {
	return unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

// unmapMemory gives it back. It can fail when the process has very many mappings.
func unmapMemory(memory []byte) error { return unix.Munmap(memory) }
