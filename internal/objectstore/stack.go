package objectstore

import "runtime"

// room is about how much of a stack a request takes at its deepest, in bytes.
const room = 24 << 10

// growStack makes room on the stack for what a request takes, while there is
// little on it. A new goroutine, of which a collection starts one for almost
// every request, would else grow its stack in several steps amid the SDK, with
// dozens of frames to move each time: a fifth of what a request costs.
//
//go:noinline
func growStack() {
	var space [room]byte
	runtime.KeepAlive(&space)
}
