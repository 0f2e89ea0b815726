package s3

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/google/go-cmp/cmp"
)

type parameters = map[string]any

func TestParseParameters(t *testing.T) {
	for _, c := range []struct {
		name    string
		give    parameters
		want    Config
		unknown []string
	}{
		{"least", parameters{"bucket": "b", "region": "r"}, Config{Bucket: "b", Region: "r"}, nil},
		{"everything", parameters{
			"accesskey": accessKey, "secretkey": secretKey, "sessiontoken": sessionToken, "region": "r",
			"regionendpoint": "http://minio:9000", "forcepathstyle": true, "bucket": "b", "rootdirectory": "/a/b/",
			"secure": false, "skipverify": "true", "useragent": "me", "encrypt": true, "keyid": "k", "chunksize": 5242880,
			"multipartcopychunksize": 33554432, "multipartcopymaxconcurrency": 100, "multipartcopythresholdsize": "33554432",
			"storageclass": "STANDARD", "objectacl": "private", "loglevel": false, "v4auth": true, "redirectendpoint": "https://cdn",
		}, Config{
			AccessKey: accessKey, SecretKey: secretKey, SessionToken: sessionToken, Region: "r",
			Endpoint: "http://minio:9000", PathStyle: true, Bucket: "b", Root: "/a/b/",
			Insecure: true, SkipVerify: true, UserAgent: "me",
			Encrypt: true, KeyID: "k", StorageClass: "STANDARD", ObjectACL: "private",
		}, nil},
		{"numbers and strings", parameters{"bucket": 42, "region": "r", "rootdirectory": 7, "accesskey": 1234, "secretkey": 5678,
			"forcepathstyle": "1", "secure": "f", "skipverify": ""},
			Config{Bucket: "42", Region: "r", Root: "7", AccessKey: "1234", SecretKey: "5678", PathStyle: true, Insecure: true}, nil},
		{"nothing set", parameters{"bucket": "b", "region": "r", "accesskey": nil, "rootdirectory": nil, "secure": nil, "encrypt": nil},
			Config{Bucket: "b", Region: "r"}, nil},
		{"half of the credentials", parameters{"bucket": "b", "region": "r", "accesskey": accessKey, "secretkey": ""},
			Config{Bucket: "b", Region: "r"}, nil},
		{"an endpoint without a region", parameters{"bucket": "b", "regionendpoint": "minio:9000", "secure": "false"},
			Config{Bucket: "b", Endpoint: "minio:9000", Insecure: true}, nil},
		{"an endpoint overrides", parameters{"bucket": "b", "regionendpoint": "h", "usedualstack": true, "accelerate": true, "usefipsendpoint": true},
			Config{Bucket: "b", Endpoint: "h"}, nil},
		{"Amazon's endpoints", parameters{"bucket": "b", "region": "r", "usedualstack": "true", "accelerate": true, "usefipsendpoint": true, "forcepathstyle": true},
			Config{Bucket: "b", Region: "r", UseDualStack: true, Accelerate: true, UseFIPS: true}, nil},
		{"unknown", parameters{"bucket": "b", "region": "r", "zone": 1, "Bucket": "c", "regoin": nil},
			Config{Bucket: "b", Region: "r"}, []string{"Bucket", "regoin", "zone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, unknown, err := ParseParameters(c.give)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.unknown, unknown); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseParametersRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		give parameters
		says []string
	}{
		{"no bucket", parameters{"region": "r"}, []string{"bucket", "REGISTRY_STORAGE_S3_BUCKET"}},
		{"empty bucket", parameters{"bucket": "", "region": "r"}, []string{"bucket"}},
		{"no region", parameters{"bucket": "b"}, []string{"region", "REGISTRY_STORAGE_S3_REGION"}},
		{"no boolean", parameters{"bucket": "b", "region": "r", "secure": "hush"}, []string{"secure", "true nor false"}},
		{"a number", parameters{"bucket": "b", "region": "r", "skipverify": 1}, []string{"skipverify"}},
		{"a slash in the bucket", parameters{"bucket": "b/c", "region": "r"}, []string{`"b/c"`, "root directory"}},
		{"a password", parameters{"bucket": "b", "regionendpoint": "http://me:hush@host"}, []string{"endpoint", "https://host:port"}},
		{"no host", parameters{"bucket": "b", "regionendpoint": "http://"}, []string{"endpoint"}},
		{"no http", parameters{"bucket": "b", "regionendpoint": "ftp://host"}, []string{"endpoint"}},
		{"no URL", parameters{"bucket": "b", "regionendpoint": "http://me:hush@%zz"}, []string{"endpoint"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := ParseParameters(c.give)
			wantSays(t, err, c.says...)
		})
	}
}

func parseURL(t *testing.T, raw string) (Config, error) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return ParseURL(u)
}

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]Config{
		"s3://b":                   {Bucket: "b"},
		"s3://My.Bucket/":          {Bucket: "My.Bucket", Root: "/"},
		"s3://b/a/c%20d/?region=r": {Bucket: "b", Root: "/a/c d/", Region: "r"},
		"s3://b/p?region=us-east-1&endpoint=http://127.0.0.1:9000&path-style=true": {
			Bucket: "b", Root: "/p", Region: "us-east-1", Endpoint: "http://127.0.0.1:9000", PathStyle: true},
		"s3://b?endpoint=minio:9000&skip-verify=1":                   {Bucket: "b", Endpoint: "minio:9000", SkipVerify: true},
		"s3://b?profile=prod&dual-stack=true&fips=true":              {Bucket: "b", Profile: "prod", UseDualStack: true, UseFIPS: true},
		"s3://b?accelerate=true&anonymous=true&path-style=false":     {Bucket: "b", Accelerate: true, Anonymous: true},
		"s3://b?endpoint=https%3A%2F%2Fhost%2Fbelow&path-style=true": {Bucket: "b", Endpoint: "https://host/below", PathStyle: true},
	} {
		got, err := parseURL(t, raw)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", raw, err, diff)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	credentials := []string{"no credentials", "AWS_ACCESS_KEY_ID"}
	for raw, says := range map[string][]string{
		"oss://b":                          {`"oss"`, "s3://bucket/prefix"},
		"s3:///prefix":                     {"bucket"},
		"s3:bucket":                        {"bucket"},
		"s3://host:9000/bucket":            {"endpoint="},
		"s3://b#hush":                      {"fragment"},
		"s3://me:hush@b":                   credentials,
		"s3://hush@b":                      credentials,
		"s3://b?accesskey=hush":            credentials,
		"s3://b?secret_key=hush":           credentials,
		"s3://b?X-Amz-Security-Token=hush": credentials,
		"s3://b?AWSAccessKeyId=hush":       credentials,
		"s3://b?password=hush":             credentials,
		"s3://b?pathstyle=hush":            {`"pathstyle"`, "accelerate, anonymous, dual-stack, endpoint, fips, path-style, profile, region, skip-verify"},
		"s3://b?path-style=hush":           {"path-style", "true nor false"},
		"s3://b?region=":                   {"region", "empty"},
		"s3://b?region=a&region=b":         {"region", "once"},
		"s3://b?region=%zz":                {"key=value"},
		"s3://b?endpoint=http://x:hush@h":  {"endpoint", "https://host:port"},
		"s3://b?endpoint=h&fips=true":      {"FIPS", "endpoint"},
		"s3://b?accelerate=1&path-style=1": {"accelerated", "path style"},
	} {
		_, err := parseURL(t, raw)
		t.Run(raw, func(t *testing.T) { wantSays(t, err, says...) })
	}
}

