package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// errSeam says that two listings of the same keys, one of which began in the
// middle, do not agree.
var errSeam = errors.New("the store lists other keys after a given one than before: its listings cannot be relied on; " +
	"if nothing is wrong with it, run again with one worker (--workers 1), which lists everything in one go")

// seam is where one range ends and another begins. What comes after it both
// have seen: the one by going on, the other by beginning there. A store that
// begins at the wrong place, or ends too early, loses keys; here it shows.
type seam struct {
	last  string         // key of the left range
	left  string         // what follows in its listing; empty: nothing
	right storage.Object // with what the right range begins; no key: with nothing
}

func (s *scan) newSeam(cut string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seams == nil {
		s.seams = map[string]*seam{}
	}
	s.seams[cut] = &seam{}
}

func (s *scan) dropSeam(cut string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seams, cut)
}

// meet tells a seam, if there is one at that key, what a range saw of it.
func (s *scan) meet(cut string, tell func(*seam)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.seams[cut]; at != nil {
		tell(at)
	}
}

// skew is by how much a store's clock may differ from ours.
const skew = 15 * time.Minute

// checkSeams compares what the ranges on both sides saw. They may differ by what
// came or went in between, at no request where they do not.
func (s *scan) checkSeams(ctx context.Context) error {
	for cut, at := range s.seams {
		if at.left == at.right.Key {
			continue
		}
		lost := ""
		switch {
		case at.left != "" && (at.right.Key == "" || at.right.Key > at.left):
			there, err := s.listed(ctx, at.left)
			if err != nil {
				return err
			}
			if there {
				lost = at.left // the right range should have begun with it
			}
		case at.right.Key != "" && at.right.ModTime.Before(s.started.Add(-skew)):
			lost = at.right.Key // the left range should have gone on to it
		}
		if lost != "" {
			return &storage.Error{Op: "list", Key: lost, Err: fmt.Errorf("at %q, after %q: %w", cut, at.last, errSeam)}
		}
	}
	return nil
}

// listed reports whether a key is listed when it is asked for by itself.
func (s *scan) listed(ctx context.Context, key string) (bool, error) {
	for o, err := range s.reader.List(ctx, key, storage.ListOptions{}) {
		if err != nil {
			return false, err
		}
		return o.Key == key, nil
	}
	return false, nil
}
