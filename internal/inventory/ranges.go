package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blobsweep/blobsweep/internal/parallel"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
)

// page is how many keys a flat store lists in a request.
const page = 1000

// errOrder says that a listing is not in byte order, so that no range of it
// can be relied on.
var errOrder = errors.New("the listing is out of order: nothing it says can be relied on")

// scan lists everything below a prefix once. It begins as one listing. Whenever
// one has used up a page and there are free places in the pool, what is left of
// its range is divided; what is small is never divided, and costs what a single
// listing costs.
type scan struct {
	reader storage.Reader
	group  *parallel.Group
	pool   *parallel.Pool
	prefix string
	// open returns the sink for a range that begins after a key.
	open func(after string) sink
	// budget is shared by all listings of a run.
	budget *budget

	started time.Time
	mu      sync.Mutex // guards seams
	seams   map[string]*seam
}

// sink takes the objects of one range, in the order of their keys.
type sink interface {
	take(ctx context.Context, o storage.Object) error
	// end is told where the range ends, or nothing at the end of the prefix.
	end(ctx context.Context, until string) error
}

// span is a range of keys: those after one key, up to and including another.
// Ranges that touch share that key, which need not exist, and miss nothing.
type span struct {
	after string
	until string // empty: to the end of the prefix
	pages int    // listed so far
	names
}

// everything is the range to begin with.
var everything = span{}

// run lists the given ranges.
func (s *scan) run(ctx context.Context, ranges ...span) error {
	s.started = time.Now()
	s.group = s.pool.Group(ctx)
	for _, sp := range ranges {
		s.group.Run(func(ctx context.Context) error { return s.list(ctx, sp) })
	}
	if err := s.group.Wait(); err != nil {
		return err
	}
	return s.checkSeams(ctx)
}

// list reads a range, and gives away parts of what is left of it.
func (s *scan) list(ctx context.Context, sp span) error {
	to := s.open(sp.after)
	last, first, n := sp.after, "", 0
	next := "" // the first key beyond the range
	for o, err := range s.reader.List(ctx, s.prefix, storage.ListOptions{StartAfter: sp.after}) {
		if err != nil {
			return err
		}
		if last == sp.after {
			s.meet(sp.after, func(at *seam) { at.right = o })
		}
		if o.Key <= last {
			return &storage.Error{Op: "list", Key: s.prefix, Err: fmt.Errorf("%q after %q: %w", o.Key, last, errOrder)}
		}
		if sp.until != "" && o.Key > sp.until {
			next = o.Key
			break
		}
		if err := to.take(ctx, o); err != nil {
			return err
		}
		if last = o.Key; n%page == 0 {
			first = last
		}
		if n++; n%page == 0 {
			sp.pages++
			s.budget.pages.Add(1)
			if err := s.divide(ctx, &sp, first, last); err != nil {
				return err
			}
		}
	}
	s.meet(sp.until, func(at *seam) { at.left, at.last = next, last })
	return to.end(ctx, sp.until)
}

// curious reports whether to spend a request on the names that are left: at
// once in the first range, and in all others after their 2nd, 4th, 8th page, so
// that short ones cost nothing more.
func (sp *span) curious() bool {
	return sp.after == "" && sp.pages == 1 || sp.pages > 1 && sp.pages&(sp.pages-1) == 0
}

// divide gives parts of what is left of a range to free places in the pool,
// the last part first. The range ends where the first part begins that was
// taken.
func (s *scan) divide(ctx context.Context, sp *span, first, last string) error {
	free := s.pool.Free()
	if free == 0 {
		return nil
	}
	cuts, cost, err := s.cuts(ctx, sp, first, last, free)
	if err != nil {
		return err
	}
	for _, cut := range slices.Backward(cuts) {
		part := span{after: cut, until: sp.until, names: sp.startingAt(cut)}
		s.newSeam(cut)
		if !s.group.Try(func(ctx context.Context) error { return s.list(ctx, part) }) {
			s.dropSeam(cut)
			return nil
		}
		s.budget.spend(cost)
		sp.until = cut
		sp.names = sp.endingAt(cut)
	}
	return nil
}

// cuts returns where to divide what is left of a range after a page of it: at
// most so many keys, in order; and how many requests each costs. It looks at one
// directory after the other on the way to the last key, from the outermost in
// which names are left.
func (s *scan) cuts(ctx context.Context, sp *span, first, last string, most int) ([]string, float64, error) {
	for {
		dir, ok := s.directory(last, sp.level)
		if !ok {
			return nil, 0, nil
		}
		if d, ok := digestsOf(dir, first, last, sp.until); ok {
			cuts, cost := d.cuts(most, s.budget.allowance())
			return cuts, cost, nil
		}
		if !sp.known && !fewNames(dir) {
			if !strings.HasPrefix(first, dir) || !sp.curious() || s.budget.allowance() < 2 {
				return nil, 0, nil
			}
			if err := s.discover(ctx, sp, dir, first); err != nil {
				return nil, 0, err
			}
			if sp.more && len(sp.beyond(last)) == 0 { // all of them were on the page
				if err := s.discover(ctx, sp, dir, last); err != nil {
					return nil, 0, err
				}
			}
		}
		switch left := sp.beyond(last); {
		case len(left) > 0:
			most = min(most, int(s.budget.allowance()))
			return sp.names.cuts(dir, sp.between(first, last), left, sp.until, most), 1, nil
		case sp.more: // those that were known are listed
			sp.names = names{level: sp.level}
		default:
			sp.names = names{level: sp.level + 1}
		}
	}
}

// directory returns the directory of a key at a level below the prefix. There
// is none at the level of the key's last name.
func (s *scan) directory(key string, level int) (string, bool) {
	end := len(s.prefix)
	for at := 0; ; at++ {
		slash := strings.IndexByte(key[end:], '/')
		if slash < 0 {
			return "", false
		}
		if at == level {
			return key[:end], true
		}
		end += slash + 1
	}
}

// fewNames reports whether there are never many names in a directory: those of
// digests' algorithms.
func fewNames(dir string) bool {
	return strings.HasSuffix(dir, "/_layers/") || strings.HasSuffix(dir, "/_manifests/revisions/") ||
		strings.HasSuffix(dir, "/index/") || dir == layout.Blobs
}

// discover asks which names are in a directory after the one that a key leads
// through, at one request.
func (s *scan) discover(ctx context.Context, sp *span, dir, key string) error {
	s.budget.spend(1)
	sp.names = names{level: sp.level, known: true}
	start := ""
	if rest, ok := strings.CutPrefix(key, dir); ok {
		name, _, _ := strings.Cut(rest, "/")
		start = dir + name + "/"
	}
	for o, err := range s.reader.List(ctx, dir, storage.ListOptions{Delimiter: true, StartAfter: start}) {
		if err != nil {
			return err
		}
		if sp.until != "" && o.Key >= sp.until {
			break
		}
		sp.keys = append(sp.keys, o.Key)
		if len(sp.keys) == page {
			sp.more = true
			break
		}
	}
	return nil
}
