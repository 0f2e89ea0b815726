package release

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/internal/deletion"
	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// everything removes what else there is in the repositories of which all goes.
func (x *execution) everything(ctx context.Context) error {
	var works []*work
	for _, w := range x.works {
		if w.all && !x.opts.UntagOnly && !w.seen.blind {
			works = append(works, w)
		}
	}
	for _, phase := range []func(context.Context, []*work) error{x.layerLinks, x.uploads, x.directories} {
		if err := phase(ctx, works); err != nil {
			return err
		}
	}
	return nil
}

// needed is what the tags and revisions need that are left in a repository.
func (w *work) needed() trail[digest.Digest] {
	var left []digest.Digest
	for _, tag := range w.Tags {
		if !w.untagged[tag.Name] {
			left = append(left, w.MayName(tag)...)
		}
	}
	for _, revision := range w.Revisions {
		if !w.gone[revision.Digest] {
			left = append(left, revision.Digest)
		}
	}
	needed := trail[digest.Digest]{}
	needed.follow(slices.AppendSeq(left, maps.Keys(w.seen.names)), w.needsNow, none, nil)
	return needed
}

// list calls visit for what lies in a part of a repository. A listing that fails
// is noted, and then nothing of it goes.
func (x *execution) list(ctx context.Context, prefix string, visit func(storage.Object)) (ok bool, err error) {
	for o, err := range x.driver.List(ctx, prefix, storage.ListOptions{}) {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err != nil {
			x.fail(prefix, err)
			return false, nil
		}
		visit(o)
	}
	return true, nil
}

// layerLinks removes the layer links that nothing needs which is left, but for
// recent ones.
func (x *execution) layerLinks(ctx context.Context, works []*work) error {
	var items []item
	for _, w := range works {
		var own []item
		needed := w.needed()
		ok, err := x.list(ctx, layout.Repository(w.Name)+"_layers/", func(o storage.Object) {
			path, ours := layout.Parse(o.Key)
			if _, stays := needed[path.Digest]; stays || !ours || path.Kind != layout.LayerLink || o.Irregular {
				return
			}
			if x.opts.recent(o.ModTime) {
				x.keep(w, recently(Kept{Kind: LayerLink, Digest: path.Digest}))
				return
			}
			s := Step{Kind: LayerLink, Repository: w.Name, Digest: path.Digest, Reason: reasonEverything}
			own = append(own, item{w, s, []layout.Path{path}})
		})
		if err != nil {
			return err
		}
		if ok {
			items = append(items, own...)
		}
	}
	tell := func(it item, uncertain bool) {
		x.tell(sweep.LayerLink, it.work, uncertain, it.Digest, it.Aliases[it.Digest])
	}
	return x.remove(ctx, sweep.PhaseLayerLinks, items, func(it item) {
		tell(it, false)
		x.finish(it.Step)
	}, func(it item, _ string) { tell(it, true) })
}

func recently(k Kept) Kept {
	k.Cause, k.Reason = ByAge, "younger than the grace period, or of unknown age"
	return k
}

// uploads removes the uploads that are not recent: of each last the file that
// tells its age, so that what is left by a crash goes with a rerun.
func (x *execution) uploads(ctx context.Context, works []*work) error {
	var rest, last []item
	for _, w := range works {
		files := map[string][]layout.Path{}
		stay := map[string]bool{}
		ok, err := x.list(ctx, layout.Repository(w.Name)+"_uploads/", func(o storage.Object) {
			path, ours := layout.Parse(o.Key)
			if !ours || o.Irregular {
				return // and so does its directory
			}
			files[path.Upload] = append(files[path.Upload], path)
			stay[path.Upload] = stay[path.Upload] || x.opts.recent(o.ModTime)
		})
		if err != nil {
			return err
		}
		for _, id := range slices.Sorted(maps.Keys(files)) {
			if stay[id] {
				x.keep(w, recently(Kept{Kind: Upload, Upload: id}))
				continue
			}
			if !ok {
				continue
			}
			paths := files[id]
			at := max(0, slices.IndexFunc(paths, func(p layout.Path) bool { return p.Kind == layout.UploadStartedAt }))
			s := Step{Kind: Upload, Repository: w.Name, Upload: id, Reason: reasonEverything}
			last = append(last, item{w, s, paths[at : at+1 : at+1]})
			for i, path := range paths {
				if i != at {
					rest = append(rest, item{w, s, []layout.Path{path}})
				}
			}
		}
	}
	stuck := map[Step]bool{}
	note := func(it item, _ string) { stuck[it.Step] = true }
	if err := x.remove(ctx, sweep.PhaseUploads, rest, func(item) {}, note); err != nil {
		return err
	}
	last = slices.DeleteFunc(last, func(it item) bool { return stuck[it.Step] })
	return x.remove(ctx, sweep.PhaseUploads, last, func(it item) { x.finish(it.Step) }, note)
}

// directories removes what is empty of repositories, and the directories above
// that this leaves empty, up to repositories/ (law 11).
func (x *execution) directories(ctx context.Context, works []*work) error {
	for _, w := range works {
		var err error
		prefix := layout.Repository(w.Name)
		if tree, ok := storage.AsTree(x.driver); !ok {
			err = x.markers(ctx, prefix)
		} else if x.dirs != nil {
			err = x.emptied(ctx, tree, prefix)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			x.fail(prefix, err)
		}
	}
	return nil
}

// emptied removes the directories of a repository when there is nothing in its
// parts but directories.
func (x *execution) emptied(ctx context.Context, tree storage.Tree, prefix string) error {
	var dirs []layout.Dir
	for _, area := range []string{"_layers/", "_manifests/", "_uploads/"} {
		inside, empty, err := x.inside(ctx, tree, prefix+area)
		if err != nil || !empty {
			return err
		}
		dirs = append(dirs, inside...)
	}
	for above := prefix; above != layout.Repositories; above = above[:strings.LastIndexByte(above[:len(above)-1], '/')+1] {
		dirs = append(dirs, directories(above)...)
	}
	return x.rmdir(ctx, dirs...)
}

// inside returns the directories from prefix down, from the deepest up, and
// whether there is nothing else.
func (x *execution) inside(ctx context.Context, tree storage.Tree, prefix string) (dirs []layout.Dir, empty bool, err error) {
	entries, err := inventory.Confirm(func() ([]storage.Entry, error) { return tree.ReadDir(ctx, prefix) })
	if errors.Is(err, storage.ErrNotFound) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	for _, e := range entries {
		if e.Kind != storage.EntryDir {
			return nil, false, nil
		}
		below, empty, err := x.inside(ctx, tree, prefix+e.Name+"/")
		if err != nil || !empty {
			return nil, false, err
		}
		dirs = append(dirs, below...)
	}
	return append(dirs, directories(prefix)...), true, nil
}

// markers removes the directory markers of a repository on a flat store, when
// nothing else is left of it and none of them is recent.
func (x *execution) markers(ctx context.Context, prefix string) error {
	var keys []string
	stays := false
	ok, err := x.list(ctx, prefix+"_", func(o storage.Object) {
		dir, ours := layout.ParseDir(o.Key)
		if stays = stays || !ours || x.opts.recent(o.ModTime); !stays {
			keys = append(keys, dir.Prefix())
		}
	})
	if err != nil || !ok || stays {
		return err
	}
	for _, f := range deletion.Keys(ctx, x.driver, keys) {
		x.fail(f.Key, f.Err)
	}
	return nil
}
