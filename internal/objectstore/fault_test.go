package objectstore

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/storage"
)

func TestFaultMessage(t *testing.T) {
	for _, test := range []struct {
		fault Fault
		want  string
	}{
		{Fault{}, "failed"},
		{Fault{Class: Absent}, "not found"},
		{Fault{Class: Denied}, "access denied"},
		{Fault{Class: Throttled, Status: 503}, "too many requests (status 503)"},
		{Fault{Class: Transient, RequestID: "R1"}, "failed in passing (request R1)"},
		{Fault{Class: Rejected, Code: " ", Message: "\n\x00"}, "rejected"},
		{Fault{Class: Unsupported}, "not supported"},
		{Fault{Class: 99}, "failed"},
		{Fault{Code: "SlowDown", Status: 503}, "SlowDown (status 503)"},
		{Fault{Message: "no such bucket"}, "no such bucket"},
		{Fault{Status: 403, Code: "AccessDenied", Message: "Access Denied.", RequestID: "R1"},
			"AccessDenied: Access Denied. (status 403, request R1)"},
		{Fault{Message: "<html>\r\n\t<b>\x1b[31mno\u202e</b>\xff"}, "<html> <b> [31mno </b>?"},
		{Fault{Message: strings.Repeat("é", 501)}, strings.Repeat("é", 500) + "…"},
		{Fault{Message: "shown", Cause: errors.New("secret")}, "shown"},
	} {
		if got := test.fault.Error(); got != test.want {
			t.Errorf("%+v says %q, want %q", test.fault, got, test.want)
		}
	}
}

// TestFaultIs gives each class its meaning, and no other.
func TestFaultIs(t *testing.T) {
	meanings := map[error]Class{storage.ErrNotFound: Absent, fs.ErrPermission: Denied, errors.ErrUnsupported: Unsupported}
	for class := Failed; class <= Unsupported; class++ {
		err := fmt.Errorf("wrapped: %w", &Fault{Class: class, Cause: errSudden})
		for meaning, of := range meanings {
			if errors.Is(err, meaning) != (class == of) {
				t.Errorf("%v is %v: %v", class, meaning, errors.Is(err, meaning))
			}
		}
		if !errors.Is(err, errSudden) || errors.Is(err, storage.ErrTooLarge) {
			t.Errorf("%v does not show its cause", class)
		}
	}
}

// TestExplain says where it happened, and what is missing.
func TestExplain(t *testing.T) {
	d := newFake().driver("r/")
	denied := &Fault{Class: Denied, Code: "AccessDenied"}
	for _, test := range []struct {
		op       Op
		key      string
		attempts int
		err      error
		want     string
	}{
		{OpList, "a/", 1, denied,
			`list a/: bucket "bucket", prefix "r/a/": access denied, the credentials need the permission s3:ListBucket: AccessDenied`},
		{OpGet, "a", 1, denied,
			`get a: bucket "bucket", key "r/a": access denied, the credentials need the permission s3:GetObject: AccessDenied`},
		{OpVersioning, "", 1, denied, `get bucket versioning: bucket "bucket": ` +
			`access denied, the credentials need the permission s3:GetBucketVersioning: AccessDenied`},
		{OpList, "", 1, &Fault{Class: Denied, Code: "SignatureDoesNotMatch"}, `list: bucket "bucket", prefix "r/": SignatureDoesNotMatch`},
		{OpList, "", 1, &Fault{Class: Denied, Code: "Forbidden"},
			`list: bucket "bucket", prefix "r/": access denied, the credentials need the permission s3:ListBucket: Forbidden`},
		{OpParts, "a", 1, denied, `list parts a: bucket "bucket", key "r/a": AccessDenied`},
		{OpUploads, "", 2, &Fault{Class: Transient, Code: "InternalError", Status: 500},
			`list multipart uploads: bucket "bucket", prefix "r/": given up after 2 attempts: InternalError (status 500)`},
		{OpDelete, "a\x1b[31m", 1, &Fault{}, `delete "a\x1b[31m": bucket "bucket", key "r/a\x1b[31m": failed`},
		{OpStat, "\xff", 1, &Fault{Class: Absent}, `stat "\xff": bucket "bucket", key "r/\xff": not found`},
		{OpGet, "日本", 3, storage.ErrTooLarge, `get 日本: larger than the limit`},
		{OpGet, "a", 1, fmt.Errorf("signing: %w", &Fault{Message: "no credentials"}),
			`get a: bucket "bucket", key "r/a": signing: no credentials`},
	} {
		err := d.explain(test.op, test.key, test.attempts, test.err)
		if err.Error() != test.want || err.Key != test.key || err.Op != string(test.op) || !errors.Is(err, test.err) {
			t.Errorf("%+v\n got %q\nwant %q", err, err.Error(), test.want)
		}
	}
}

