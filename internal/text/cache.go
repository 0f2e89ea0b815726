package text

// CacheWarning says what a registry with a descriptor cache ("inmemory" or
// "redis") still believes after a collection, and the remedy. It is empty for
// a registry without one.
func CacheWarning(cache string) string {
	switch cache {
	case "":
		return ""
	case "redis":
		return "blobsweep: the registry caches descriptors in Redis, and may still offer blobs that are gone\n" +
			"Delete the keys blobs::* and repository::* there; a restart of the registry does not."
	}
	return "blobsweep: the registry caches descriptors in memory, and may still offer blobs that are gone\n" +
		"Restart every registry process on this storage that was running during the collection."
}
