package sweep

// Blocker names a reason why a plan must not be executed (law 16). Its text is
// what --accept-risk takes.
type Blocker string

// The blockers.
const (
	// BlockedNoRepositories: there are blobs but no repositories/ at all, as
	// when a wrong or half-mounted directory is named.
	BlockedNoRepositories Blocker = "no-repositories"
	// BlockedUnreadableManifest: what a manifest references cannot be known.
	BlockedUnreadableManifest Blocker = "unreadable-manifest"
	// BlockedSymlinkedReferences: a symbolic link stands where manifests or
	// tags could lie; they may be live, and links are never followed.
	BlockedSymlinkedReferences Blocker = "symlinked-references"
)

// Blockers lists them all.
func Blockers() []Blocker {
	return []Blocker{BlockedNoRepositories, BlockedUnreadableManifest, BlockedSymlinkedReferences}
}
