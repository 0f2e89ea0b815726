package s3

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// What no error may show.
const (
	accessKey    = "AKIAVERYSECRET"
	secretKey    = "wJalrXUtnFEMI"
	sessionToken = "FwoGZXIvYXdzEBc"
)

// isolate hides the SDK's configuration of the machine.
func isolate(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, file := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(file, t.TempDir()+"/none")
	}
	for _, name := range []string{
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE",
	} {
		t.Setenv(name, "")
	}
}

// open opens a bucket with quick retries.
func open(t *testing.T, c Config) *Driver {
	t.Helper()
	isolate(t)
	d, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	d.Backoff, d.Attempts = time.Millisecond, 3
	return d
}

// at is the configuration for a test server.
func at(url string) Config {
	return Config{
		Bucket: "bucket", Region: "eu-west-3", Endpoint: url, PathStyle: true,
		AccessKey: accessKey, SecretKey: secretKey, SessionToken: sessionToken,
	}
}

// serve opens a bucket whose every request handler answers.
func serve(t *testing.T, handler http.HandlerFunc) *Driver {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return open(t, at(server.URL))
}

// answer is one answer of a server.
type answer struct {
	status int
	body   string
	header map[string]string
}

func (a answer) write(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("X-Amz-Request-Id", "request-1")
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body)
}

// script answers one request after the other, the last answer over and over,
// and notes what was asked.
type script struct {
	answers []answer
	mu      sync.Mutex
	asked   []string // method and URI
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	a := s.answers[min(len(s.asked), len(s.answers)-1)]
	s.asked = append(s.asked, r.Method+" "+r.RequestURI)
	s.mu.Unlock()
	a.write(w)
}

// scripted opens a bucket of scripted answers.
func scripted(t *testing.T, answers ...answer) (*Driver, *script) {
	t.Helper()
	s := &script{answers: answers}
	return serve(t, s.ServeHTTP), s
}

// xmlError is the body of an error.
func xmlError(code, message string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + message + `</Message></Error>`
}

func ok(body string) answer { return answer{status: 200, body: body} }
func failure(status int, code string) answer {
	return answer{status: status, body: xmlError(code, "the reason")}
}
func listing(truncated bool, inner string) answer {
	return result("ListBucketResult", truncated, inner)
}

func result(root string, truncated bool, inner string) answer {
	return ok(fmt.Sprintf(`<%s xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>%v</IsTruncated>%s</%[1]s>`,
		root, truncated, inner))
}

// wantClass wants a Fault of a class, whose text says something and tells no
// secret.
func wantClass(t *testing.T, err error, class objectstore.Class, says ...string) {
	t.Helper()
	var fault *objectstore.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("%v is no Fault", err)
	}
	if fault.Class != class {
		t.Errorf("the class is %d, want %d: %v", fault.Class, class, err)
	}
	wantSays(t, err, says...)
}

func wantSays(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", says)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q does not say %q", err, s)
		}
	}
	for _, secret := range []string{accessKey, secretKey, sessionToken, "hush"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q tells a secret", err)
		}
	}
}
