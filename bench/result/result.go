// Package result is what measurements come to: data only, made by packages
// compare and scale, shown by package report, and stable as JSON.
package result

import "time"

// Document is everything that one command measured.
type Document struct {
	Machine     Machine      `json:"machine"`
	Comparisons []Comparison `json:"comparisons"`
	Scale       []Scale      `json:"scale"`
}

// Machine is where and of what the measurements were taken.
type Machine struct {
	Go       string `json:"go"`       // version
	Platform string `json:"platform"` // "linux/amd64"
	CPU      string `json:"cpu"`      // model
	Cores    int    `json:"cores"`
	Memory   int64  `json:"memory"` // bytes
	Kernel   string `json:"kernel"`
	Upstream string `json:"upstream"` // version of the collector compared with
}

// Collector is who did a run.
type Collector string

// The collectors that are compared.
const (
	Blobsweep Collector = "blobsweep"
	// Upstream is MarkAndSweep of Distribution.
	Upstream Collector = "upstream"
	// Walk is the floor: it reads the same directories or pages and the same
	// manifests, and does nothing else.
	Walk Collector = "walk"
)

// Comparison is what several collectors did, in turn, with the same registry.
type Comparison struct {
	// Commit is that of the code measured, with "+" where the tree had changes.
	Commit     string    `json:"commit"`
	MeasuredAt time.Time `json:"measuredAt"`

	Storage string `json:"storage"` // "filesystem", "s3"
	// Medium is the type of the filesystem, or the name of the server.
	Medium string `json:"medium"`
	// DelaySeconds is added to each request.
	DelaySeconds   float64 `json:"delaySeconds"`
	DeleteUntagged bool    `json:"deleteUntagged"`
	// Execute tells real deletions from dry runs.
	Execute bool `json:"execute"`
	// Workers is what blobsweep was told; zero is its default.
	Workers int `json:"workers"`

	Shape     string `json:"shape"`
	Seed      uint64 `json:"seed"`
	Blobs     int    `json:"blobs"`
	Manifests int    `json:"manifests"`
	Tags      int    `json:"tags"`
	// FloorRequests is how many requests cannot be avoided; zero where that is
	// not told.
	FloorRequests int64 `json:"floorRequests,omitempty"`

	Runs []Run `json:"runs"`
}

// Run is one run of one collector, in a process of its own.
type Run struct {
	Collector Collector `json:"collector"`
	Wall      float64   `json:"wall"` // seconds
	CPU       float64   `json:"cpu"`  // seconds, user and system
	// Server is the processor time that the S3 server and the proxy took
	// meanwhile, in seconds, on the same cores; zero where that is not known.
	Server float64 `json:"server,omitempty"`
	// Peak is the largest resident memory, in bytes.
	Peak int64 `json:"peak"`
	// Requests as they were seen from outside on S3, and as the driver counts
	// them elsewhere; zero where nobody counts.
	Requests int64 `json:"requests,omitempty"`
	// SystemCalls are counted in a run of its own, whose times do not count;
	// zero in all others.
	SystemCalls int64 `json:"systemCalls,omitempty"`
}

// Scale is a plan of a registry that exists nowhere.
type Scale struct {
	Commit     string    `json:"commit"`
	MeasuredAt time.Time `json:"measuredAt"`

	Blobs     int64   `json:"blobs"`
	Manifests int64   `json:"manifests"`
	Marked    int64   `json:"marked"` // digests
	Eligible  int64   `json:"eligible"`
	Wall      float64 `json:"wall"` // seconds
	CPU       float64 `json:"cpu"`  // seconds
	Peak      int64   `json:"peak"` // bytes
	// BytesPerDigest is what the mark set takes for a marked digest.
	BytesPerDigest float64 `json:"bytesPerDigest"`
	// DriverBytes is what was held before: by the driver that makes the registry
	// up, for the most part. It is in the peak.
	DriverBytes int64 `json:"driverBytes"`
}
