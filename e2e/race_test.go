//go:build race

package e2e

// thin is by how much tests of many like cases are thinned out under the race
// detector, which makes them slow and needs few of them.
const thin = 6
