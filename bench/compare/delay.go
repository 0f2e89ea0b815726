package compare

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// files is the driver of a filesystem, with all its powers.
type files interface {
	storage.Driver
	storage.Tree
	storage.DirRemover
	storage.MultiStater
	storage.LinkProber
	storage.Requester
}

// slow adds a delay to each operation on a filesystem, as one on another machine
// would. It has the powers that it names, and no other: one that it does not
// know must not pass by the delay.
type slow struct {
	files files
	delay time.Duration
}

var _ files = slow{}

func delayed(d storage.Driver, delay time.Duration) (storage.Driver, error) {
	f, ok := d.(files)
	if !ok {
		return nil, fmt.Errorf("%T has not the powers of a filesystem", d)
	}
	return slow{f, delay}, nil
}

// wait waits for as long as so many operations take, one after the other.
func (s slow) wait(ctx context.Context, operations int) error {
	timer := time.NewTimer(s.delay * time.Duration(operations))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// List waits for each object, which has to be described.
func (s slow) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		for object, err := range s.files.List(ctx, prefix, opts) {
			if err == nil {
				err = s.wait(ctx, 1)
			}
			if !yield(object, err) || err != nil {
				return
			}
		}
	}
}

func (s slow) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	if err := s.wait(ctx, 1); err != nil {
		return nil, err
	}
	return s.files.Get(ctx, key, limit)
}

func (s slow) Stat(ctx context.Context, key string) (storage.Object, error) {
	if err := s.wait(ctx, 1); err != nil {
		return storage.Object{}, err
	}
	return s.files.Stat(ctx, key)
}

func (s slow) Hierarchical() bool { return s.files.Hierarchical() }

func (s slow) ReadDir(ctx context.Context, prefix string) ([]storage.Entry, error) {
	if err := s.wait(ctx, 1); err != nil {
		return nil, err
	}
	return s.files.ReadDir(ctx, prefix)
}

func (s slow) StatEach(ctx context.Context, prefix string, names []string, file string) ([]storage.Described, error) {
	if err := s.wait(ctx, len(names)); err != nil {
		return nil, err
	}
	return s.files.StatEach(ctx, prefix, names, file)
}

func (s slow) LeadsOut(ctx context.Context, key, prefix, name string) (bool, error) {
	if err := s.wait(ctx, 1); err != nil {
		return false, err
	}
	return s.files.LeadsOut(ctx, key, prefix, name)
}

func (s slow) Requests() storage.Requests { return s.files.Requests() }

func (s slow) Delete(ctx context.Context, keys ...string) error {
	if err := s.wait(ctx, len(keys)); err != nil {
		return err
	}
	return s.files.Delete(ctx, keys...)
}

func (s slow) RemoveDir(ctx context.Context, prefix string) error {
	if err := s.wait(ctx, 1); err != nil {
		return err
	}
	return s.files.RemoveDir(ctx, prefix)
}
