// Package scale plans registries that exist nowhere. Its [Driver] makes up the
// listing and the manifests of a registry of n blobs while they are asked for, so
// that the collector runs the same code as on an object store, for sizes that no
// disk at hand can hold.
//
// The digests of manifests are those of their bytes, which the collector
// verifies. Layers are never read, so their digests need not be of anything: they
// are a function of their number that keeps the order, evenly spread as digests
// are, and no list of them is held. Of each manifest the digest is held and its
// place in their order, 36 bytes.
//
// What is made up is simpler than a real tree: every image has as many layers as
// any other, shares none, and has one tag; there is no index and no referrer.
package scale
