package sweep

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// strangersShown is how many strangers are findings of their own.
const strangersShown = 20

// planner builds a Plan.
type planner struct {
	*Plan
	mu     sync.Mutex // guards the Plan's slices and counts
	reader storage.Reader
	tree   storage.Tree // nil where directories are not real
	walker *inventory.Walker

	names    map[string]bool  // directories of names: whether they can go
	emptied  map[string]int64 // blob directories that go, by their parent
	dirMarks []storage.Object // directory markers
	links    []string         // symbolic links
	empty    map[string]bool  // links reported to be empty
	stranger int
}

func newPlanner(r storage.Reader, opts Options) *planner {
	p := &planner{
		Plan:    &Plan{opts: opts, pool: parallel.New(opts.Workers), meter: newMeter(opts.Progress)},
		reader:  r,
		names:   map[string]bool{},
		emptied: map[string]int64{},
		empty:   map[string]bool{},
	}
	p.tree, _ = storage.AsTree(r)
	p.walker = &inventory.Walker{Reader: r, Pool: p.pool, OnStranger: p.onStranger, OnMarker: p.onMarker}
	p.marker = mark.New(r, mark.Options{
		DeleteUntagged:  opts.DeleteUntagged,
		MaxManifestSize: opts.MaxManifestSize,
		DeclaredSizes:   p.tree != nil,
		Pool:            p.pool,
		Age:             p.age,
		OnFinding:       p.found,
		OnManifest:      func() { p.meter.done.Add(1) },
	})
	return p
}

// plan marks every repository, then streams the blobs past the mark set. No
// blob is judged before the last manifest was read.
func (p *planner) plan(ctx context.Context) error {
	p.meter.enter(PhaseMark, 0)
	anyRepository, err := p.walker.Repositories(ctx, p.repository)
	if err != nil {
		return fmt.Errorf("marking manifests: %w", err)
	}
	if err := p.symlinkedReferences(ctx); err != nil {
		return fmt.Errorf("looking where symbolic links lead: %w", err)
	}
	p.meter.enter(PhaseBlobs, 0)
	if err := p.walker.Blobs(ctx, p.blobDir); err != nil {
		return fmt.Errorf("listing blobs: %w", err)
	}
	if p.tree != nil {
		p.counts.Bytes.Total += p.marker.DeclaredBytes()
	}
	if err := p.emptyDirectories(ctx); err != nil {
		return fmt.Errorf("looking for empty directories: %w", err)
	}
	p.conclude(anyRepository)
	p.sort()
	return ctx.Err()
}

// conclude fills in what is known only at the end.
func (p *planner) conclude(anyRepository bool) {
	switch {
	case p.marker.Blocked():
		p.block(BlockedUnreadableManifest)
	case anyRepository:
	case p.counts.Blobs.Total > 0:
		p.block(BlockedNoRepositories)
	default:
		p.found(mark.Finding{
			Kind: mark.EmptyRegistry, Key: layout.Root,
			Detail: "there are neither repositories nor blobs: is this the registry's root directory?",
		})
	}
	if p.stranger > strangersShown {
		p.found(mark.Finding{
			Kind: mark.Stranger, Key: layout.Root,
			Detail: fmt.Sprintf("%d more keys that no registry writes; they are never touched", p.stranger-strangersShown),
		})
	}
	c := &p.counts
	c.TagIndexEntries.Eligible = int64(len(p.entries))
	c.Manifests.Eligible = int64(len(p.revisions))
	c.LayerLinks.Eligible = int64(len(p.layers))
	c.Blobs.Eligible = int64(len(p.blobs))
	c.Uploads.Eligible = int64(len(p.uploads))
	c.EmptyDirectories.Eligible = int64(len(p.directories) + len(p.markers))
	for _, b := range p.blobs {
		c.Bytes.Reclaimable += b.size
	}
}

// block blocks the plan unless the risk was accepted.
func (p *planner) block(b Blocker) {
	for _, accepted := range p.opts.AcceptRisk {
		if accepted == b {
			p.opts.Logger.Warn("risk accepted", "blocker", b)
			return
		}
	}
	p.blocked = append(p.blocked, b)
}

// symlinkedReferences blocks the plan when a symbolic link stands for a place
// where references lie: a registry follows it, so what lies there is live.
func (p *planner) symlinkedReferences(ctx context.Context) error {
	prober, ok := p.reader.(storage.LinkProber)
	if !ok {
		return nil
	}
	blocked := false
	for _, key := range p.links {
		rest, below := strings.CutPrefix(key, layout.Repositories)
		_, area, inside := strings.Cut(rest, "/_")
		sought := "_manifests"
		switch {
		case !below:
			continue
		case !inside: // it stands for a repository, or leads to some
		case holdsReferences(area):
			sought = ""
		default:
			continue // it hides nothing but what would go
		}
		out, err := prober.LeadsOut(ctx, key, layout.Repositories, sought)
		if errors.Is(err, errors.ErrUnsupported) {
			return nil // such a backend has no links
		}
		if err != nil {
			return err
		}
		if out {
			blocked = true
			p.found(mark.Finding{
				Kind: mark.Symlink, Key: storage.DisplayKey(key),
				Detail: "manifests lie behind this link, where a registry finds them but a collection must not go; mount the directory in its place",
			})
		}
	}
	if blocked {
		p.block(BlockedSymlinkedReferences)
	}
	return nil
}

