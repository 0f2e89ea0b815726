package s3

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
)

// get, list and the others are single requests.
func get(d *Driver) error {
	body, _, err := d.API.Get(context.Background(), "key")
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, body)
	return errors.Join(err, body.Close())
}

func list(d *Driver) error {
	_, err := d.API.List(context.Background(), objectstore.ListQuery{Prefix: "prefix/"})
	return err
}

func write(d *Driver) error {
	return d.API.Put(context.Background(), "key", []byte("content"))
}

func stat(d *Driver) error {
	_, err := d.API.Stat(context.Background(), "key")
	return err
}

func remove(d *Driver) error {
	_, err := d.API.Delete(context.Background(), []string{"key"})
	return err
}

func uploads(d *Driver) error {
	_, err := d.API.ListUploads(context.Background(), objectstore.UploadsQuery{})
	return err
}

func parts(d *Driver) error {
	_, err := d.API.ListParts(context.Background(), storage.MultipartUpload{Key: "key", ID: "id"}, "")
	return err
}

func abort(d *Driver) error {
	return d.API.Abort(context.Background(), storage.MultipartUpload{Key: "key", ID: "id"})
}

func versioning(d *Driver) error {
	_, err := d.API.Versioned(context.Background())
	return err
}

type call = func(*Driver) error

var calls = map[string]call{
	"get": get, "write": write, "list": list, "stat": stat, "delete": remove,
	"uploads": uploads, "parts": parts, "abort": abort, "versioning": versioning,
}

// Whatever is asked, these answers mean the same.
func TestFaultsOfEveryCall(t *testing.T) {
	region := map[string]string{"X-Amz-Bucket-Region": "eu-north-1"}
	for _, c := range []struct {
		name  string
		give  answer
		class objectstore.Class
		says  []string // but for HEAD, whose answers have no body
	}{
		{"denied", failure(403, "AccessDenied"), objectstore.Denied, []string{"AccessDenied", "the reason", "403", "request-1"}},
		{"unknown key", failure(403, "InvalidAccessKeyId"), objectstore.Denied, []string{"check the access key"}},
		{"wrong secret", failure(403, "SignatureDoesNotMatch"), objectstore.Denied, []string{"check the secret key"}},
		{"wrong clock", failure(403, "RequestTimeTooSkewed"), objectstore.Denied, []string{"check the clock"}},
		{"a proxy's refusal", answer{status: 403, body: "<html><body>no</body></html>"}, objectstore.Denied, []string{"403"}},
		{"unauthorized", answer{status: 401}, objectstore.Denied, []string{"401"}},
		{"slow down", failure(503, "SlowDown"), objectstore.Throttled, []string{"SlowDown"}},
		{"unavailable", answer{status: 503}, objectstore.Throttled, nil},
		{"too many", answer{status: 429, body: "calm down"}, objectstore.Throttled, nil},
		{"internal", failure(500, "InternalError"), objectstore.Transient, []string{"InternalError"}},
		{"bare 500", answer{status: 500}, objectstore.Transient, nil},
		{"gateway", answer{status: 502, body: "<html>"}, objectstore.Transient, []string{"502"}},
		{"gateway timeout", answer{status: 504}, objectstore.Transient, nil},
		{"not implemented", failure(501, "NotImplemented"), objectstore.Unsupported, nil},
		{"method", failure(405, "MethodNotAllowed"), objectstore.Unsupported, nil},
		{"redirect", answer{status: 301, body: xmlError("PermanentRedirect", "elsewhere"), header: region},
			objectstore.Failed, []string{`set region to "eu-north-1"`}},
		{"bad request", failure(400, "Whatever"), objectstore.Rejected, nil},
		{"conflict", failure(409, "BucketNotEmpty"), objectstore.Rejected, nil},
	} {
		for name, call := range calls {
			if name == "delete" && c.class == objectstore.Unsupported {
				continue // there it is tried once with another checksum
			}
			t.Run(c.name+"/"+name, func(t *testing.T) {
				d, _ := scripted(t, c.give)
				says := c.says
				if name == "stat" && c.class != objectstore.Failed {
					says = nil
				}
				wantClass(t, call(d), c.class, says...)
			})
		}
	}
}

