package release

import (
	"context"
	"slices"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// flatTags is how many tags are removed at a time from a flat store. Where
// directories are real it is one: that its directory stands without a link
// shows to who lists the tags, so it must not take long.
const flatTags = 200

// leavingTag is a tag that is being removed.
type leavingTag struct {
	*work
	catalog.Tag
	stays bool
}

// tags removes the tags, a batch at a time.
func (x *execution) tags(ctx context.Context) error {
	var all []*leavingTag
	for _, w := range x.works {
		w.untagged = map[string]bool{}
		for _, tag := range w.Tags {
			if w.tags[tag.Name] != "" {
				all = append(all, &leavingTag{work: w, Tag: tag})
			}
		}
	}
	x.enter(PhaseTags, len(all))
	most := flatTags
	if x.dirs != nil {
		most = 1
	}
	batches := slices.Collect(slices.Chunk(all, most))
	return x.pool.ForEach(ctx, len(batches), func(ctx context.Context, i int) error {
		return x.tagBatch(ctx, batches[i])
	})
}

// tagBatch removes the entries of the histories, last those of what the tags
// name now, and then the tags' own links: until the last write, each names what
// it did.
func (x *execution) tagBatch(ctx context.Context, tags []*leavingTag) error {
	if !x.opts.Offline {
		err := x.pool.ForEach(ctx, len(tags), func(ctx context.Context, i int) error {
			return x.lookAtTag(ctx, tags[i])
		})
		if err != nil {
			return err
		}
	}
	for _, paths := range []func(*leavingTag) []layout.Path{(*leavingTag).former, (*leavingTag).current, (*leavingTag).link} {
		if err := x.removeOf(ctx, tags, paths); err != nil {
			return err
		}
	}
	for _, t := range tags {
		x.mu.Lock()
		if !t.stays {
			t.untagged[t.Tag.Name] = true
			x.finish(t.tagStep(t.Tag))
		}
		x.advance()
		x.mu.Unlock()
		if !t.stays {
			if err := x.rmdir(ctx, t.directories()...); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// lookAtTag lets a tag stay that names something else than it did, and the
// manifest that it named: that would go only with the tag.
func (x *execution) lookAtTag(ctx context.Context, t *leavingTag) error {
	key, err := t.tagLink(t.Tag.Name).Key()
	if err != nil {
		return err
	}
	d, state, err := mark.ReadLink(ctx, x.driver, key, true)
	broken := state == mark.LinkBroken || state == mark.LinkHidden
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		t.stays = true
		x.note(key, err)
		x.settled[t.tagStep(t.Tag)] = true
		x.leave(t.work, t.MayName(t.Tag), key)
	case state == mark.LinkHolds && d != t.Tag.Digest, broken && !t.Tag.Broken:
		t.stays = true
		reason := "it was moved meanwhile, and names " + string(d)
		if broken {
			reason = "its link was broken meanwhile"
		}
		x.settled[t.tagStep(t.Tag)] = true
		x.keep(t.work, Kept{Kind: Tag, Tag: t.Tag.Name, Digest: t.Tag.Digest, Cause: ByChange, By: string(d), Reason: reason})
		x.keepWith(t.work, t.MayName(t.Tag), func(digest.Digest) string { return "its tag " + t.Tag.Name + " was not removed" })
	}
	return nil
}

// removeOf removes some keys of tags that do not stay; a tag of which one could
// not be removed stays.
func (x *execution) removeOf(ctx context.Context, tags []*leavingTag, paths func(*leavingTag) []layout.Path) error {
	var items []item
	var of []*leavingTag
	for _, t := range tags {
		if t.stays {
			continue
		}
		for _, path := range paths(t) {
			items = append(items, item{work: t.work, paths: []layout.Path{path}})
			of = append(of, t)
		}
	}
	failed, err := x.delete(ctx, items)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, key := range failed {
		if key == "" {
			continue
		}
		of[i].stays = true
		if ctx.Err() == nil {
			x.settled[of[i].tagStep(of[i].Tag)] = true
			x.leave(of[i].work, append(of[i].MayName(of[i].Tag), items[i].paths[0].Digest), key)
		}
	}
	return ctx.Err()
}

// former are the entries of what the tag named before.
func (t *leavingTag) former() (paths []layout.Path) {
	for _, d := range t.History {
		if d != t.Tag.Digest {
			paths = append(paths, t.entryLink(t.Tag.Name, d))
		}
	}
	return paths
}

// current is the entry of what it names.
func (t *leavingTag) current() []layout.Path {
	if !slices.Contains(t.History, t.Tag.Digest) {
		return nil
	}
	return []layout.Path{t.entryLink(t.Tag.Name, t.Tag.Digest)}
}

func (t *leavingTag) link() []layout.Path { return []layout.Path{t.tagLink(t.Tag.Name)} }

// directories are those of the tag, from the deepest up.
func (t *leavingTag) directories() []layout.Dir {
	top := layout.Repository(t.work.Name) + "_manifests/tags/" + t.Tag.Name + "/"
	prefixes := []string{top + "current/"}
	algorithms := []digest.Algorithm{digest.SHA256}
	for _, d := range t.History {
		prefixes = append(prefixes, top+"index/"+string(d.Algorithm())+"/"+d.Encoded()+"/")
		if !slices.Contains(algorithms, d.Algorithm()) {
			algorithms = append(algorithms, d.Algorithm())
		}
	}
	for _, algorithm := range algorithms {
		prefixes = append(prefixes, top+"index/"+string(algorithm)+"/")
	}
	return directories(append(prefixes, top+"index/", top)...)
}

// directories are those of the prefixes that are a registry's.
func directories(prefixes ...string) (dirs []layout.Dir) {
	for _, prefix := range prefixes {
		if dir, ours := layout.ParseDir(prefix); ours {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// keep notes something that stays, under the lock.
func (x *execution) keep(w *work, k Kept) {
	k.Repository = w.Name
	x.kept = append(x.kept, k)
	x.opts.Logger.Debug("kept", "repository", k.Repository, "tag", k.Tag, "digest", k.Digest, "reason", k.Reason)
}
