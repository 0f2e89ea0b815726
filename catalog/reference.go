package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// What a name can be wrong about, see also [ErrUnknownRepository]. The errors
// that wrap these say what is there instead.
var (
	ErrUnknownTag    = errors.New("no such tag")
	ErrUnknownDigest = errors.New("no such manifest")
	ErrAmbiguous     = errors.New("more than one manifest")
	ErrBrokenTag     = errors.New("the tag names no manifest")
)

// MinDigestPrefix is how many hexadecimal digits of a digest must be given.
const MinDigestPrefix = 4

// Reference names a repository, or a manifest in it.
type Reference struct {
	Repository string
	// Tag and Digest are empty for the repository as a whole; at most one of them
	// is set.
	Tag string
	// Digest is a digest or the beginning of one, with its algorithm or without:
	// see [Repository.Resolve].
	Digest string
}

// String formats the reference as [ParseReference] reads it.
func (r Reference) String() string {
	switch {
	case r.Tag != "":
		return r.Repository + ":" + r.Tag
	case r.Digest != "":
		return r.Repository + "@" + r.Digest
	}
	return r.Repository
}

// SplitReference cuts REPOSITORY[:TAG|@DIGEST] into its parts and checks
// nothing: they may be patterns. A part that is there but empty is reported as
// one that is not.
func SplitReference(s string) Reference {
	if repository, d, ok := strings.Cut(s, "@"); ok {
		return Reference{Repository: repository, Digest: d}
	}
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, '/') {
		return Reference{Repository: s[:i], Tag: s[i+1:]}
	}
	return Reference{Repository: s}
}

// ParseReference reads REPOSITORY[:TAG|@DIGEST]. The digest may be short, and
// then go without its algorithm: @sha256:4404806ca2cb, @4404806ca2cb. The
// repository has no host before it: it is one of the registry's.
func ParseReference(s string) (Reference, error) {
	r := SplitReference(s)
	fail := func(format string, args ...any) (Reference, error) {
		return Reference{}, fmt.Errorf("%q is no REPOSITORY[:TAG|@DIGEST]: %w", s, fmt.Errorf(format, args...))
	}
	switch {
	case r.String() != s:
		return fail("nothing follows the %q", s[len(s)-1:])
	case r.Digest != "" && strings.Contains(r.Repository[strings.LastIndexByte(r.Repository, '/')+1:], ":"):
		return fail("give either a tag or a digest")
	case !layout.ValidRepository(r.Repository):
		return fail("%q is no name of a repository; leave out the registry's host", r.Repository)
	case r.Tag != "" && !layout.ValidTag(r.Tag):
		return fail("%q is no tag", r.Tag)
	case r.Digest != "":
		if err := checkDigest(r.Digest); err != nil {
			return fail("%w", err)
		}
	}
	return r, nil
}

// checkDigest accepts a digest and the beginning of one.
func checkDigest(s string) error {
	algorithm, hex, ok := strings.Cut(s, ":")
	if !ok {
		algorithm, hex = "sha512", s // the longest
	}
	switch {
	case !layout.ValidAlgorithm(algorithm):
		return fmt.Errorf("%q is no digest algorithm that is known here", algorithm)
	case !layout.IsHex(hex):
		return fmt.Errorf("%q is no digest: it takes the digits 0-9 and a-f", s)
	case len(hex) < MinDigestPrefix:
		return fmt.Errorf("%q is too short: give at least %d digits", s, MinDigestPrefix)
	case len(hex) > digest.Algorithm(algorithm).Size()*2:
		return fmt.Errorf("%q is too long for a digest", s)
	}
	return nil
}

// Repository finds a repository by its name. The error is
// [ErrUnknownRepository].
func (c *Catalog) Repository(name string) (*Repository, error) {
	i, ok := slices.BinarySearchFunc(c.Repositories, name, func(r *Repository, name string) int {
		return strings.Compare(r.Name, name)
	})
	if ok {
		return c.Repositories[i], nil
	}
	names := make([]string, len(c.Repositories))
	for i, r := range c.Repositories {
		names[i] = r.Name
	}
	return nil, fmt.Errorf("%w: %q; %s", ErrUnknownRepository, name, instead("repository", "repositories", name, names))
}

