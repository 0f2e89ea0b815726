package sweep

import (
	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// strangersShown is how many strangers are findings of their own.
const strangersShown = 20

func (p *planner) found(f mark.Finding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.findings = append(p.findings, f)
}

func (p *planner) onStranger(s inventory.Stranger) {
	p.stranger(s, "not written by a registry; it is never touched")
}

// odd reports a repository of a name that no registry gives.
func (p *planner) odd(r *inventory.Repository) {
	p.found(mark.Finding{
		Kind: mark.OddRepository, Repository: storage.DisplayKey(r.Name), Key: storage.DisplayKey(r.Prefix),
		Detail: "no registry gives such a name; everything in it, and everything that its links name and its manifests need, is kept",
	})
}

// stranger counts a stranger and reports it, with a word on what is done.
func (p *planner) stranger(s inventory.Stranger, detail string) {
	p.markers.keep(s.Key)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Strangers++
	f := mark.Finding{Kind: mark.Stranger, Repository: s.Repository, Key: storage.DisplayKey(s.Key), Detail: detail}
	if s.Irregular {
		p.links = append(p.links, s.Key)
		f.Kind = mark.Symlink
		f.Detail = "a symbolic link or special file; it is never followed and never touched"
	} else if p.strangers++; p.strangers > strangersShown {
		return
	}
	p.findings = append(p.findings, f)
}

// amend says more of what was found under a key.
func (p *planner) amend(key, detail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.findings {
		if p.findings[i].Key == key {
			p.findings[i].Detail = detail
		}
	}
}

// remark reports what is wrong with a link.
func (p *planner) remark(key string, o storage.Object, age inventory.Age) {
	switch {
	case age == inventory.Irregular:
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
	known := p.reportedEmpty[key]
	p.reportedEmpty[key] = true
	p.mu.Unlock()
	if !known {
		p.found(mark.Finding{
			Kind: mark.BrokenLink, Repository: path.Repository, Key: key,
			Detail: "the link is empty; its name tells what it linked",
		})
	}
}
