package sweep

// Counts are the figures of a plan and of its execution. "Total" is what was
// found, "marked" what a root needs, "eligible" what nothing needs and is old
// enough to go, "recent" what nothing needs but the grace period keeps,
// "removed" what the backend confirmed to be gone.
type Counts struct {
	Repositories int64 `json:"repositories"`
	// Tags is the number of tags that have a current link.
	Tags            int64        `json:"tags"`
	Manifests       MarkedCounts `json:"manifests"`
	Blobs           MarkedCounts `json:"blobs"`
	LayerLinks      TotalCounts  `json:"layerLinks"`
	TagIndexEntries SweptCounts  `json:"tagIndexEntries"`
	Uploads         TotalCounts  `json:"uploads"`
	// MultipartUploads are those that an object store keeps incomplete.
	MultipartUploads TotalCounts     `json:"multipartUploads"`
	EmptyDirectories DirectoryCounts `json:"emptyDirectories"`
	// Strangers are keys that the registry's grammar does not know (law 13).
	Strangers int64      `json:"strangers"`
	Bytes     ByteCounts `json:"bytes"`
}

// MarkedCounts count what can be marked: revisions and blobs.
type MarkedCounts struct {
	Total    int64 `json:"total"`
	Marked   int64 `json:"marked"`
	Eligible int64 `json:"eligible"`
	Removed  int64 `json:"removed"`
	Recent   int64 `json:"recent"`
}

// TotalCounts count layer links and uploads of both kinds.
type TotalCounts struct {
	Total    int64 `json:"total"`
	Eligible int64 `json:"eligible"`
	Removed  int64 `json:"removed"`
	Recent   int64 `json:"recent"`
}

// DirectoryCounts count directories with nothing in them that stays. Those that
// hold a link or blob that goes are not counted: they go with it.
type DirectoryCounts struct {
	Eligible int64 `json:"eligible"`
	Removed  int64 `json:"removed"`
	Recent   int64 `json:"recent"`
}

// SweptCounts count what is only of interest when it goes.
type SweptCounts struct {
	Eligible int64 `json:"eligible"`
	Removed  int64 `json:"removed"`
}

// ByteCounts are bytes of blobs, but for those of uploads.
type ByteCounts struct {
	// Total is exact where listings carry sizes. On a filesystem, where a
	// stat per blob would be needed, marked blobs count as the manifests
	// declare them.
	Total       int64 `json:"total"`
	Reclaimable int64 `json:"reclaimable"`
	Reclaimed   int64 `json:"reclaimed"`
	// Noncurrent were deleted in a bucket that keeps versions, and are not
	// reclaimed: they stay as noncurrent versions.
	Noncurrent int64 `json:"noncurrent"`
	// Uploads are those of unfinished uploads, whatever their age; the parts of
	// multipart uploads are not among them.
	Uploads int64 `json:"uploads"`
}