// get asks a server that a test has made, and returns the client's error.
func get(t *testing.T, address string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		err = response.Body.Close()
		t.Fatalf("an answer of %s, %v", address, err)
	}
	return err
}

// TestNetwork tells passing errors of the network from settled ones. No URL is
// shown, only its host.
func TestNetwork(t *testing.T) {
	const secret = "/bucket/key?X-Amz-Signature=secret"
	secured := httptest.NewUnstartedServer(http.NotFoundHandler())
	secured.Config.ErrorLog = log.New(io.Discard, "", 0)
	secured.StartTLS()
	defer secured.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer plain.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	host := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	wrapped := func(err error) error { return &url.Error{Op: "Get", URL: "http://host" + secret, Err: err} }
	for _, test := range []struct {
		name  string
		err   error
		class Class
		says  string
	}{
		{"a certificate of no known authority", get(t, secured.URL+secret), Failed, host(secured) + ": tls: failed to verify"},
		{"HTTPS at an HTTP server", get(t, "https://"+host(plain)+secret), Failed, host(plain) + ": http: server gave HTTP response"},
		{"an aborted answer", get(t, plain.URL+secret), Transient, host(plain) + ": EOF"},
		{"nobody listens", get(t, closed.URL+secret), Transient, "refused"},
		{"a name that is not known",
			wrapped(&net.DNSError{Err: "no such host", Name: "host", IsNotFound: true}), Failed, "no such host"},
		{"a name server that is down",
			wrapped(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), Transient, "misbehaving"},
		{"a certificate of another host",
			wrapped(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "host"}), Failed, "host: x509"},
		{"a certificate that is over", wrapped(x509.CertificateInvalidError{Reason: x509.Expired}), Failed, "expired"},
		{"without a URL", io.ErrUnexpectedEOF, Transient, "unexpected EOF"},
		{"with a broken URL", &url.Error{Op: "Get", URL: "http://\x7f" + secret, Err: io.EOF}, Transient, "EOF"},
	} {
		f := Network(fmt.Errorf("operation GetObject: %w", test.err))
		if f.Class != test.class || !strings.Contains(f.Error(), test.says) || !errors.Is(f, test.err) {
			t.Errorf("%s: %v, %v", test.name, f.Class, f)
		}
		if strings.Contains(f.Error(), "secret") {
			t.Errorf("%s: %v", test.name, f)
		}
	}
}

// TestAbsence believes absence of a named key alone, and as the store's word.
func TestAbsence(t *testing.T) {
	absent := &Fault{Class: Absent, Code: "NoSuchThing"}
	f := newFake("a")
	f.fail = func(context.Context, call) error { return fmt.Errorf("an SDK says: %w", absent) }
	d := f.driver("")
	_, getErr := d.Get(t.Context(), "a", 1)
	_, statErr := d.Stat(t.Context(), "a")
	_, sizeErr := d.MultipartParts(t.Context(), storage.MultipartUpload{Key: "a"})
	for _, err := range []error{getErr, statErr, sizeErr} {
		wantError(t, err, storage.ErrNotFound, "NoSuchThing")
	}
	_, listErr := collect(t, d.List(t.Context(), "", storage.ListOptions{}), 0)
	_, uploadsErr := collect(t, d.ListMultipartUploads(t.Context(), ""), 0)
	_, versionErr := d.KeepsVersions(t.Context())
	for _, err := range []error{listErr, uploadsErr, versionErr, d.Delete(t.Context(), "a")} {
		wantError(t, err, nil, "NoSuchThing")
		if errors.Is(err, storage.ErrNotFound) {
			t.Errorf("is absence: %v", err)
		}
	}
	if absent.Class != Absent {
		t.Error("the API's fault was changed")
	}
}
