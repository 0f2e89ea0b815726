// Package catalog reads what a registry holds, as people see it: repositories,
// their tags, and the images, indexes and other manifests behind them, with
// what each of them weighs.
//
// It reads only. What a manifest needs is told by package mark, so that no two
// parts of a program have different views of it; the rest (media types,
// platforms, labels, sizes) is what the manifests say of themselves, and is for
// people to look at. An error that is not a proven absence ends the reading:
// there is no partial catalog.
package catalog