// Tag finds a tag by its name. The error is [ErrUnknownTag].
func (r *Repository) Tag(name string) (Tag, error) {
	i, ok := slices.BinarySearchFunc(r.Tags, name, func(t Tag, name string) int {
		return strings.Compare(t.Name, name)
	})
	if ok {
		return r.Tags[i], nil
	}
	names := make([]string, len(r.Tags))
	for i, t := range r.Tags {
		names[i] = t.Name
	}
	return Tag{}, fmt.Errorf("%w: %s:%s; %s", ErrUnknownTag, r.Name, name, instead("tag", "tags", name, names))
}

// Resolve finds the manifest that a reference names; its repository is taken to
// be this one. A digest, or the beginning of one, is looked for among the
// revisions, and if there is none, among all manifests that the repository
// reaches. The errors are [ErrUnknownTag], [ErrBrokenTag], [ErrUnknownDigest]
// and [ErrAmbiguous].
func (r *Repository) Resolve(ref Reference) (digest.Digest, error) {
	switch {
	case ref.Tag != "":
		tag, err := r.Tag(ref.Tag)
		if err == nil && tag.Digest == "" {
			err = fmt.Errorf("%w: the link of %s:%s is broken; push the tag again", ErrBrokenTag, r.Name, ref.Tag)
		}
		return tag.Digest, err
	case ref.Digest == "":
		return "", fmt.Errorf("%s is a repository: name a manifest in it by :TAG or @DIGEST", r.Name)
	}
	found := r.linked(ref.Digest)
	if len(found) == 0 {
		found = r.reached(ref.Digest)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%w: %s@%s could be %s; give more digits", ErrAmbiguous, r.Name, ref.Digest, some(found, len(found)))
	case slices.ContainsFunc(r.Layers, func(d digest.Digest) bool { return begins(d, ref.Digest) }):
		return "", fmt.Errorf("%w: %s@%s is a layer or a configuration, which goes with the images that need it", ErrUnknownDigest, r.Name, ref.Digest)
	case len(r.Revisions) == 0:
		return "", fmt.Errorf("%w: %s@%s; the repository has no manifests", ErrUnknownDigest, r.Name, ref.Digest)
	}
	return "", fmt.Errorf("%w: %s@%s; the repository has other manifests, such as %s", ErrUnknownDigest, r.Name, ref.Digest, r.Revisions[0].Digest)
}

// linked returns the revisions that a digest, or the beginning of one, names.
func (r *Repository) linked(s string) (found []digest.Digest) {
	for _, revision := range r.Revisions {
		if begins(revision.Digest, s) {
			found = append(found, revision.Digest)
		}
	}
	return found
}

// reached is linked for all manifests.
func (r *Repository) reached(s string) (found []digest.Digest) {
	for d := range r.Manifests {
		if begins(d, s) {
			found = append(found, d)
		}
	}
	slices.Sort(found)
	return found
}

// begins reports whether s is a digest, or the beginning of one with its
// algorithm or without.
func begins(d digest.Digest, s string) bool {
	if strings.Contains(s, ":") {
		return strings.HasPrefix(string(d), s)
	}
	_, hex, _ := strings.Cut(string(d), ":")
	return strings.HasPrefix(hex, s)
}

// TagsOf returns the names of the tags of a manifest, sorted. It looks at every
// tag: to ask for many manifests, use [Repository.TagsByDigest].
func (r *Repository) TagsOf(d digest.Digest) []string {
	var names []string
	for _, t := range r.Tags {
		if d != "" && t.Digest == d {
			names = append(names, t.Name)
		}
	}
	return names
}

// TagsByDigest returns the names of the tags, sorted, by what they name. Tags
// whose link is broken are not in it.
func (r *Repository) TagsByDigest() map[digest.Digest][]string {
	names := make(map[digest.Digest][]string, len(r.Tags))
	for _, t := range r.Tags {
		if t.Digest != "" {
			names[t.Digest] = append(names[t.Digest], t.Name)
		}
	}
	return names
}
