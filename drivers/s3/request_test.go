package s3

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// asks lists the bucket of a configuration, and returns the request that would
// have gone out to the world.
func asks(t *testing.T, change func(c *Config)) *http.Request {
	t.Helper()
	isolate(t)
	c := Config{Bucket: "bucket", Region: "eu-west-3", Insecure: true, AccessKey: accessKey, SecretKey: secretKey}
	change(&c)
	d, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var got *http.Request
	b := d.API.(*bucket)
	b.client = s3.New(b.client.Options(), func(o *s3.Options) {
		o.HTTPClient = smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) {
			got = r
			w := httptest.NewRecorder()
			listing(false, "").write(w)
			return w.Result(), nil
		})
	})
	if err := list(d); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *Config)
		url    string
		signed string // a part of the Authorization header
	}{
		{"virtual host", func(c *Config) { c.Endpoint = "store.example" }, "http://bucket.store.example", "/eu-west-3/s3/"},
		{"https", func(c *Config) { c.Endpoint, c.Insecure = "store.example", false }, "https://bucket.store.example", "Signature="},
		{"scheme", func(c *Config) { c.Endpoint = "https://store.example/" }, "https://bucket.store.example", "Signature="},
		{"path style", func(c *Config) { c.Endpoint, c.PathStyle = "store.example", true }, "http://store.example/bucket", "Signature="},
		{"address", func(c *Config) { c.Endpoint = "192.0.2.1:9000" }, "http://192.0.2.1:9000/bucket", "Signature="},
		{"below a path", func(c *Config) { c.Endpoint, c.PathStyle = "store.example/s3", true }, "http://store.example/s3/bucket", "Signature="},
		{"default region", func(c *Config) { c.Endpoint, c.Region = "store.example", "" }, "http://bucket.store.example", "/us-east-1/s3/"},
		{"Amazon", func(*Config) {}, "http://bucket.s3.eu-west-3.amazonaws.com", "Signature="},
		{"secure", func(c *Config) { c.Insecure = false }, "https://bucket.s3.eu-west-3.amazonaws.com", "Signature="},
		{"dual stack", func(c *Config) { c.UseDualStack = true }, "http://bucket.s3.dualstack.eu-west-3.amazonaws.com", "Signature="},
		{"FIPS", func(c *Config) { c.UseFIPS, c.Region = true, "us-east-1" }, "http://bucket.s3-fips.us-east-1.amazonaws.com", "Signature="},
		{"accelerated", func(c *Config) { c.Accelerate = true }, "http://bucket.s3-accelerate.amazonaws.com", "Signature="},
		{"anonymous", func(c *Config) { c.AccessKey, c.SecretKey, c.Anonymous = "", "", true }, "http://bucket.s3.eu-west-3.amazonaws.com", ""},
		{"user agent", func(c *Config) { c.UserAgent = "me/1.0" }, "http://bucket.s3.eu-west-3.amazonaws.com", "Signature="},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := asks(t, c.change)
			authorization := r.Header.Get("Authorization")
			if got := strings.TrimSuffix(r.URL.Scheme+"://"+r.URL.Host+r.URL.Path, "/"); got != c.url {
				t.Errorf("asked %s, want %s", got, c.url)
			}
			if !strings.Contains(authorization, c.signed) || (authorization == "") != (c.signed == "") {
				t.Errorf("signed %q", authorization)
			}
			if attempts := r.Header.Get("Amz-Sdk-Request"); attempts != "" {
				t.Errorf("the SDK counts attempts: %q", attempts)
			}
			if agent := r.UserAgent(); strings.HasSuffix(agent, "me-1.0") != (c.name == "user agent") {
				t.Errorf("the user agent is %q", agent)
			}
		})
	}
}

func TestCredentialsOfTheChain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	content := "[prod]\naws_access_key_id = OFPROFILE\naws_secret_access_key = x\nregion = eu-north-1\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	r := asks(t, func(c *Config) {
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
		c.AccessKey, c.SecretKey, c.Region, c.Profile = "", "", "", "prod"
	})
	if got := r.Header.Get("Authorization"); !strings.Contains(got, "OFPROFILE") || !strings.Contains(got, "eu-north-1") {
		t.Errorf("signed %q", got)
	}
	r = asks(t, func(c *Config) {
		t.Setenv("AWS_ACCESS_KEY_ID", "OFENVIRONMENT")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
		t.Setenv("AWS_REGION", "ap-south-1")
		c.AccessKey, c.SecretKey, c.Region = "", "", ""
	})
	if got := r.Header.Get("Authorization"); !strings.Contains(got, "OFENVIRONMENT") || !strings.Contains(got, "ap-south-1") {
		t.Errorf("signed %q", got)
	}
}
