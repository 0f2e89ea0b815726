package sweep

import (
	"context"
	"errors"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/storage"
)

// age tells how old a link is.
func (p *planner) age(ctx context.Context, key string, l inventory.Link) (inventory.Age, error) {
	o, age, err := p.look(ctx, key, l)
	if err == nil {
		p.remark(key, o, age)
	}
	return age, err
}

// look tells size and age of a key, asking for them where directories are real
// and listings do not say. A flat listing says what there is to know.
func (p *planner) look(ctx context.Context, key string, l inventory.Link) (storage.Object, inventory.Age, error) {
	if p.tree == nil || !l.ModTime.IsZero() {
		return p.judge(storage.Object{Key: key, Size: l.Size, ModTime: l.ModTime}, nil)
	}
	return p.judge(inventory.Confirm(func() (storage.Object, error) { return p.reader.Stat(ctx, key) }))
}

// lookEach is look for links of one directory, at one key each below prefix; or
// for some of a flat listing, which have no common prefix.
func (p *planner) lookEach(ctx context.Context, prefix string, links []inventory.Link, file string) ([]storage.Object, []inventory.Age, error) {
	objects := make([]storage.Object, len(links))
	ages := make([]inventory.Age, len(links))
	var described []storage.Described
	if p.tree != nil && len(links) > 0 {
		var err error
		if described, err = inventory.DescribeEach(ctx, p.reader, p.pool, prefix, links, file); err != nil {
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
		return o, inventory.Irregular, nil
	case err != nil:
		return o, 0, err
	case o.Irregular || o.IsPrefix:
		return o, inventory.Irregular, nil
	case p.old(o):
		return o, inventory.Old, nil
	}
	return o, inventory.Recent, nil
}

func (p *planner) old(o storage.Object) bool {
	return !o.ModTime.IsZero() && o.ModTime.Before(p.opts.Now.Add(-p.opts.Grace))
}
