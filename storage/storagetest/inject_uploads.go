package storagetest

import (
	"context"
	"errors"
	"iter"

	"github.com/blobsweep/blobsweep/storage"
)

// What only object stores have. On a driver without the power, each of these
// fails with [errors.ErrUnsupported].

// ListMultipartUploads implements [storage.MultipartLister].
func (f *Faulty) ListMultipartUploads(ctx context.Context, prefix string) iter.Seq2[storage.MultipartUpload, error] {
	lister, ok := f.driver.(storage.MultipartLister)
	if !ok {
		return pages(ctx, f, "uploads", prefix, func(yield func(storage.MultipartUpload, error) bool) {
			yield(storage.MultipartUpload{}, failure("uploads", prefix, errors.ErrUnsupported))
		})
	}
	return pages(ctx, f, "uploads", prefix, lister.ListMultipartUploads(ctx, prefix))
}

// MultipartParts implements [storage.MultipartLister], as an operation of kind
// "parts".
func (f *Faulty) MultipartParts(ctx context.Context, u storage.MultipartUpload) (storage.MultipartParts, error) {
	if _, err := f.begin("parts", u.Key); err != nil {
		return storage.MultipartParts{}, err
	}
	lister, ok := f.driver.(storage.MultipartLister)
	if !ok {
		return storage.MultipartParts{}, failure("parts", u.Key, errors.ErrUnsupported)
	}
	return lister.MultipartParts(ctx, u)
}

// AbortMultipartUpload implements [storage.MultipartAborter], as an operation
// of kind "abort" and one deletion.
func (f *Faulty) AbortMultipartUpload(ctx context.Context, u storage.MultipartUpload) error {
	if _, err := f.begin("abort", u.Key); err != nil {
		return err
	}
	aborter, ok := f.driver.(storage.MultipartAborter)
	if !ok {
		return failure("abort", u.Key, errors.ErrUnsupported)
	}
	return f.change(u.Key, "abort", 1, func(n int) error {
		if n == 0 {
			return nil
		}
		return aborter.AbortMultipartUpload(ctx, u)
	})
}

// KeepsVersions implements [storage.VersionKeeper], as an operation of kind
// "versioning".
func (f *Faulty) KeepsVersions(ctx context.Context) (bool, error) {
	if _, err := f.begin("versioning", ""); err != nil {
		return false, err
	}
	keeper, ok := f.driver.(storage.VersionKeeper)
	if !ok {
		return false, failure("versioning", "", errors.ErrUnsupported)
	}
	return keeper.KeepsVersions(ctx)
}

// Concurrency implements [storage.Concurrent]: that of the driver below, or
// zero.
func (f *Faulty) Concurrency() int {
	if c, ok := f.driver.(storage.Concurrent); ok {
		return c.Concurrency()
	}
	return 0
}
