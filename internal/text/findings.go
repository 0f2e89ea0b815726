package text

import (
	"regexp"
	"strings"

	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// remedy says what a kind of finding means and what to do about it.
func remedy(kind mark.FindingKind) string {
	switch kind {
	case mark.DanglingRevision:
		return "The bytes of these manifests are gone, so nobody can pull them. Push them again; --delete-untagged removes the links that no tag names."
	case mark.DanglingTag:
		return "These tags name no manifest, so nobody can pull them. Push them again, or remove them with rm."
	case mark.BrokenLink:
		return "These links hold no digest. What they are about is kept. check --repair mends what is known from the link's own path; else push it again."
	case mark.UnknownManifest:
		return "Manifests of a type that is not known here. They are kept, with every digest that appears in them."
	case mark.CorruptManifest:
		return "The bytes are not those that the digest names: the storage is damaged. Restore them from a backup or push them again, or remove the manifest: rm REGISTRY REPOSITORY@DIGEST."
	case mark.OversizedManifest:
		return "These manifests are larger than what is read. Read them with a larger --max-manifest-size."
	case mark.UnknownAlgorithm:
		return "Digests of an algorithm that cannot be verified here. They are kept."
	case mark.OddRepository:
		return "Directories that hold manifests under a name that no registry gives. They are kept as they are; move them out of the tree if they are backups."
	case mark.Symlink:
		return "Symbolic links are never followed and never removed. Put what they point to in their place."
	case mark.Stranger:
		return "Keys that no registry writes. They are never touched, and keep the directories around them."
	case mark.MissingBlob:
		return "Manifests need these blobs, and they are not stored: nobody can pull what they break. Push the image again from where it still is, or restore the blob from a backup."
	case mark.MissingLayerLink:
		return "Manifests need these blobs, which are stored, but their repository does not link them, so the registry answers 404. Push the image again."
	case mark.SizeMismatch:
		return "These blobs have another size than manifests declare, so clients refuse them: they were cut off, or the manifest is wrong. Read them with --blobs; restore from a backup what is corrupt, or push the image again."
	case mark.CorruptBlob:
		return "These blobs are not what their digest names, or cannot be read: the storage is damaged. Check the disk; restore them from a backup, or remove the blob's directory and push the image again."
	case mark.VersionedBucket:
		return "What is deleted stays as noncurrent versions and goes on to take space. Let a lifecycle rule of the bucket expire noncurrent versions and the delete markers that are left alone."
	case mark.VersioningUnknown:
		return "If the bucket keeps versions, what is deleted goes on to take space. Allow blobsweep to ask, or look at the bucket's versioning yourself."
	case mark.EmptyRegistry:
		return "There is nothing here. Check that the directory or prefix is the registry's root."
	}
	return ""
}

// findings lists faults by kind, in the order in which kinds first appear.
func findings(b *strings.Builder, all []mark.Finding, examples int) {
	if len(all) == 0 {
		return
	}
	var kinds []mark.FindingKind
	byKind := map[mark.FindingKind][]mark.Finding{}
	for _, f := range all {
		if byKind[f.Kind] == nil {
			kinds = append(kinds, f.Kind)
		}
		byKind[f.Kind] = append(byKind[f.Kind], f)
	}
	b.WriteString("\nFindings\n")
	for _, kind := range kinds {
		group := byKind[kind]
		wrap(b, 2, 4, string(kind)+" ("+Count(int64(len(group)))+"): "+remedy(kind))
		shown := group
		if examples > 0 && len(group) > examples {
			shown = group[:examples]
		}
		for _, f := range shown {
			wrap(b, 4, 6, place(f)+": "+clean(f.Detail))
		}
		if more := len(group) - len(shown); more > 0 {
			wrap(b, 4, 4, "and "+Count(int64(more))+" more; plan, or -o json, lists all")
		}
	}
}

// longHex is a digest's encoded part inside a key.
var longHex = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{52,116}\b`)

// place names where a finding was made: the repository and the key inside it,
// digests cut to what tells them apart.
func place(f mark.Finding) string {
	key := clean(f.Key)
	if key == layout.Root {
		return strings.TrimSuffix(key, "/")
	}
	if f.Repository == "" {
		return longHex.ReplaceAllString(strings.TrimPrefix(key, layout.Root), "$1…")
	}
	inside, ok := strings.CutPrefix(key, layout.Repository(f.Repository))
	if !ok {
		return longHex.ReplaceAllString(storage.DisplayKey(f.Repository)+" "+strings.TrimPrefix(key, layout.Root), "$1…")
	}
	return longHex.ReplaceAllString(storage.DisplayKey(f.Repository)+" "+inside, "$1…")
}
