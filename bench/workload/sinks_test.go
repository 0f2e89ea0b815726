package workload

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/google/go-cmp/cmp"
)

// file is what is known of an object below a directory.
type file struct {
	content string
	modTime time.Time
}

// tree reads a directory.
func tree(t *testing.T, root string) map[string]file {
	t.Helper()
	files := map[string]file{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(name)
		key, relErr := filepath.Rel(root, name)
		files[filepath.ToSlash(key)] = file{string(content), info.ModTime().UTC()}
		return errors.Join(err, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// objects are those of a workload.
func objects(w *Workload) map[string]file {
	files := map[string]file{}
	for o := range w.Objects() {
		files[o.Key] = file{string(o.Content), o.ModTime}
	}
	return files
}

var compareFiles = cmp.AllowUnexported(file{})

func TestDirAndRestore(t *testing.T) {
	w := plan(t, Spec{Shape: "typical", Blobs: 700})
	root := filepath.Join(t.TempDir(), "not", "there", "yet")
	if n, err := Lay(t.Context(), w, Dir(root)); err != nil || n != w.Counts().Objects {
		t.Fatalf("%d objects, %v", n, err)
	}
	want := objects(w)
	if diff := cmp.Diff(want, tree(t, root), compareFiles); diff != "" {
		t.Fatalf("what lies there is not the registry:\n%s", diff)
	}
	if _, err := Lay(t.Context(), w, Dir(root)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("it is laid out over itself: %v", err)
	}
	for _, m := range []Mode{Default, DeleteUntagged} {
		d, err := filesystem.New(root)
		if err != nil {
			t.Fatal(err)
		}
		report, err := blobsweep.Collect(t.Context(), d, blobsweep.Options{Offline: true, DeleteUntagged: m == DeleteUntagged})
		if err := errors.Join(err, d.Close()); err != nil {
			t.Fatal(err)
		}
		lost := len(want) - len(tree(t, root))
		if report.Blobs.Removed == 0 || lost == 0 {
			t.Fatalf("%v removed nothing", m)
		}
		if n, err := Restore(t.Context(), w, root, m); err != nil || n != lost {
			t.Errorf("%v: %d objects of %d were restored: %v", m, n, lost, err)
		}
		if diff := cmp.Diff(want, tree(t, root), compareFiles); diff != "" {
			t.Errorf("%v: what was restored is not the registry:\n%s", m, diff)
		}
	}
	if n, err := Restore(t.Context(), w, root); err != nil || n != 0 {
		t.Errorf("%d objects were restored that are there: %v", n, err)
	}
}

// A sink that fails ends the work.
type failing struct {
	Sink
	after int
	err   error
}

func (f *failing) Put(ctx context.Context, o Object) error {
	if f.after--; f.after < 0 {
		return f.err
	}
	return nil
}

func TestLayStops(t *testing.T) {
	w := plan(t, Spec{Shape: "typical", Blobs: 700})
	broken := errors.New("the disk is full")
	if n, err := Lay(t.Context(), w, &failing{after: 50, err: broken}); n != 50 || !errors.Is(err, broken) {
		t.Errorf("%d objects, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := Lay(ctx, w, Dir(t.TempDir())); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d objects, %v", n, err)
	}
}

// bucketServer records what is put.
type bucketServer struct {
	mu      sync.Mutex
	content map[string]string
}

// ServeHTTP implements http.Handler.
func (s *bucketServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPut || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content[r.URL.Path] = string(content)
}

func TestS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	store := &bucketServer{content: map[string]string{}}
	server := httptest.NewServer(store)
	defer server.Close()
	sink, err := OpenSink(t.Context(), "s3://images/some/root?region=eu-west-1&path-style=true&endpoint="+server.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := plan(t, Spec{Shape: "typical", Blobs: 500})
	if _, err := Lay(t.Context(), w, sink); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for key, f := range objects(w) {
		want["/images/some/root/"+key] = f.content
	}
	if !maps.Equal(want, store.content) {
		t.Errorf("%d objects arrived, not the %d of the registry", len(store.content), len(want))
	}
}

func TestOSS(t *testing.T) {
	t.Setenv("OSS_ACCESS_KEY_ID", osstest.AccessKeyID)
	t.Setenv("OSS_ACCESS_KEY_SECRET", osstest.AccessKeySecret)
	server := osstest.Start(t, osstest.Config{})
	sink, err := OpenSink(t.Context(), "oss://"+osstest.Bucket+"/root?region="+osstest.Region+"&endpoint="+server.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := plan(t, Spec{Shape: "typical", Blobs: 500})
	if _, err := Lay(t.Context(), w, sink); err != nil {
		t.Fatal(err)
	}
	want := objects(w)
	if got := len(server.Keys()); got != len(want) {
		t.Errorf("%d objects arrived, not %d", got, len(want))
	}
	for key, f := range want {
		content, err := server.Content(t.Context(), "root/"+key)
		if err != nil || string(content) != f.content {
			t.Fatalf("%s holds %q: %v", key, content, err)
		}
	}
}

func TestOpenSink(t *testing.T) {
	for target, want := range map[string]string{
		"":                          "nothing is named",
		"gs://bucket":               "gs://",
		"s3://":                     "bucket",
		"s3://u:secret@bucket":      "no credentials",
		"oss://bucket":              "region",
		"file://elsewhere/registry": "three slashes",
		"s3://%zz:secret@":          "can be read",
	} {
		if _, err := OpenSink(t.Context(), target); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%q: %v; want %s", target, err, want)
		}
	}
	for _, target := range []string{"some/directory", "file:///some/directory"} {
		if sink, err := OpenSink(t.Context(), target); err != nil || sink != Dir(strings.TrimPrefix(target, "file://")) {
			t.Errorf("%q: %v, %v", target, sink, err)
		}
	}
}
