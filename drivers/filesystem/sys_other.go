//go:build !linux

package filesystem

// openSys opens the root the only way that these platforms have.
func openSys(root string) (sys, error) { return openPortable(root) }
