package workload

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// RemovalOf is what a plan of blobsweep removes, empty directories left out. It
// fails for a kind of candidate that no registry of this package leads to.
func RemovalOf(candidates iter.Seq[sweep.Candidate]) (Removal, error) {
	var r Removal
	for c := range candidates {
		link := Link{c.Repository, c.Tag, c.Digest}
		switch c.Kind {
		case sweep.TagIndexEntry:
			r.TagIndexEntries = append(r.TagIndexEntries, link)
		case sweep.Manifest:
			r.Manifests = append(r.Manifests, link)
		case sweep.LayerLink:
			r.LayerLinks = append(r.LayerLinks, link)
		case sweep.Blob:
			r.Blobs = append(r.Blobs, c.Digest)
		case sweep.Upload:
			r.Uploads = append(r.Uploads, layout.Repository(c.Repository)+"_uploads/"+c.Upload+"/")
		case sweep.EmptyDirectory:
		default:
			return Removal{}, fmt.Errorf("workload: a candidate of the kind %q, %s, %s%s", c.Kind, c.Repository, c.Key, c.Digest)
		}
	}
	r.sort()
	return r, nil
}

// RemovalOfKeys is what is removed when certain keys go, in any order. It fails
// for a key that no collector may remove.
func RemovalOfKeys(keys iter.Seq[string]) (Removal, error) {
	var r Removal
	for key := range keys {
		p, ok := layout.Parse(key)
		link := Link{p.Repository, p.Tag, p.Digest}
		switch {
		case ok && p.Kind == layout.TagIndexLink:
			r.TagIndexEntries = append(r.TagIndexEntries, link)
		case ok && p.Kind == layout.RevisionLink:
			r.Manifests = append(r.Manifests, link)
		case ok && p.Kind == layout.LayerLink:
			r.LayerLinks = append(r.LayerLinks, link)
		case ok && p.Kind == layout.BlobData:
			r.Blobs = append(r.Blobs, p.Digest)
		case ok && p.Upload != "":
			r.Uploads = append(r.Uploads, layout.Repository(p.Repository)+"_uploads/"+p.Upload+"/")
		default:
			return Removal{}, fmt.Errorf("workload: the key %s must not be removed", key)
		}
	}
	r.sort()
	r.Uploads = slices.Compact(r.Uploads)
	return r, nil
}

// Len is how many links, blobs and uploads go.
func (r Removal) Len() int {
	return len(r.TagIndexEntries) + len(r.Manifests) + len(r.LayerLinks) + len(r.Blobs) + len(r.Uploads)
}

// Check returns an error that tells how got differs from what must be removed,
// or nil.
func (r Removal) Check(got Removal) error {
	var differences []string
	note := func(kind string, missing, extra []string) {
		const examples = 3
		for word, list := range map[string][]string{"not removed": missing, "removed without need": extra} {
			if len(list) > 0 {
				differences = append(differences, fmt.Sprintf("%d %s %s, such as %s",
					len(list), kind, word, strings.Join(list[:min(examples, len(list))], ", ")))
			}
		}
	}
	note2 := func(kind string, want, got []Link) {
		missing, extra := difference(want, got, compareLinks)
		note(kind, texts(missing), texts(extra))
	}
	note2("entries of tag histories", r.TagIndexEntries, got.TagIndexEntries)
	note2("revision links", r.Manifests, got.Manifests)
	note2("layer links", r.LayerLinks, got.LayerLinks)
	missing, extra := difference(r.Blobs, got.Blobs, cmp.Compare[digest.Digest])
	note("blobs", texts(missing), texts(extra))
	lost, begun := difference(r.Uploads, got.Uploads, cmp.Compare[string])
	note("uploads", lost, begun)
	if differences == nil {
		return nil
	}
	slices.Sort(differences)
	return fmt.Errorf("workload: the removal differs from the truth: %s", strings.Join(differences, "; "))
}

// difference compares two sorted lists.
func difference[T any](want, got []T, compare func(a, b T) int) (missing, extra []T) {
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && compare(want[0], got[0]) < 0:
			missing, want = append(missing, want[0]), want[1:]
		case len(want) == 0 || compare(want[0], got[0]) > 0:
			extra, got = append(extra, got[0]), got[1:]
		default:
			want, got = want[1:], got[1:]
		}
	}
	return missing, extra
}

func texts[T fmt.Stringer](list []T) (out []string) {
	for _, item := range list {
		out = append(out, item.String())
	}
	return out
}

// String names the link in messages.
func (l Link) String() string {
	if l.Tag != "" {
		return l.Repository + ":" + l.Tag + "@" + l.Digest.String()
	}
	return l.Repository + "@" + l.Digest.String()
}

func compareLinks(a, b Link) int {
	return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Tag, b.Tag), cmp.Compare(a.Digest, b.Digest))
}
