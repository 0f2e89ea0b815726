// Package gateway runs a real S3 server as a process: versitygw, over a
// directory in which each directory is a bucket, and each file in that an
// object. It is there for tests and measurements, on a free port of 127.0.0.1.
//
// The server is the tool of a module of its own, in versitygw beside this
// package, so that none of what it requires becomes a requirement of anyone. The
// first [Start] has the go command build it, which takes a minute or two; later
// ones take it from the build cache.
//
// [Proxy] stands between a client and such a server, counts requests, and makes
// each of them take its time.
package gateway