// These codes come with a status that does not tell.
func TestFaultsByCode(t *testing.T) {
	for _, c := range []struct {
		name  string
		give  answer
		class objectstore.Class
		says  []string
	}{
		{"expired token", failure(400, "ExpiredToken"), objectstore.Denied, []string{"renew the session token"}},
		{"invalid token", failure(400, "InvalidToken"), objectstore.Denied, nil},
		{"throttling", failure(400, "ThrottlingException"), objectstore.Throttled, nil},
		{"limit", failure(400, "RequestLimitExceeded"), objectstore.Throttled, nil},
		{"minio", failure(400, "SlowDownRead"), objectstore.Throttled, nil},
		{"request timeout", failure(400, "RequestTimeout"), objectstore.Transient, nil},
		{"digest", failure(400, "BadDigest"), objectstore.Transient, nil},
		{"hash", failure(400, "XAmzContentSHA256Mismatch"), objectstore.Transient, nil},
		{"aborted", failure(409, "OperationAborted"), objectstore.Transient, nil},
		{"no such bucket", failure(404, "NoSuchBucket"), objectstore.Failed, []string{"NoSuchBucket", "check the bucket"}},
		{"region in the message", answer{status: 400, body: xmlError("AuthorizationHeaderMalformed", "expecting 'x'")},
			objectstore.Failed, []string{"expecting 'x'", "set region"}},
		{"region", answer{400, xmlError("IllegalLocationConstraintException", "x"), map[string]string{"X-Amz-Bucket-Region": "r-1"}},
			objectstore.Failed, []string{`set region to "r-1"`}},
		{"archived", failure(403, "InvalidObjectState"), objectstore.Failed, []string{"restore"}},
		{"secrets", answer{status: 400, body: xmlError("Whatever", "you sent "+accessKey+" "+secretKey+" "+sessionToken)},
			objectstore.Rejected, []string{"you sent … … …"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := scripted(t, c.give)
			wantClass(t, get(d), c.class, c.says...)
			wantClass(t, list(d), c.class, c.says...)
		})
	}
}

// Only the code that is about what was asked for means that it is absent.
func TestAbsence(t *testing.T) {
	for _, c := range []struct {
		name string
		call call
		give answer
		want objectstore.Class
	}{
		{"no such key", get, failure(404, "NoSuchKey"), objectstore.Absent},
		{"no such bucket", get, failure(404, "NoSuchBucket"), objectstore.Failed},
		{"no code", get, answer{status: 404}, objectstore.Transient},
		{"unknown code", get, failure(404, "NotFound"), objectstore.Transient},
		{"a proxy's page", get, answer{status: 404, body: "<html><body>404 page not found"}, objectstore.Transient},
		{"broken XML", get, answer{status: 404, body: "<Error><Code>NoSuchKey"}, objectstore.Transient},
		{"another status", get, failure(500, "NoSuchKey"), objectstore.Transient},
		{"no such upload, of a key", get, failure(404, "NoSuchUpload"), objectstore.Transient},
		{"no such key, of a listing", list, failure(404, "NoSuchKey"), objectstore.Transient},
		{"no such key, of a batch", remove, failure(404, "NoSuchKey"), objectstore.Transient},
		{"no such key, of uploads", uploads, failure(404, "NoSuchKey"), objectstore.Transient},
		{"no such upload", parts, failure(404, "NoSuchUpload"), objectstore.Absent},
		{"no such upload", abort, failure(404, "NoSuchUpload"), objectstore.Absent},
		{"no such key, of an upload", abort, failure(404, "NoSuchKey"), objectstore.Transient},
		{"no code, of an upload", parts, answer{status: 404}, objectstore.Transient},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := scripted(t, c.give)
			err := c.call(d)
			wantClass(t, err, c.want)
			if errors.Is(err, storage.ErrNotFound) != (c.want == objectstore.Absent) {
				t.Errorf("not found or not: %v", err)
			}
		})
	}
}

// A successful status with something else in the body proves nothing.
func TestAnswersThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "HTML": "<html><body>welcome</body></html>", "an error": xmlError("InternalError", "sorry"),
		"text": "welcome", "another document": "<ListBucketResult></ListBucketResult>", "XML that breaks off": "<ListBucketRes",
	} {
		for _, call := range []string{"list", "uploads", "parts"} {
			t.Run(name+"/"+call, func(t *testing.T) {
				d, _ := scripted(t, ok(body))
				wantClass(t, calls[call](d), objectstore.Transient)
			})
		}
	}
	whole := listing(true, "<Contents><Key>a</Key><Size>1</Size></Contents>"+
		"<NextContinuationToken>t</NextContinuationToken>").body
	for cut := range len(whole) {
		d, _ := scripted(t, ok(whole[:cut]))
		if err := list(d); err == nil {
			t.Fatalf("a listing that breaks off passes: %s", whole[:cut])
		}
	}
}

