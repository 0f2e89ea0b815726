package oss

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage"
)

func failure(status int, code string) osstest.Fault {
	return osstest.Fault{Status: status, Code: code, Message: "the reason."}
}

func bare(status int, body string) osstest.Fault {
	return osstest.Fault{Status: status, Bare: true, Body: []byte(body)}
}

// Whatever is asked, these answers mean the same.
func TestFaultsOfEveryCall(t *testing.T) {
	const moved = `<Error><Code>AccessDenied</Code><Message>The bucket you are attempting to access must be addressed ` +
		`using the specified endpoint.</Message><Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint></Error>`
	for name, c := range map[string]struct {
		give  osstest.Fault
		class objectstore.Class
		says  []string
	}{
		"denied": {failure(403, "AccessDenied"), objectstore.Denied,
			[]string{"AccessDenied: the reason.", "status 403", "request 0000"}},
		"unknown key": {failure(403, "InvalidAccessKeyId"), objectstore.Denied,
			[]string{"the reason; check the access key ID"}},
		"wrong secret":    {failure(403, "SignatureDoesNotMatch"), objectstore.Denied, []string{"check the access key secret"}},
		"expired":         {failure(403, "SecurityTokenExpired"), objectstore.Denied, []string{"renew the security token"}},
		"wrong token":     {failure(400, "InvalidSecurityToken"), objectstore.Denied, []string{"security token"}},
		"wrong clock":     {failure(403, "RequestTimeTooSkewed"), objectstore.Denied, []string{"check the clock"}},
		"no code":         {bare(403, ""), objectstore.Denied, []string{"403"}},
		"a proxy":         {bare(403, "<html><body>hush"), objectstore.Denied, []string{"403"}},
		"unauthorized":    {bare(401, ""), objectstore.Denied, []string{"401"}},
		"too fast":        {osstest.Throttled(), objectstore.Throttled, []string{"QpsLimitExceeded"}},
		"too much":        {failure(403, "DownloadTrafficRateLimitExceeded"), objectstore.Throttled, nil},
		"throttled":       {failure(400, "Throttling.User"), objectstore.Throttled, nil},
		"slow down":       {failure(400, "SlowDown"), objectstore.Throttled, nil},
		"too many":        {bare(429, ""), objectstore.Throttled, nil},
		"unavailable":     {failure(503, "InternalError"), objectstore.Throttled, nil},
		"internal":        {failure(500, "InternalError"), objectstore.Transient, []string{"InternalError"}},
		"gateway":         {bare(502, "<html>"), objectstore.Transient, []string{"502"}},
		"timeout":         {failure(400, "RequestTimeout"), objectstore.Transient, nil},
		"damaged":         {failure(400, "InvalidDigest"), objectstore.Transient, nil},
		"not implemented": {failure(501, "NotImplemented"), objectstore.Unsupported, nil},
		"method":          {failure(405, "MethodNotAllowed"), objectstore.Unsupported, nil},
		"no bucket": {failure(404, "NoSuchBucket"), objectstore.Failed,
			[]string{"the reason; check the bucket, the region and the endpoint"}},
		"archived":   {failure(403, "InvalidObjectState"), objectstore.Failed, []string{"restore"}},
		"path style": {failure(403, "SecondLevelDomainForbidden"), objectstore.Failed, []string{"path-style"}},
		"wrong region": {osstest.Fault{Status: 400, Code: "InvalidArgument", Message: "Invalid signing region in Authorization header."},
			objectstore.Failed, []string{"set region", osstest.Region}},
		"wrong endpoint": {osstest.Fault{Status: 403, Code: "AccessDenied", Body: []byte(moved),
			Message: "The bucket must be addressed using the specified endpoint."}, objectstore.Failed,
			[]string{"set ", "endpoint"}},
		"redirect":    {failure(301, "Redirect"), objectstore.Failed, []string{"endpoint"}},
		"bad request": {failure(400, "Whatever"), objectstore.Rejected, []string{"Whatever"}},
		"conflict":    {failure(409, "FileImmutable"), objectstore.Rejected, nil},
		"secrets": {osstest.Fault{Status: 400, Code: "Whatever", Message: "you are " + osstest.AccessKeyID + ", " + osstest.AccessKeySecret},
			objectstore.Rejected, []string{"you are …, …"}},
		"a URL": {osstest.Fault{Status: 400, Code: "Whatever", Message: "at http://me:hush@host"}, objectstore.Rejected,
			[]string{"//…@host"}},
	} {
		for call, send := range calls {
			t.Run(name+"/"+call, func(t *testing.T) {
				s, d := start(t)
				s.SetFault(always(c.give))
				wantClass(t, send(t.Context(), d), c.class, c.says...)
				if n := s.Total(); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		}
	}
	s, d := start(t)
	s.SetFault(always(osstest.Fault{Status: 403, Code: "x", Body: []byte(moved)}))
	wantClass(t, list(t.Context(), d), objectstore.Failed, "set endpoint to oss-cn-beijing.aliyuncs.com")
}

// Only the code that is about what was asked for means that it is absent.
func TestAbsence(t *testing.T) {
	for _, c := range []struct {
		name, call string
		give       osstest.Fault
		want       objectstore.Class
	}{
		{"key", "get", failure(404, "NoSuchKey"), objectstore.Absent},
		{"key", "stat", failure(404, "NoSuchKey"), objectstore.Absent},
		{"bucket", "get", failure(404, "NoSuchBucket"), objectstore.Failed},
		{"bucket", "stat", failure(404, "NoSuchBucket"), objectstore.Failed},
		{"nothing said", "get", bare(404, ""), objectstore.Transient},
		{"a proxy's page", "get", bare(404, "<html><body>404 page not found"), objectstore.Transient},
		{"broken XML", "get", bare(404, "<Error><Code>NoSuchKey"), objectstore.Transient},
		{"another status", "get", failure(500, "NoSuchKey"), objectstore.Transient},
		{"another code", "get", failure(404, "NotFound"), objectstore.Transient},
		{"another code", "stat", failure(404, "NotFound"), objectstore.Transient},
		{"upload for a key", "get", failure(404, "NoSuchUpload"), objectstore.Transient},
		{"key of a listing", "list", failure(404, "NoSuchKey"), objectstore.Transient},
		{"key of a batch", "delete", failure(404, "NoSuchKey"), objectstore.Transient},
		{"key of a write", "write", failure(404, "NoSuchKey"), objectstore.Transient},
		{"bucket of a write", "write", failure(404, "NoSuchBucket"), objectstore.Failed},
		{"key of the uploads", "uploads", failure(404, "NoSuchKey"), objectstore.Transient},
		{"key of the bucket", "versioning", failure(404, "NoSuchKey"), objectstore.Transient},
		{"upload", "parts", failure(404, "NoSuchUpload"), objectstore.Absent},
		{"upload", "abort", failure(404, "NoSuchUpload"), objectstore.Absent},
		{"key of an upload", "abort", failure(404, "NoSuchKey"), objectstore.Transient},
		{"nothing said", "parts", bare(404, ""), objectstore.Transient},
	} {
		t.Run(c.name+"/"+c.call, func(t *testing.T) {
			s, d := start(t)
			s.SetFault(always(c.give))
			err := calls[c.call](t.Context(), d)
			wantClass(t, err, c.want)
			if errors.Is(err, storage.ErrNotFound) != (c.want == objectstore.Absent) {
				t.Errorf("not found or not: %v", err)
			}
		})
	}
}

// answerOf is the body of a listing.
func answerOf(inner string) []byte {
	return []byte("<ListBucketResult><Name>registry</Name>" + inner + "</ListBucketResult>")
}

// An answer that repeats another question than ours, or that has lost its
// keys, is none.
func TestListingOfAnotherQuestion(t *testing.T) {
	const encoded, entry = "<EncodingType>url</EncodingType>", "<Contents><Key>p/b</Key></Contents>"
	for _, c := range []struct {
		inner, token string
		refused      bool
	}{
		{inner: ""},
		{inner: encoded + "<Prefix>p%2F+%2B</Prefix><StartAfter>p%2F+%2Ba</StartAfter><KeyCount>0</KeyCount>"},
		{inner: "<Prefix>p/ +</Prefix><StartAfter>p/ +a</StartAfter>"},
		{inner: "<KeyCount>1</KeyCount>" + entry},
		{inner: "<KeyCount>1</KeyCount><CommonPrefixes><Prefix>p/b/</Prefix></CommonPrefixes>"},
		{inner: "<StartAfter></StartAfter>", token: "dA=="},
		{inner: "<StartAfter>p/ +a</StartAfter>", token: "dA=="},

		{inner: "<Prefix></Prefix>", refused: true},
		{inner: encoded + "<Prefix>p%2F+</Prefix>", refused: true},
		{inner: "<StartAfter></StartAfter>", refused: true},
		{inner: "<StartAfter>p/ +b</StartAfter>", token: "dA==", refused: true},
		{inner: "<KeyCount>1</KeyCount>", refused: true},
	} {
		s, d := start(t)
		s.SetFault(always(osstest.Fault{Body: answerOf(c.inner)}))
		_, err := d.API.List(t.Context(), objectstore.ListQuery{Prefix: "p/ +", StartAfter: "p/ +a", Token: c.token})
		if c.refused {
			wantClass(t, err, objectstore.Transient, "not one to the question")
		} else if err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A HEAD that says nothing but 404 is taken to a listing.
func TestBare404OfHead(t *testing.T) {
	s, d := start(t)
	put(t, s, "gone-2")
	s.SetFault(func(op osstest.Op, _ *http.Request) osstest.Fault {
		if op == osstest.HeadObject {
			return bare(404, "")
		}
		return osstest.Fault{}
	})
	if o, err := d.Stat(t.Context(), "key"); err != nil || o.Size != int64(len("content of key")) || o.ModTime.IsZero() {
		t.Errorf("what the listing has is %+v, %v", o, err)
	}
	for _, key := range []string{"gone", "zz"} {
		if _, err := d.Stat(t.Context(), key); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("what the listing has not: %v", err)
		}
	}
	if n := s.Requests()[osstest.ListObjectsV2]; n != 3 {
		t.Errorf("%d listings", n)
	}
	for name, f := range map[string]osstest.Fault{
		"denied": osstest.AccessDenied(), "no bucket": failure(404, "NoSuchBucket"), "silent": bare(404, ""),
		"empty": {Body: []byte{}}, "another answer": {Body: []byte("<html></html>")},
		"more to come": {Body: answerOf("<IsTruncated>true</IsTruncated>")},
		"a token":      {Body: answerOf("<NextContinuationToken>t</NextContinuationToken>")},
		"another key":  {Body: answerOf("<Contents><Key>a</Key></Contents>")},
	} {
		s.SetFault(func(op osstest.Op, _ *http.Request) osstest.Fault {
			if op == osstest.HeadObject {
				return bare(404, "")
			}
			return f
		})
		if _, err := d.Stat(t.Context(), "gone"); err == nil || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A successful status with something else in the body proves nothing.
func TestAnswersThatAreNone(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "HTML": "<html><body>welcome</body></html>", "text": "welcome", "broken": "<ListBucketRes",
		"an error":         "<Error><Code>InternalError</Code></Error>",
		"another document": "<ListBucketResult></ListBucketResult>",
		"another bucket":   "<ListBucketResult><Name>b</Name><Bucket>b</Bucket><UploadId>b</UploadId></ListBucketResult>",
		"no keys": "<ListBucketResult><Name>registry</Name><Bucket>registry</Bucket><Contents></Contents>" +
			"<Upload></Upload></ListBucketResult>",
		"not encoded": "<ListBucketResult><Name>registry</Name><Bucket>registry</Bucket><EncodingType>url</EncodingType>" +
			"<Contents><Key>%zz</Key></Contents><Upload><Key>%zz</Key></Upload></ListBucketResult>",
	} {
		for _, call := range []string{"list", "uploads", "parts"} {
			t.Run(name+"/"+call, func(t *testing.T) {
				s, d := start(t)
				s.SetFault(always(osstest.Fault{Body: []byte(body)}))
				wantClass(t, calls[call](t.Context(), d), objectstore.Transient)
			})
		}
	}
	s, d := start(t)
	s.SetFault(always(osstest.Fault{Body: []byte("<html></html>")}))
	wantSays(t, d.Delete(t.Context(), "key"), "did not confirm")
}

// What passes is repeated, and what was got is right.
func TestPassingFaults(t *testing.T) {
	for name, f := range map[string]osstest.Fault{
		"500": failure(500, "InternalError"), "throttled": osstest.Throttled(), "404 without a code": bare(404, ""),
		"reset": {Reset: true}, "cut": {Cut: true}, "broken": {Body: []byte("<a")}, "other content": {Body: []byte("0123456789abcd")},
		"slow": {Delay: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := start(t)
			d.Timeout = 300 * time.Millisecond
			s.SetFault(once(f))
			if content, err := d.Get(t.Context(), "key", 100); err != nil || string(content) != "content of key" {
				t.Errorf("%q, %v", content, err)
			}
			if name != "broken" && name != "other content" { // the listing ends in the same way, see above
				s.SetFault(once(f))
				var keys []string
				for o, err := range d.List(t.Context(), "", storage.ListOptions{}) {
					if err != nil {
						t.Fatal(err)
					}
					keys = append(keys, o.Key)
				}
				if len(keys) != 1 {
					t.Errorf("listed %q", keys)
				}
			}
			s.SetFault(once(f))
			if err := d.Delete(t.Context(), "key"); err != nil || len(s.Keys()) != 0 {
				t.Errorf("left %q, %v", s.Keys(), err)
			}
			if n := d.Requests(); n.Get != 2 || n.Delete != 2 || s.Total() != int(n.Get+n.List+n.Delete) {
				t.Errorf("counted %+v of %d", n, s.Total())
			}
		})
	}
}

// A server that pages wrongly ends the listing with an error, soon.
func TestWrongPages(t *testing.T) {
	for says, f := range map[string]osstest.Fault{
		"no continuation token":         {NoToken: true},
		"continuation token ":           {SameToken: true},
		"out of order":                  {Disorder: true},
		"the answer cannot be read":     {Body: []byte("<ListBucketResult><Name>registry")},
		"given up after 3 attempts":     {Cut: true},
		"the permission oss:ListObject": osstest.AccessDenied(),
	} {
		t.Run(says, func(t *testing.T) {
			s, d := start(t)
			put(t, s, "a", "b", "c")
			d.Root = ""
			s.SetFault(always(f))
			var last error
			for _, err := range d.List(t.Context(), "", storage.ListOptions{}) {
				last = err
			}
			wantSays(t, last, says)
			if n := s.Total(); n > 4 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// A page that fails in the middle fails the listing.
func TestDeniedInTheMiddle(t *testing.T) {
	s, d := start(t)
	for i := range 1500 {
		put(t, s, "k"+strings.Repeat("x", i%50)+time.Duration(i).String())
	}
	s.SetFault(func(_ osstest.Op, r *http.Request) osstest.Fault {
		if r.URL.Query().Has("continuation-token") {
			return osstest.AccessDenied()
		}
		return osstest.Fault{}
	})
	n, failed := 0, error(nil)
	for _, err := range d.List(t.Context(), "k", storage.ListOptions{}) {
		if failed = err; err == nil {
			n++
		}
	}
	if n != 1000 || !errors.Is(failed, fs.ErrPermission) {
		t.Errorf("%d keys, %v", n, failed)
	}
	wantSays(t, failed, `bucket "registry", prefix "k"`, "oss:ListObjects")
}

// A deletion that was done and not confirmed is repeated; one that is never
// confirmed is an error.
func TestUnconfirmedDeletes(t *testing.T) {
	s, d := start(t)
	put(t, s, "a", "b")
	mine := func(key string) bool { return key == "a" }
	s.SetFault(once(osstest.Fault{Unconfirmed: mine}))
	if err := d.Delete(t.Context(), "a", "b"); err != nil || d.Requests().Delete != 2 {
		t.Errorf("%v after %d requests", err, d.Requests().Delete)
	}
	put(t, s, "a", "b")
	s.SetFault(always(osstest.Fault{Keep: mine}))
	var failed *storage.DeleteError
	if err := d.Delete(t.Context(), "a", "b", "c"); !errors.As(err, &failed) || len(failed.Failed) != 1 || failed.Failed[0].Key != "a" {
		t.Errorf("%v", err)
	}
	if got := strings.Join(s.Keys(), " "); got != "a key" {
		t.Errorf("left: %s", got)
	}
	s.SetFault(always(osstest.AccessDenied()))
	err := d.Delete(t.Context(), "a")
	wantClass(t, err, objectstore.Denied, "the permission oss:DeleteObject", `key "a"`)
}

func TestNetworkFaults(t *testing.T) {
	t.Run("nobody listens", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		c := Config{Bucket: "abc", Region: "r", Endpoint: "http://" + listener.Addr().String(), AccessKeyID: "hush", AccessKeySecret: "hush"}
		wantClass(t, list(t.Context(), open(t, c)), objectstore.Transient, "connection refused")
	})
	t.Run("http, not https", func(t *testing.T) {
		s := osstest.Start(t, osstest.Config{})
		c := of(s)
		c.Endpoint = strings.TrimPrefix(s.URL, "http://")
		wantClass(t, list(t.Context(), open(t, c)), objectstore.Failed, "speaks http, not https")
	})
	t.Run("certificate", func(t *testing.T) {
		s := osstest.New(osstest.Config{})
		server := httptest.NewTLSServer(s)
		defer server.Close()
		c := of(s)
		c.Endpoint = server.URL
		wantClass(t, list(t.Context(), open(t, c)), objectstore.Failed, "certificate")
		c.SkipVerify = true
		if err := list(t.Context(), open(t, c)); err != nil {
			t.Error(err)
		}
	})
}

// Deadlines and cancellation come back as what they are, in the middle of a
// request as well as between two.
func TestCancelled(t *testing.T) {
	for name, f := range map[string]osstest.Fault{
		"waiting for an answer": {Delay: time.Minute}, "waiting to try again": failure(500, "InternalError"),
	} {
		t.Run(name, func(t *testing.T) {
			s, d := start(t)
			d.Backoff = time.Minute
			s.SetFault(always(f))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := d.Get(ctx, "key", 100); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("get: %v", err)
			}
			if err := d.Delete(ctx, "key"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("delete: %v", err)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"7": 7 * time.Second, "": 0, "-3": 0, "soon": 0} {
		s, d := start(t)
		f := osstest.Throttled()
		f.RetryAfter = value
		s.SetFault(always(f))
		var fault *objectstore.Fault
		if err := list(t.Context(), d); !errors.As(err, &fault) || fault.RetryAfter != want {
			t.Errorf("%q: %+v", value, fault)
		}
	}
}

// A connection serves one request after the other, failed ones too.
func TestConnectionsAreReused(t *testing.T) {
	s := osstest.New(osstest.Config{})
	put(t, s, "key")
	server := httptest.NewUnstartedServer(s)
	connections := make(chan net.Conn, 100)
	server.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections <- c
		}
	}
	server.Start()
	defer server.Close()
	c := of(s)
	c.Endpoint = server.URL
	d := open(t, c)
	for range 5 {
		for name, call := range calls {
			if err := call(t.Context(), d); err != nil && name != "parts" && name != "abort" && !errors.Is(err, storage.ErrNotFound) {
				t.Fatal(err)
			}
		}
	}
	if n := len(connections); n != 1 {
		t.Errorf("%d connections for %d requests", n, s.Total())
	}
}

// What stands for another object is not followed.
func TestSymbolicLinks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-oss-object-type", "Symlink")
		if r.URL.Query().Has("list-type") {
			if _, err := w.Write([]byte("<ListBucketResult><Name>registry</Name>" +
				"<Contents><Key>key</Key><Type>Symlink</Type></Contents></ListBucketResult>")); err != nil {
				t.Error(err)
			}
		}
	}))
	defer server.Close()
	d := open(t, Config{Bucket: "registry", Region: "r", Endpoint: server.URL, AccessKeyID: "a", AccessKeySecret: "b"})
	if _, err := d.Get(t.Context(), "key", 100); !errors.Is(err, storage.ErrIrregular) {
		t.Errorf("get: %v", err)
	}
	if o, err := d.Stat(t.Context(), "key"); err != nil || !o.Irregular {
		t.Errorf("stat: %+v, %v", o, err)
	}
	for o, err := range d.List(t.Context(), "", storage.ListOptions{}) {
		if err != nil || !o.Irregular {
			t.Errorf("list: %+v, %v", o, err)
		}
	}
}
