// Package sweep plans what a registry's storage can do without, and removes
// it.
//
// [New] reads the tree, marks through package mark, and gives a [Plan]: every
// candidate with its reason, and what was found on the way. [Plan.Execute]
// removes the candidates in an order that leaves the registry whole wherever
// it stops: references go before what they refer to (law 9). A plan runs once.
//
// Planning takes a storage.Reader and cannot delete. The rules are laws 6 to
// 13, 16 and 17 of docs/semantics.md.
package sweep
