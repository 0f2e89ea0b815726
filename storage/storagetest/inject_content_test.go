package storagetest_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
)

// opened reads the object of 10 bytes, under the fault of an Open.
func opened(t *testing.T, fault storagetest.Fault) (string, error) {
	t.Helper()
	d := memory.New()
	if err := d.Put(t.Context(), "key", []byte("0123456789"), time.Now()); err != nil {
		t.Fatal(err)
	}
	r, err := storagetest.Inject(d, onOp(0, fault)).Open(t.Context(), "key")
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(r)
	if n, again := r.Read(make([]byte, 1)); err != nil && (n != 0 || again != err) {
		t.Errorf("%+v: once more gives %d, %v", fault, n, again)
	}
	return string(content), errors.Join(err, r.Close())
}

func TestStreamBreaksOff(t *testing.T) {
	for _, test := range []struct {
		fault   storagetest.Fault
		content string
		err     error
	}{
		{storagetest.Fault{}, "0123456789", nil},
		{storagetest.Fault{Err: errBroken}, "", errBroken},
		{storagetest.Fault{NotFound: true}, "", storage.ErrNotFound},
		{storagetest.Fault{FailByte: 1}, "", storagetest.ErrInjected},
		{storagetest.Fault{FailByte: 5, Err: errBroken}, "0123", errBroken},
		{storagetest.Fault{FailByte: 10, Err: errBroken}, "012345678", errBroken},
		{storagetest.Fault{FailByte: 11, Err: errBroken}, "0123456789", nil},
		{storagetest.Fault{FailByte: 12, Err: errBroken}, "0123456789", nil},
		{storagetest.Fault{FailKey: 1, Err: errBroken}, "", errBroken},
	} {
		content, err := opened(t, test.fault)
		var named *storage.Error
		if content != test.content || !errors.Is(err, test.err) || errors.Is(err, io.EOF) ||
			err != nil && (!errors.As(err, &named) || named.Key != "key" || named.Op != "get") {
			t.Errorf("%+v: read %q, %v", test.fault, content, err)
		}
	}
}

// TestCrashCountsWrites lets so many changes happen, and then neither a write nor
// a read from a stream that was open.
func TestCrashCountsWrites(t *testing.T) {
	for n, want := range [][]string{{"k0"}, {"k0", "new"}, {"new"}, {"new", "newer"}} {
		d := filled(t, 1)
		f := storagetest.Inject(d, nil)
		r, err := f.Open(t.Context(), "k0")
		if err != nil {
			t.Fatal(err)
		}
		f.CrashAfter(n)
		errs := []error{
			f.Write(t.Context(), "new", nil), f.Delete(t.Context(), "k0"), f.Write(t.Context(), "newer", nil),
		}
		for i, err := range errs {
			if crashed := errors.Is(err, storagetest.ErrCrashed); crashed != (i >= n) || !crashed && err != nil {
				t.Errorf("crash after %d: change %d gives %v", n, i, err)
			}
		}
		if !slices.Equal(d.Keys(), want) || f.Deletions() != n {
			t.Errorf("crash after %d: %q is there, %d are counted", n, d.Keys(), f.Deletions())
		}
		if _, err := io.ReadAll(r); !errors.Is(err, storagetest.ErrCrashed) {
			t.Errorf("crash after %d: the stream gives %v", n, err)
		}
	}
}

// bare has no powers.
type bare struct{ storage.Driver }

func TestOpenAndWriteWithoutThePower(t *testing.T) {
	d := bare{filled(t, 1)}
	for name, d := range map[string]storage.Driver{"bare": d, "wrapped": storagetest.Inject(d, nil)} {
		_, err := storage.Open(t.Context(), d, "k0")
		for _, err := range []error{err, storage.Write(t.Context(), d, "k0", nil)} {
			var named *storage.Error
			if !errors.Is(err, errors.ErrUnsupported) || !errors.As(err, &named) || named.Key != "k0" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
