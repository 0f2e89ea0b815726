// Package blobsweep reclaims space in container registries at the level of
// their storage.
//
// It reads the tree that a registry of CNCF Distribution keeps in a directory
// or in a bucket of S3 or Alibaba Cloud OSS, marks what every manifest needs,
// and removes what nothing needs: blobs, layer links, abandoned uploads, empty
// directories and, when asked to, manifests that no tag leads to. What a kept manifest references, what is younger than the
// grace period and what no registry wrote always stays. When anything cannot
// be read, nothing is deleted.
//
// [Collect] does it all. [Plan] only looks, and takes a [storage.Reader] that
// could not delete; its [Run] can be listed, marshalled and, once, executed:
//
//	driver, err := filesystem.New("/var/lib/registry")
//	// handle err, and close driver in the end
//	run, err := blobsweep.Plan(ctx, driver, blobsweep.Options{})
//	// handle err
//	for c := range run.Candidates() {
//		fmt.Println(c.Kind, c.Repository, c.Digest, c.Reason)
//	}
//	report, err := run.Execute(ctx, driver)
//
// The storage comes as a driver: drivers/filesystem for a directory,
// drivers/s3 and drivers/oss for a bucket, drivers/distribution for any
// StorageDriver of Distribution v3 that a program holds already, drivers to
// open what an operator names, or one of your own (package storage says what
// it has to promise). An executed example of a
// registry that collects its own storage, and of the drop-in for upstream's
// MarkAndSweep, is in e2e/example_test.go, because it needs the registry.
//
// # Safety
//
// A collection is exact while nothing writes to the storage: with the registry
// stopped or read-only, and [Options.Offline] set. Under a registry in use the
// grace period keeps what was written shortly before the run, but a plan is a
// picture of one moment: something old that nothing needs can come into use
// again between planning and deleting, and is then lost. docs/operations.md
// says what that means in practice.
//
// # Concurrency, memory, output
//
// A call keeps at most [Options.Workers] requests in flight and starts no
// goroutine that outlives it. Calls on different storage are independent; two
// collections of the same storage at a time are to be avoided. Memory grows
// with marked digests and candidates, see [Plan]. Nothing is printed: what there
// is to say goes to the report, to [Options.Logger] and to [Options.Progress].
//
// The rules of what stays and what goes are the numbered laws of
// docs/semantics.md.
package blobsweep
