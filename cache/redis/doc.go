// Package redis clears the descriptor cache that registries of CNCF
// Distribution, 2.x and 3.x, keep in Redis.
//
// The keys are those of the registry: the hash blobs::<digest> is the
// descriptor of a blob, the set repository::<name>::blobs names the digests
// that are accessible in a repository, and the hash
// repository::<name>::blobs::<digest> goes with such a member. They do not
// expire, so a restart of the registry changes nothing.
//
// A [Store] removes the keys and members of the entries that it is given, by
// DEL and SREM in pipelines, and nothing else: it never looks through the
// keyspace and never empties anything. Each command names one key, as a cluster
// demands. A user whom the server restricts needs what the registry has, that is
// +ping +del +srem (and +hello, +select and +client, or +cluster, for the
// connection) on blobs::* and repository::*.
//
// The client library, go-redis, writes what happens to its connections to the
// standard error. It has one logger for the whole program, so this package does
// not change it; see SetLogger there.
package redis
