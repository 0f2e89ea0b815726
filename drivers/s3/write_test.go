package s3

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/google/go-cmp/cmp"
)

// etag is the answer to a write.
func etag() answer { return answer{status: 200, header: map[string]string{"Etag": `"1"`}} }

// A link is written as the configuration of the registry has it, and what is the
// default of every store is not said.
func TestWrite(t *testing.T) {
	const encryption, key, class, acl = "X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id",
		"X-Amz-Storage-Class", "X-Amz-Acl"
	for _, c := range []struct {
		name string
		give Config
		want map[string]string
	}{
		{"plain", Config{}, map[string]string{}},
		{"defaults", Config{StorageClass: "STANDARD", ObjectACL: "private", KeyID: "k"}, map[string]string{}},
		{"no class", Config{StorageClass: "none"}, map[string]string{}},
		{"encrypted", Config{Encrypt: true}, map[string]string{encryption: "AES256"}},
		{"with a key", Config{Encrypt: true, KeyID: "k"}, map[string]string{encryption: "aws:kms", key: "k"}},
		{"class and access", Config{StorageClass: "standard_ia", ObjectACL: "bucket-owner-full-control"},
			map[string]string{class: "STANDARD_IA", acl: "bucket-owner-full-control"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, asked, content := map[string]string{}, "", ""
			d := serve(t, func(w http.ResponseWriter, r *http.Request) {
				for _, name := range []string{encryption, key, class, acl} {
					if value := r.Header.Get(name); value != "" {
						got[name] = value
					}
				}
				body, err := io.ReadAll(r.Body)
				if err != nil || r.Header.Get("Content-Type") != "application/octet-stream" || r.ContentLength != int64(len(body)) {
					t.Errorf("%v, sent as %v", err, r.Header)
				}
				asked, content = r.Method+" "+r.RequestURI, string(body)
				etag().write(w)
			})
			d.API.(*bucket).writing = c.give.writing()
			d.Root = "reg/"
			if err := d.Write(t.Context(), "a +b/link", []byte("sha256:1")); err != nil {
				t.Fatal(err)
			}
			if asked != "PUT /bucket/reg/a%20%2Bb/link?x-id=PutObject" || content != "sha256:1" {
				t.Errorf("%s of %q", asked, content)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What passes is repeated with the whole content, and an answer that is not a
// store's passes for nothing.
func TestWriteAgain(t *testing.T) {
	var requests atomic.Int64
	d := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); string(body) != "new" || err != nil {
			t.Errorf("sent %q, %v", body, err)
		}
		switch requests.Add(1) {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			ok("<html>welcome</html>").write(w)
		default:
			etag().write(w)
		}
	})
	if err := d.Write(t.Context(), "key", []byte("new")); err != nil || d.Requests() != (storage.Requests{Write: 3}) {
		t.Errorf("%v after %+v", err, d.Requests())
	}
	d, _ = scripted(t, ok("<html>welcome</html>"))
	wantClass(t, d.Write(t.Context(), "key", nil), objectstore.Transient, "does not say that the object was written")
	d, _ = scripted(t, failure(404, "NoSuchKey"))
	if err := d.Write(t.Context(), "key", nil); err == nil || errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a write of what is not there: %v", err)
	}
	d, _ = scripted(t, failure(403, "AccessDenied"))
	err := d.Write(t.Context(), "key", nil)
	wantSays(t, err, "write key", "s3:PutObject")
	if !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

// A stream is opened again as long as nothing came, and then breaks off.
func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		first    http.HandlerFunc
		says     string
		requests int64
	}{
		"500":   {func(w http.ResponseWriter, _ *http.Request) { failure(500, "InternalError").write(w) }, "", 2},
		"reset": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", 2},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			if _, err := io.WriteString(w, "short"); err != nil {
				t.Error(err)
			}
		}, "the body broke off: unexpected EOF", 1},
	} {
		var requests atomic.Int64
		d := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if requests.Add(1) == 1 {
				c.first(w, r)
				return
			}
			ok("ten bytes.").write(w)
		})
		r, err := d.Open(t.Context(), "key")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		content, err := io.ReadAll(r)
		if c.says != "" {
			wantSays(t, err, c.says, "get key", `bucket "bucket"`)
			if errors.Is(err, io.EOF) || string(content) != "short" {
				t.Errorf("%s: %q, %v", name, content, err)
			}
		} else if string(content) != "ten bytes." || err != nil {
			t.Errorf("%s: %q, %v", name, content, err)
		}
		if err := r.Close(); err != nil || d.Requests() != (storage.Requests{Get: c.requests}) {
			t.Errorf("%s: %v, counted %+v", name, err, d.Requests())
		}
	}
}

// A stream without an end is closed early, or ends with its context; the
// server's request ends either way.
func TestOpenEndless(t *testing.T) {
	ended := make(chan struct{}, 1)
	d := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- struct{}{} }()
		w.Header().Set("Content-Length", "1000000000000")
		for _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err == nil; {
			_, err = io.WriteString(w, strings.Repeat("x", 1<<16))
		}
	})
	for _, cancels := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := d.Open(ctx, "key")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 1000)); err != nil {
			t.Error(err)
		}
		if cancels {
			cancel()
			if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		<-ended
		cancel()
	}
}
