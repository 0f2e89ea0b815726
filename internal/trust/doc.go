// Package trust holds the tests that break a collection at every step, on a
// tree of every shape found in the wild: it has no code of its own.
package trust
