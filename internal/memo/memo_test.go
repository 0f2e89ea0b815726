package memo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/internal/memo"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/opencontainers/go-digest"
)

// deleting gives a wrapped reader back the power that the suite of drivers
// wants.
type deleting struct {
	*memo.Reader
	driver storage.Driver
}

func (d deleting) Delete(ctx context.Context, keys ...string) error {
	return d.driver.Delete(ctx, keys...)
}

func TestForwards(t *testing.T) {
	storagetest.TestDriver(t, func(*testing.T) storagetest.Harness {
		d := memory.New()
		return storagetest.Harness{Driver: deleting{memo.Wrap(d, 1<<20), d}, Put: d.Put, KeepsTimes: true}
	})
}

// TestPowers holds that a power which the contract comes to have is not
// forgotten here.
func TestPowers(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../storage/storage.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]bool{"Write": true, "Delete": true, "RemoveDir": true, "AbortMultipartUpload": true}
	reader, seen := reflect.TypeFor[*memo.Reader](), 0
	ast.Inspect(file, func(n ast.Node) bool {
		of, ok := n.(*ast.InterfaceType)
		if !ok {
			return true
		}
		for _, method := range of.Methods.List {
			for _, name := range method.Names {
				seen++
				if _, has := reader.MethodByName(name.Name); has == changes[name.Name] {
					t.Errorf("%s: there is one: %v", name.Name, has)
				}
			}
		}
		return true
	})
	if seen < 15 {
		t.Errorf("only %d methods were found", seen)
	}
}

func TestDirectories(t *testing.T) {
	d, err := filesystem.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := memo.Wrap(d, 1<<20)
	if _, ok := storage.AsTree(r); !ok {
		t.Error("the power to read directories was not forwarded")
	}
	if _, err := r.ReadDir(t.Context(), ""); err != nil {
		t.Error(err)
	}
	if _, err := r.LeadsOut(t.Context(), "absent", "", ""); errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if r.Concurrency() != 0 {
		t.Error("a number of requests that nobody told")
	}
}

// flat is a reader without any power.
type flat struct{ storage.Reader }

func TestClaimsNothing(t *testing.T) {
	ctx, r := t.Context(), memo.Wrap(flat{memory.New()}, 1<<20)
	_, tree := storage.AsTree(r)
	_, dirErr := r.ReadDir(ctx, "a/")
	_, linkErr := r.LeadsOut(ctx, "a", "", "")
	_, partsErr := r.MultipartParts(ctx, storage.MultipartUpload{Key: "a"})
	_, versionsErr := r.KeepsVersions(ctx)
	_, openErr := r.Open(ctx, "a")
	var listErr error
	for _, err := range r.ListMultipartUploads(ctx, "") {
		listErr = err
	}
	for i, err := range []error{dirErr, linkErr, partsErr, versionsErr, openErr, listErr} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%d: got %v", i, err)
		}
	}
	if tree || r.Requests() != (storage.Requests{}) {
		t.Error("claims what it has not")
	}
}

// registry is a backend with two blobs and a link.
func registry(t *testing.T) (*memory.Driver, []string) {
	t.Helper()
	d := memory.New()
	keys := []string{layout.BlobKey(digest.FromString("1")), layout.BlobKey(digest.FromString("2")), layout.Repository("app") + "_manifests/tags/v1/current/link"}
	for _, key := range keys {
		if err := d.Put(t.Context(), key, []byte("of "+key), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return d, keys
}

func get(t *testing.T, r *memo.Reader, key string, scratch []byte) {
	t.Helper()
	content, err := r.GetInto(t.Context(), key, 1000, scratch)
	if err != nil || string(content) != "of "+key {
		t.Errorf("%s: %q, %v", key, content, err)
	}
	clear(content) // what a caller does with it is no matter of ours
}

func TestBlobsAreReadOnce(t *testing.T) {
	d, keys := registry(t)
	r := memo.Wrap(d, 1<<20)
	for range 3 {
		for _, key := range keys {
			get(t, r, key, nil)
			get(t, r, key, make([]byte, 500))
			get(t, r, key, make([]byte, 5))
		}
	}
	if got := r.Requests().Get; got != 2+9 { // each blob once, the link each time
		t.Errorf("%d reads", got)
	}
	if _, err := r.Get(t.Context(), keys[0], 10); !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("beyond the limit: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Get(ended, keys[0], 1000); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestErrorsAreNotRemembered(t *testing.T) {
	d, keys := registry(t)
	fail := true
	r := memo.Wrap(storagetest.Inject(d, func(storagetest.Op) storagetest.Fault {
		return storagetest.Fault{NotFound: fail}
	}), 1<<20)
	if _, err := r.Get(t.Context(), keys[0], 1000); !errors.Is(err, storage.ErrNotFound) {
		t.Error(err)
	}
	fail = false
	get(t, r, keys[0], nil)
	if _, err := r.Get(t.Context(), keys[1], 10); !errors.Is(err, storage.ErrTooLarge) {
		t.Error(err)
	}
	get(t, r, keys[1], nil)
}

func TestLimit(t *testing.T) {
	d, keys := registry(t)
	r := memo.Wrap(d, 600) // room for one
	for range 3 {
		get(t, r, keys[0], nil)
		get(t, r, keys[1], nil)
	}
	if got := r.Requests().Get; got != 1+3 {
		t.Errorf("%d reads", got)
	}
}

func TestConcurrentReaders(t *testing.T) {
	d := memory.New()
	var keys []string
	for i := range 50 {
		content := fmt.Append(nil, i)
		keys = append(keys, layout.BlobKey(digest.FromBytes(content)))
		if err := d.Put(t.Context(), keys[i], content, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	r := memo.Wrap(d, 1<<20)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, key := range keys {
				if content, err := r.Get(t.Context(), key, 10); err != nil || !bytes.Equal(content, fmt.Append(nil, i)) {
					t.Errorf("%s: %q, %v", key, content, err)
				}
			}
		})
	}
	wg.Wait()
}
