// Package e2e tests blobsweep against the real parts: a registry of CNCF
// Distribution over its own storage drivers, a client that pushes and pulls, the
// collector that this registry carries, and an S3 server, with a proxy in front
// that counts requests and breaks them. It is a module of its own so that none
// of them becomes a requirement of whoever imports blobsweep. The server is that
// of package bench/gateway, a process: the first test that needs it has the go
// command build it, which takes a minute or two.
package e2e
