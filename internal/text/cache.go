package text

import "fmt"

// CacheWarning says what a registry with a descriptor cache ("inmemory" or
// "redis") that was not cleared still believes after something was removed, and
// the remedy. It is empty for a registry without one.
func CacheWarning(cache string) string {
	switch cache {
	case "":
		return ""
	case "redis":
		return "blobsweep: the registry's Redis cache was not cleared, and may still offer blobs that are gone\n" +
			"No later run clears it of these. Delete the keys blobs::* and repository::* there, while nothing\n" +
			"is pushed; a restart of the registry does not."
	}
	return "blobsweep: the registry caches descriptors in memory, and may still offer blobs that are gone\n" +
		"Restart every registry process on this storage that was running meanwhile, read-only ones too,\n" +
		"before anything is pushed. One that was stopped and starts afterwards remembers nothing."
}

// Cleared says what a registry's Redis cache has forgotten of what was removed,
// and how many entries could not be cleared.
func Cleared(descriptors, memberships int64, failed int) string {
	did := fmt.Sprintf("Cleared %s and %s from the registry's Redis cache.",
		Numbered(descriptors, "descriptor"), Numbered(memberships, "membership"))
	switch {
	case failed > 0:
		return did + fmt.Sprintf(" %s could not be cleared.", Numbered(failed, "entry"))
	case descriptors+memberships == 0:
		return "The registry's Redis cache held nothing of what was removed."
	}
	return did
}
