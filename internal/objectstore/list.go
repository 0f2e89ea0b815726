package objectstore

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/blobsweep/blobsweep/storage"
)

// List implements [storage.Reader], at one request per 1,000 keys and common
// prefixes. A server that says there is more without saying where, that leads
// in a circle, or that lists what was not asked for or out of order is an error,
// and nothing of that page is yielded. A marker of the root itself has no key
// below it, and is not listed.
func (d *Driver) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		l := d.newListing(prefix, opts)
		for more := true; more; {
			var page []storage.Object
			var err error
			page, more, err = l.next(ctx)
			if err != nil {
				yield(storage.Object{}, err)
				return
			}
			for _, o := range page {
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

// listing is a List under way. Its keys are those of the bucket.
type listing struct {
	driver *Driver
	prefix string // below the root
	query  ListQuery
	after  string // what is at or before it is not wanted
	inside string // the common prefix in which the listing begins, until it is listed
	last   string // key or common prefix, or where the server was told to start
	trail  trail
}

func (d *Driver) newListing(prefix string, opts storage.ListOptions) *listing {
	l := &listing{driver: d, prefix: prefix, after: d.Root + opts.StartAfter, query: ListQuery{Prefix: d.Root + prefix}}
	if opts.StartAfter > prefix { // all keys are after any other
		l.query.StartAfter, l.last = l.after, l.after
	}
	if opts.Delimiter {
		l.query.Delimiter = "/"
		if rest, below := strings.CutPrefix(l.query.StartAfter, l.query.Prefix); below {
			name, _, deeper := strings.Cut(rest, "/")
			if deeper {
				l.inside = l.query.Prefix + name + "/"
			}
		}
	}
	return l
}

// next reads a page and checks it.
func (l *listing) next(ctx context.Context) (page []storage.Object, more bool, err error) {
	p, err := do(ctx, l.driver, OpList, l.prefix, func(ctx context.Context) (ListPage, error) {
		return l.driver.API.List(ctx, l.query)
	})
	if err != nil {
		return nil, false, err
	}
	last := l.last
	page, err = l.merge(p)
	if err == nil && p.Truncated {
		if last != l.last {
			l.trail.forget(l.query.Token)
		}
		err = l.trail.follow(p.Token, last == l.last)
		l.query.Token = p.Token
	}
	if err != nil {
		return nil, false, l.driver.explain(OpList, l.prefix, 1, err)
	}
	return page, p.Truncated, nil
}

// merge puts the keys and common prefixes of a page into one order.
func (l *listing) merge(p ListPage) ([]storage.Object, error) {
	merged := make([]storage.Object, 0, len(p.Objects)+len(p.Prefixes))
	objects, prefixes := p.Objects, p.Prefixes
	for len(objects)+len(prefixes) > 0 {
		var o storage.Object
		if len(prefixes) == 0 || len(objects) > 0 && objects[0].Key < prefixes[0] {
			o, objects = objects[0], objects[1:]
		} else {
			o, prefixes = storage.Object{Key: prefixes[0], Size: -1, IsPrefix: true}, prefixes[1:]
		}
		if err := l.check(o); err != nil {
			return nil, err
		}
		if o.Key == l.inside { // it may be listed or not, for the keys that follow in it
			l.inside = ""
			continue
		}
		l.last, l.inside = o.Key, ""
		if o.Key > l.after {
			o.Key = o.Key[len(l.driver.Root):]
			merged = append(merged, o)
		}
	}
	return merged, nil
}

// check wants an element to be what was asked for, and in order.
func (l *listing) check(o storage.Object) error {
	name, below := strings.CutPrefix(o.Key, l.query.Prefix)
	slash := strings.IndexByte(name, '/')
	switch {
	case !below:
		return broken("it lists %q, which is not below the prefix", o.Key)
	case o.IsPrefix && (l.query.Delimiter == "" || slash < 0 || slash != len(name)-1):
		return broken("it lists a common prefix %q, which was not asked for", o.Key)
	case !o.IsPrefix && l.query.Delimiter != "" && slash >= 0:
		return broken("it lists %q, which is deeper than was asked for", o.Key)
	case o.Key <= l.last && o.Key != l.inside:
		return broken("it lists %q after %q, out of order", o.Key, l.last)
	}
	return nil
}

// broken is the error for a server that cannot be followed.
func broken(format string, args ...any) *Fault {
	return &Fault{Class: Failed, Message: "the server's listing cannot be trusted: " + fmt.Sprintf(format, args...)}
}
