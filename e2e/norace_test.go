//go:build !race

package e2e

// thin is by how much tests of many like cases are thinned out: not at all.
const thin = 1
