package text

import (
	"strings"

	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/sweep"
)

// Explain says what a blocker fears and what removes it.
func Explain(blocker sweep.Blocker) string {
	switch blocker {
	case sweep.BlockedNoRepositories:
		return "There are blobs but no repositories/ directory at all, so every blob looks unused. " +
			"Is this the whole storage of the registry, mounted where it should be?"
	case sweep.BlockedUnreadableManifest:
		return "What a manifest references cannot be known, so what it needs cannot be told from what nothing needs. " +
			"The findings name it: restore it, delete it through the registry's API, or, where it is only large, " +
			"read it with a larger --max-manifest-size."
	case sweep.BlockedSymlinkedReferences:
		return "A symbolic link stands where manifests or tags could lie. Links are not followed, so what lies behind " +
			"could be in use unseen. Put the directory itself in the link's place."
	}
	return "The plan must not be executed."
}

// blockers tells what forbids to execute the plan, and how to go on.
func blockers(b *strings.Builder, blocked []sweep.Blocker) {
	if len(blocked) == 0 {
		return
	}
	b.WriteString("\nBlocked by\n")
	for _, blocker := range blocked {
		wrap(b, 2, 4, clean(string(blocker))+": "+Explain(blocker))
		wrap(b, 4, 4, "To delete all the same, at your own risk: --accept-risk "+clean(string(blocker)))
	}
}

// maxFailures is how many failed keys are listed.
const maxFailures = 20

// failures lists the keys that could not be deleted.
func failures(b *strings.Builder, failed []sweep.Failure) {
	if len(failed) == 0 {
		return
	}
	b.WriteString("\nFailed\n")
	for _, f := range failed[:min(len(failed), maxFailures)] {
		// The key has its line to itself, so that it can be copied.
		b.WriteString("  " + storage.DisplayKey(f.Key) + "\n")
		reason := f.Error
		if _, after, ok := strings.Cut(reason, storage.DisplayKey(f.Key)+": "); ok {
			reason = after
		}
		wrap(b, 4, 4, clean(reason))
	}
	if more := len(failed) - maxFailures; more > 0 {
		wrap(b, 2, 2, "and "+Count(int64(more))+" more; -o json lists all")
	}
}
