// Package e2e tests blobsweep against the real parts: a registry of CNCF
// Distribution over its own storage drivers, a client that pushes and pulls,
// and the collector that this registry carries. It is a module of its own so
// that none of them becomes a requirement of whoever imports blobsweep.
package e2e