// holdsReferences reports whether a part of a repository, as a directory, tells
// what is needed: manifests, tags, and links of other algorithms than sha256,
// whose names do not tell what they hold.
func holdsReferences(area string) bool {
	part := strings.Split(area, "/")
	other := func(i int) bool { return len(part) > i && part[i] != "sha256" }
	switch part[0] {
	case "layers":
		return len(part) == 1 || other(1)
	case "manifests":
		return len(part) < 3 || part[1] == "revisions" && (len(part) == 3 || other(2))
	}
	return false
}

func (p *planner) found(f mark.Finding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, f)
}

func (p *planner) onStranger(s inventory.Stranger) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Strangers++
	f := mark.Finding{Kind: mark.Stranger, Repository: s.Repository, Key: storage.DisplayKey(s.Key), Detail: "not written by a registry; it is never touched"}
	if s.Irregular {
		p.links = append(p.links, s.Key)
		f.Kind = mark.Symlink
		f.Detail = "a symbolic link or special file; it is never followed and never touched"
	} else if p.stranger++; p.stranger > strangersShown {
		return
	}
	p.findings = append(p.findings, f)
}

func (p *planner) onMarker(o storage.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dirMarks = append(p.dirMarks, o)
}

// age tells how old a link is.
func (p *planner) age(ctx context.Context, key string, l inventory.Link) (inventory.Age, error) {
	o, age, err := p.look(ctx, key, l)
	if err == nil {
		p.remark(key, o, age)
	}
	return age, err
}

// remark reports what is wrong with a link.
func (p *planner) remark(key string, o storage.Object, age inventory.Age) {
	switch {
	case age == inventory.Foreign:
		path, _ := layout.Parse(key)
		p.onStranger(inventory.Stranger{Key: key, Repository: path.Repository, Irregular: true})
	case age != inventory.Gone && o.Size == 0:
		p.brokenLink(key)
	}
}

// brokenLink reports an empty link, once. Those of other algorithms are read,
// and reported where that is done.
func (p *planner) brokenLink(key string) {
	path, ok := layout.Parse(key)
	if ok && path.Kind != layout.TagIndexLink && path.Digest.Algorithm() != digest.SHA256 {
		return
	}
	p.mu.Lock()
	known := p.empty[key]
	p.empty[key] = true
	p.mu.Unlock()
	if !known {
		p.found(mark.Finding{
			Kind: mark.BrokenLink, Repository: path.Repository, Key: key,
			Detail: "the link is empty; its name tells what it linked",
		})
	}
}

// look tells size and age of a key, asking for them where the listing did not
// say.
func (p *planner) look(ctx context.Context, key string, l inventory.Link) (storage.Object, inventory.Age, error) {
	if !l.ModTime.IsZero() {
		return p.judge(storage.Object{Key: key, Size: l.Size, ModTime: l.ModTime}, nil)
	}
	return p.judge(inventory.Confirm(func() (storage.Object, error) { return p.reader.Stat(ctx, key) }))
}

// lookEach is look for links of one directory, at one key each below prefix.
func (p *planner) lookEach(ctx context.Context, prefix string, links []inventory.Link, file string) ([]storage.Object, []inventory.Age, error) {
	objects := make([]storage.Object, len(links))
	ages := make([]inventory.Age, len(links))
	var described []storage.Described
	if p.tree != nil && len(links) > 0 {
		names := make([]string, len(links))
		for i, l := range links {
			names[i] = l.Hex
		}
		var err error
		if described, err = storage.StatEach(ctx, p.reader, prefix, names, file); err != nil {
			return nil, nil, err
		}
	}
	for i, l := range links {
		var err error
		if described != nil && !errors.Is(described[i].Err, storage.ErrNotFound) {
			objects[i], ages[i], err = p.judge(described[i].Object, described[i].Err)
		} else {
			objects[i], ages[i], err = p.look(ctx, prefix+l.Hex+"/"+file, l)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return objects, ages, nil
}

// judge tells the age of what was described. Only what was last changed before
// the grace period is old: at a time that is not known, it is recent (law 6).
func (p *planner) judge(o storage.Object, err error) (storage.Object, inventory.Age, error) {
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return o, inventory.Gone, nil
	case errors.Is(err, storage.ErrIrregular):
		return o, inventory.Foreign, nil
	case err != nil:
		return o, 0, err
	case o.Irregular || o.IsPrefix:
		return o, inventory.Foreign, nil
	case p.old(o):
		return o, inventory.Old, nil
	}
	return o, inventory.Recent, nil
}

func (p *planner) old(o storage.Object) bool {
	return !o.ModTime.IsZero() && o.ModTime.Before(p.opts.Now.Add(-p.opts.Grace))
}
