package mark

import (
	"context"
	"fmt"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/opencontainers/go-digest"
)

// readTags reads what tags name and returns the roots that follow. Where tags
// are not the roots, only those are read whose history names a revision that is
// not linked, or that have none: as a registry writes them, all others name a
// linked revision, a root.
func (g *graph) readTags(ctx context.Context) ([]visit, error) {
	tags := g.repository.Tags
	roots := make([][]visit, len(tags))
	err := g.opts.Pool.ForEach(ctx, len(tags), func(ctx context.Context, i int) (err error) {
		if g.byTags || g.suspicious(tags[i]) {
			roots[i], err = g.readTag(ctx, tags[i])
		}
		return err
	})
	var flat []visit
	for _, r := range roots {
		flat = append(flat, r...)
	}
	return flat, err
}

func (g *graph) suspicious(tag inventory.Tag) bool {
	if tag.Doubtful {
		return true
	}
	for _, entry := range tag.Index {
		if !g.kept.node(entry).is(linked) {
			return true
		}
	}
	return len(tag.Index) == 0
}

func (g *graph) readTag(ctx context.Context, tag inventory.Tag) ([]visit, error) {
	key := g.repository.Prefix + "_manifests/tags/" + tag.Name + "/current/link"
	d, state, err := ReadLink(ctx, g.reader, key, !tag.Doubtful)
	if err != nil {
		return nil, err
	}
	g.kept.mu.Lock()
	defer g.kept.mu.Unlock()
	isLinked := g.kept.manifests[d].is(linked)
	if f, ok := TagFinding(g.repository.Name, key, state, d, isLinked, len(tag.Index) > 0); ok {
		g.opts.OnFinding(f)
	}
	switch {
	case state == LinkHolds:
		g.kept.current[tag.Name] = d
		if isLinked {
			return []visit{{d, asRoot}}, nil
		}
		return []visit{{d, asChild}}, nil
	case state == LinkAbsent:
		g.kept.Tags--
		g.kept.Linkless = append(g.kept.Linkless, tag.Name)
		return nil, nil
	}
	// What the tag names is not known; it is one of those that it named, and
	// if that is not known either, any revision of the repository.
	g.kept.broken[tag.Name] = true
	history := tag.Index
	if len(history) == 0 {
		history = g.repository.Revisions
	}
	var roots []visit
	for _, entry := range history {
		roots = append(roots, visit{entry.Digest(), asChild})
	}
	return roots, nil
}

// TagFinding is what is wrong with a tag, of which the link under key is in a
// state or names a digest that is linked as a revision or not. It reports false
// where nothing is wrong.
func TagFinding(repository, key string, state LinkState, named digest.Digest, isLinked, hasHistory bool) (Finding, bool) {
	f := Finding{Kind: DanglingTag, Repository: repository, Key: storage.DisplayKey(key)}
	switch {
	case state == LinkHolds && isLinked:
		return Finding{}, false
	case state == LinkHolds:
		f.Detail = fmt.Sprintf("the tag names %s, which is not linked as a revision here: delete the tag or push it again", named)
		return f, true
	case state == LinkAbsent:
		f.Detail = "the tag has a directory but names nothing: delete the tag or push it again"
		return f, true
	case state == LinkHidden:
		f.Kind, f.Detail = Symlink, "the link lies behind a symbolic link, which is not followed; "
	default:
		f.Kind, f.Detail = BrokenLink, "the link does not hold a digest; "
	}
	if hasHistory {
		f.Detail += "every revision in the tag's history is kept: push the tag again"
	} else {
		f.Detail += "every revision of the repository is kept, as the tag has no history: push the tag again"
	}
	return f, true
}