func TestNewRefuses(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		give Config
		says []string
	}{
		{Config{}, []string{"bucket"}},
		{Config{Bucket: "b"}, []string{"region", "AWS_REGION"}},
		{Config{Bucket: "b", Region: "r", Profile: "none"}, []string{"profile", "none"}},
		{Config{Bucket: "b", Region: "r", AccessKey: accessKey}, []string{"secret key", "chain"}},
		{Config{Bucket: "b", Region: "r", SessionToken: sessionToken}, []string{"session token"}},
		{Config{Bucket: "b", Region: "r", Anonymous: true, AccessKey: accessKey, SecretKey: secretKey}, []string{"anonymous"}},
	} {
		_, err := New(t.Context(), c.give)
		wantSays(t, err, c.says...)
	}
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://me:hush/%zz@host.invalid")
	_, err := New(t.Context(), Config{Bucket: "b", Region: "r"})
	wantSays(t, err, "AWS_*", "//…@host.invalid")
	if errors.Unwrap(errors.Unwrap(err)) == nil {
		t.Errorf("%v has no cause", err)
	}
}

// An endpoint of the environment may hold a password with any characters.
func TestEndpointShowsNoSecret(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_ENDPOINT_URL", "https://user:hush/ter2@host.invalid")
	d, err := New(t.Context(), Config{Bucket: "b", Region: "r", AccessKey: accessKey, SecretKey: secretKey})
	if err == nil {
		err = list(d)
	}
	wantSays(t, err, "//…@")
}

// The key of a request is that of the registry:
// TrimLeft(TrimRight(root, "/")+path, "/").
func TestRoot(t *testing.T) {
	const path = "/docker/registry/v2/x"
	for _, root := range []string{"", "/", "//", "a", "/a", "a/", "/a/b//", "a//b", " a "} {
		d := open(t, Config{Bucket: "b", Region: "r", Root: root})
		want := strings.TrimLeft(strings.TrimRight(root, "/")+path, "/")
		if got := d.Root + path[1:]; got != want {
			t.Errorf("root %q: %q, want %q", root, got, want)
		}
	}
	if name := open(t, Config{Bucket: "b", Region: "r", Root: "/a/b/"}).Name(); name != "s3://b/a/b" {
		t.Errorf("the name is %q", name)
	}
}

func TestConfigShowsNoSecret(t *testing.T) {
	c := at("http://host")
	c.Root = "/root/"
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("opening", "config", c)
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", &c), fmt.Sprintf("%#v", c), log.String()} {
		if !strings.Contains(shown, "s3://bucket/root") || strings.Contains(shown, secretKey) {
			t.Errorf("shown as %s", shown)
		}
	}
}

// Where there are no credentials at all, that is said at once.
func TestNoCredentials(t *testing.T) {
	c := at("http://127.0.0.1:1")
	c.AccessKey, c.SecretKey, c.SessionToken = "", "", ""
	d := open(t, c)
	_, err := d.Get(t.Context(), "key", 1)
	wantClass(t, err, objectstore.Failed, "no credentials were found", "accesskey", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "role")
	if n := d.Requests().Get; n != 1 {
		t.Errorf("tried %d times", n)
	}
}