func TestNetworkFaults(t *testing.T) {
	t.Run("reset", func(t *testing.T) {
		d := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		for _, call := range calls {
			wantClass(t, call(d), objectstore.Transient)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		wantClass(t, list(open(t, at("http://"+listener.Addr().String()))), objectstore.Transient, "connection refused")
	})
	t.Run("http, not https", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		d := open(t, at(strings.Replace(server.URL, "http:", "https:", 1)))
		wantClass(t, list(d), objectstore.Failed, "speaks http, not https")
	})
	t.Run("certificate", func(t *testing.T) {
		server := httptest.NewTLSServer(&script{answers: []answer{listing(false, "")}})
		defer server.Close()
		c := at(server.URL)
		wantClass(t, list(open(t, c)), objectstore.Failed, "certificate")
		c.SkipVerify = true
		if err := list(open(t, c)); err != nil {
			t.Error(err)
		}
	})
	t.Run("body cut short", func(t *testing.T) {
		var requests atomic.Int64
		d := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			content := "ten bytes."
			if requests.Add(1) == 1 {
				content = "short" // and the server closes the connection
			}
			if _, err := io.WriteString(w, content); err != nil {
				t.Error(err)
			}
		})
		content, err := d.Get(t.Context(), "key", 100)
		if err != nil || string(content) != "ten bytes." || requests.Load() != 2 {
			t.Errorf("%q, %v after %d requests", content, err, requests.Load())
		}
	})
}

// The driver repeats, the SDK does not: every request is counted.
func TestEveryAttemptIsCounted(t *testing.T) {
	d, s := scripted(t, failure(500, "InternalError"))
	_, err := d.Get(t.Context(), "key", 100)
	wantClass(t, err, objectstore.Transient, "given up after 3 attempts")
	for _, err := range d.List(t.Context(), "", storage.ListOptions{}) {
		wantClass(t, err, objectstore.Transient)
	}
	wantClass(t, d.Delete(t.Context(), "key"), objectstore.Transient)
	if n := d.Requests(); n.Get != 3 || n.List != 3 || n.Delete != 3 || len(s.asked) != 9 {
		t.Errorf("counted %+v, sent %q", n, s.asked)
	}
}

func TestRetryAfter(t *testing.T) {
	date := time.Now().Add(40 * time.Second).UTC().Format(http.TimeFormat)
	for value, want := range map[string][2]time.Duration{
		"7": {7 * time.Second, 7 * time.Second}, date: {30 * time.Second, 41 * time.Second},
		"": {}, "-3": {}, "soon": {}, "Mon, 02 Jan 2006 15:04:05 GMT": {},
	} {
		a := failure(503, "SlowDown")
		a.header = map[string]string{"Retry-After": value}
		d, _ := scripted(t, a)
		var fault *objectstore.Fault
		if err := get(d); !errors.As(err, &fault) || fault.RetryAfter < want[0] || fault.RetryAfter > want[1] {
			t.Errorf("Retry-After %q: %+v", value, fault)
		}
	}
}

// A wrong clock stays wrong: it would tell the ages of objects wrongly too.
func TestClockIsNotCorrected(t *testing.T) {
	d := serve(t, func(w http.ResponseWriter, r *http.Request) {
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || time.Since(signed).Abs() > time.Minute {
			t.Errorf("signed at %v: %v", signed, err)
		}
		a := failure(403, "RequestTimeTooSkewed")
		a.header = map[string]string{"Date": time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)}
		a.write(w)
	})
	for range 2 {
		wantClass(t, list(d), objectstore.Denied, "check the clock")
	}
}

func TestCancelled(t *testing.T) {
	arrived, done := make(chan struct{}, 1), make(chan struct{})
	d := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-done:
		}
	})
	defer close(done)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := d.Get(ctx, "key", 100); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
	if n := d.Requests().Get; n != 1 {
		t.Errorf("%d requests", n)
	}
}

// A connection serves one request after the other, failed ones too.
func TestConnectionsAreReused(t *testing.T) {
	var connections atomic.Int64
	s := &script{answers: []answer{failure(500, "InternalError"), failure(404, "NoSuchKey"), listing(false, "")}}
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	d := open(t, at(server.URL))
	for range 3 {
		if err := get(d); err == nil && len(s.asked) < 3 {
			t.Error("a failure passes")
		}
	}
	for range 20 {
		if err := list(d); err != nil {
			t.Fatal(err)
		}
	}
	server.Close()
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for %d requests", n, len(s.asked))
	}
}
