package mark

import (
	"context"
	"fmt"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
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
	finding := Finding{Kind: DanglingTag, Repository: g.repository.Name, Key: storage.DisplayKey(key)}
	d, state, err := g.readLink(ctx, key, !tag.Doubtful)
	if err != nil {
		return nil, err
	}
	g.kept.mu.Lock()
	defer g.kept.mu.Unlock()
	switch state {
	case linkHolds:
		g.kept.current[tag.Name] = d
		if g.kept.manifests[d].is(linked) {
			return []visit{{d, asRoot}}, nil
		}
		finding.Detail = fmt.Sprintf("the tag names %s, which is not linked as a revision here: delete the tag or push it again", d)
		g.opts.OnFinding(finding)
		return []visit{{d, asChild}}, nil
	case linkAbsent:
		g.kept.Tags--
		g.kept.Linkless = append(g.kept.Linkless, tag.Name)
		finding.Detail = "the tag has a directory but names nothing: delete the tag or push it again"
		g.opts.OnFinding(finding)
		return nil, nil
	}
	// What the tag names is not known; it is one of those that it named, and
	// if that is not known either, any revision of the repository.
	g.kept.broken[tag.Name] = true
	finding.Kind = BrokenLink
	finding.Detail = "the link does not hold a digest; "
	if state == linkHidden {
		finding.Kind = Symlink
		finding.Detail = "the link lies behind a symbolic link, which is not followed; "
	}
	history, kept := tag.Index, "every revision in the tag's history is kept"
	if len(history) == 0 {
		history, kept = g.repository.Revisions, "every revision of the repository is kept, as the tag has no history"
	}
	finding.Detail += kept + ": push the tag again"
	g.opts.OnFinding(finding)
	var roots []visit
	for _, entry := range history {
		roots = append(roots, visit{entry.Digest(), asChild})
	}
	return roots, nil
}
