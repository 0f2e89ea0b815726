// Package mark finds what must stay: it takes the roots of each repository,
// reads the manifests that they lead to, each once per run and in parallel,
// and marks every digest that a kept manifest needs.
//
// The rules are laws 1 to 5, 14 and 15 of docs/semantics.md. The package
// reads only; it fails closed: an error that is not a proven absence ends the
// run, and what cannot be understood is kept.
//
// The marker works on the inventory that package sweep hands it; what importers
// need of this package are its findings.
package mark
