package oss

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/google/go-cmp/cmp"
)

// A link is written once, whatever comes between, as the configuration of the
// registry has it.
func TestWrite(t *testing.T) {
	for name, c := range map[string]struct {
		encrypt bool
		keyID   string
		want    map[string]string
	}{
		"plain":             {false, "", map[string]string{}},
		"encrypted":         {true, "", map[string]string{"X-Oss-Server-Side-Encryption": "AES256"}},
		"with a key":        {true, "k-1", map[string]string{"X-Oss-Server-Side-Encryption": "KMS", "X-Oss-Server-Side-Encryption-Key-Id": "k-1"}},
		"a key for nothing": {false, "k-1", map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := osstest.Start(t, osstest.Config{})
			config := of(s)
			config.Root, config.Encrypt, config.EncryptionKeyID = "reg", c.encrypt, c.keyID
			got := map[string]string{}
			s.SetFault(func(op osstest.Op, r *http.Request) osstest.Fault {
				if op != osstest.PutObject {
					t.Errorf("asked for %s", op)
				}
				for _, name := range []string{"X-Oss-Server-Side-Encryption", "X-Oss-Server-Side-Encryption-Key-Id", "X-Oss-Object-Acl"} {
					if value := r.Header.Get(name); value != "" {
						got[name] = value
					}
				}
				if kind := r.Header.Get("Content-Type"); kind != "application/octet-stream" {
					t.Errorf("it is sent as %q", kind)
				}
				return osstest.Fault{}
			})
			if err := open(t, config).Write(t.Context(), "a/link", []byte("sha256:1")); err != nil {
				t.Fatal(err)
			}
			if content, err := s.Content(t.Context(), "reg/a/link"); string(content) != "sha256:1" || err != nil {
				t.Errorf("there is %q, %v", content, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What passes is repeated, with the whole content.
func TestWriteAgain(t *testing.T) {
	for name, f := range map[string]osstest.Fault{
		"500": failure(500, "InternalError"), "throttled": osstest.Throttled(), "reset": {Reset: true}, "slow": {Delay: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := start(t)
			d.Timeout = 300 * time.Millisecond
			s.SetFault(once(f))
			if err := d.Write(t.Context(), "key", []byte("new")); err != nil {
				t.Fatal(err)
			}
			if content, err := s.Content(t.Context(), "key"); string(content) != "new" || err != nil {
				t.Errorf("there is %q, %v", content, err)
			}
			if n := d.Requests(); n != (storage.Requests{Write: 2}) || s.Total() != 2 {
				t.Errorf("counted %+v of %d", n, s.Total())
			}
		})
	}
	s, d := start(t)
	s.SetFault(always(osstest.AccessDenied()))
	err := d.Write(t.Context(), "key", []byte("new"))
	wantSays(t, err, "write key", `bucket "registry"`, "oss:PutObject")
	if content, _ := s.Content(t.Context(), "key"); !errors.Is(err, fs.ErrPermission) || string(content) != "content of key" {
		t.Errorf("%v, there is %q", err, content)
	}
}

// An answer that is not a store's passes for nothing, whatever its status.
func TestWriteToNobody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := io.WriteString(w, "<html>welcome</html>"); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	d := open(t, Config{Bucket: "registry", Region: "r", Endpoint: server.URL, AccessKeyID: "a", AccessKeySecret: "b"})
	wantClass(t, d.Write(t.Context(), "key", []byte("new")), objectstore.Transient, "given up after 3 attempts")
}

// A stream is opened again as long as nothing came, and then breaks off.
func TestOpen(t *testing.T) {
	read := func(d *Driver) (string, error) {
		r, err := d.Open(t.Context(), "key")
		if err != nil {
			return "", err
		}
		content, err := io.ReadAll(r)
		return string(content), errors.Join(err, r.Close())
	}
	for name, c := range map[string]struct {
		fault    osstest.Fault
		says     string
		requests int64
	}{
		"500":           {failure(500, "InternalError"), "", 2},
		"reset":         {osstest.Fault{Reset: true}, "", 2},
		"slow":          {osstest.Fault{Delay: time.Minute}, "", 2},
		"cut":           {osstest.Fault{Cut: true}, "the body broke off: unexpected EOF", 1},
		"other content": {osstest.Fault{Body: []byte("0123456789abcd")}, "the checksum is not that of the object", 1},
		"less content":  {osstest.Fault{Body: []byte("content")}, "the checksum is not that of the object", 1},
		"no content":    {osstest.Fault{Body: []byte{}}, "the checksum is not that of the object", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := start(t)
			d.Timeout = 300 * time.Millisecond
			s.SetFault(once(c.fault))
			content, err := read(d)
			if c.says != "" {
				wantSays(t, err, c.says, "get key", `bucket "registry"`)
				if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
					t.Errorf("%v passes for another", err)
				}
			} else if content != "content of key" || err != nil {
				t.Errorf("%q, %v", content, err)
			}
			if n := d.Requests(); n != (storage.Requests{Get: c.requests}) || s.Total() != int(c.requests) {
				t.Errorf("counted %+v of %d", n, s.Total())
			}
		})
	}
}
