// Package release lets go of tags and manifests: of what a [catalog.Catalog]
// holds, it removes what is named and what only that led to, and nothing else.
//
// A manifest stays as long as a tag, an index or a referrer rule keeps it, and
// whatever cannot be understood keeps all that it may name. The writes come in
// such an order that the registry is whole after each of them: a tag goes before
// its revision, a referrer before its subject, an index before its children.
// Blobs are left to a collection; nothing here removes one.
//
// The laws that it speaks of are those of docs/semantics.md.
package release
