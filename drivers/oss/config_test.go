package oss

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/google/go-cmp/cmp"
)

type parameters = map[string]any

func TestParseParameters(t *testing.T) {
	const id, secret = "the-id", "hush"
	for _, c := range []struct {
		name    string
		give    parameters
		want    Config
		unknown []string
	}{
		{"Harbor", parameters{"accesskeyid": id, "accesskeysecret": secret, "region": "oss-cn-beijing", "bucket": "harbor",
			"endpoint": "harbor.oss-cn-beijing-internal.aliyuncs.com", "internal": true, "encrypt": false, "secure": true,
			"chunksize": 10485760, "rootdirectory": "/harbor/registry"},
			Config{AccessKeyID: id, AccessKeySecret: secret, Region: "cn-beijing", Bucket: "harbor",
				Endpoint: "harbor.oss-cn-beijing-internal.aliyuncs.com", Internal: true, Root: "/harbor/registry"}, nil},
		{"everything", parameters{"accesskeyid": id, "accesskeysecret": secret, "region": "cn-hangzhou", "bucket": "abc",
			"internal": false, "secure": false, "encrypt": true, "encryptionkeyid": "k", "chunksize": "5242880", "rootdirectory": "a"},
			Config{AccessKeyID: id, AccessKeySecret: secret, Region: "cn-hangzhou", Bucket: "abc", Insecure: true, Root: "a",
				Encrypt: true, EncryptionKeyID: "k"}, nil},
		{"strings", parameters{"region": "oss-cn-hangzhou", "bucket": 12345, "internal": "true", "secure": "false", "rootdirectory": 7},
			Config{Region: "cn-hangzhou", Bucket: "12345", Internal: true, Insecure: true, Root: "7"}, nil},
		{"nothing set", parameters{"region": "r", "bucket": "abc", "internal": nil, "secure": "", "accesskeyid": nil,
			"accesskeysecret": "", "endpoint": nil, "rootdirectory": nil, "chunksize": nil}, Config{Region: "r", Bucket: "abc"}, nil},
		{"region of the network", parameters{"region": "vpc100-oss-cn-hangzhou", "bucket": "abc"},
			Config{Region: "cn-hangzhou", Internal: true, Bucket: "abc"}, nil},
		{"internal region", parameters{"region": "oss-cn-hangzhou-internal", "bucket": "abc"},
			Config{Region: "cn-hangzhou", Internal: true, Bucket: "abc"}, nil},
		{"own domain", parameters{"region": "oss-cn-hangzhou", "bucket": "abc", "endpoint": "registry.example.com:8443"},
			Config{Region: "cn-hangzhou", Bucket: "abc", Endpoint: "registry.example.com:8443", CName: true}, nil},
		{"own domain with the bucket", parameters{"region": "r", "bucket": "abc", "endpoint": "abc.oss.example.com"},
			Config{Region: "r", Bucket: "abc", Endpoint: "abc.oss.example.com"}, nil},
		{"an address", parameters{"region": "r", "bucket": "abc", "endpoint": "[::1]:9000"},
			Config{Region: "r", Bucket: "abc", Endpoint: "[::1]:9000"}, nil},
		{"this machine", parameters{"region": "r", "bucket": "abc", "endpoint": "http://localhost:9000/"},
			Config{Region: "r", Bucket: "abc", Endpoint: "http://localhost:9000/"}, nil},
		{"endpoint tells the region", parameters{"bucket": "abc", "endpoint": "abc.oss-cn-hangzhou.aliyuncs.com"},
			Config{Bucket: "abc", Endpoint: "abc.oss-cn-hangzhou.aliyuncs.com"}, nil},
		{"unknown", parameters{"region": "r", "bucket": "abc", "zone": 1, "Bucket": "c", "regoin": nil, "accesskey": secret},
			Config{Region: "r", Bucket: "abc"}, []string{"Bucket", "accesskey", "regoin", "zone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, unknown, err := ParseParameters(c.give)
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Error(err, diff)
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
		{"no bucket", parameters{"region": "r"}, []string{"parameter bucket", "REGISTRY_STORAGE_OSS_BUCKET"}},
		{"no region", parameters{"bucket": "abc"}, []string{"parameter region", "REGISTRY_STORAGE_OSS_REGION"}},
		{"no secret", parameters{"bucket": "abc", "region": "r", "accesskeyid": "hush"},
			[]string{"accesskeysecret", "REGISTRY_STORAGE_OSS_ACCESSKEYSECRET"}},
		{"no id", parameters{"bucket": "abc", "region": "r", "accesskeysecret": "hush"},
			[]string{"accesskeyid", "REGISTRY_STORAGE_OSS_ACCESSKEYID"}},
		{"no boolean", parameters{"bucket": "abc", "region": "r", "secure": "hush"},
			[]string{"parameter secure", "neither true nor false"}},
		{"a number", parameters{"bucket": "abc", "region": "r", "internal": 1},
			[]string{"parameter internal", "neither true nor false"}},
		{"a prefix in the bucket", parameters{"bucket": "abc/d", "region": "r"}, []string{`"abc/d"`, "root directory"}},
		{"a region that is none", parameters{"bucket": "abc", "region": "China East"}, []string{`"China East"`}},
		{"an endpoint without a region", parameters{"bucket": "abc", "endpoint": "127.0.0.1:80"}, []string{"no region"}},
		{"acceleration", parameters{"bucket": "abc", "endpoint": "abc.oss-accelerate.aliyuncs.com"}, []string{"no region"}},
		{"a password", parameters{"bucket": "abc", "region": "r", "endpoint": "http://me:hush@host"},
			[]string{"endpoint", "https://host:port"}},
		{"a path", parameters{"bucket": "abc", "region": "r", "endpoint": "http://host/hush"}, []string{"endpoint"}},
		{"no host", parameters{"bucket": "abc", "region": "r", "endpoint": "http://"}, []string{"endpoint"}},
		{"no http", parameters{"bucket": "abc", "region": "r", "endpoint": "ftp://host"}, []string{"endpoint"}},
		{"no URL", parameters{"bucket": "abc", "region": "r", "endpoint": "http://me:hush@%zz"}, []string{"endpoint"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := ParseParameters(c.give)
			wantSays(t, err, c.says...)
		})
	}
}

func parse(t *testing.T, raw string) (Config, error) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return ParseURL(u)
}

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]Config{
		"oss://abc?region=cn-hangzhou":          {Bucket: "abc", Region: "cn-hangzhou"},
		"oss://abc/?region=oss-cn-hangzhou":     {Bucket: "abc", Root: "/", Region: "cn-hangzhou"},
		"oss://abc/d/e%20f/?region=r":           {Bucket: "abc", Root: "/d/e f/", Region: "r"},
		"oss://abc/d?region=r&internal=true":    {Bucket: "abc", Root: "/d", Region: "r", Internal: true},
		"oss://abc?region=r&signature=v4":       {Bucket: "abc", Region: "r"},
		"oss://abc?signature=v1&endpoint=h:80":  {Bucket: "abc", SignatureV1: true, Endpoint: "h:80"},
		"oss://abc?region=r&skip-verify=1":      {Bucket: "abc", Region: "r", SkipVerify: true},
		"oss://abc?region=r&cname=1&endpoint=h": {Bucket: "abc", Region: "r", CName: true, Endpoint: "h"},
		"oss://abc/d?region=cn-hangzhou&endpoint=http://127.0.0.1:9000&path-style=true": {
			Bucket: "abc", Root: "/d", Region: "cn-hangzhou", Endpoint: "http://127.0.0.1:9000", PathStyle: true},
		"oss://abc?endpoint=https%3A%2F%2Foss-cn-beijing-internal.aliyuncs.com": {
			Bucket: "abc", Endpoint: "https://oss-cn-beijing-internal.aliyuncs.com"},
	} {
		got, err := parse(t, raw)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", raw, err, diff)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	credentials := []string{"must not hold credentials", "OSS_ACCESS_KEY_ID"}
	for raw, says := range map[string][]string{
		"s3://abc":                                           {`"s3"`, "oss://bucket/prefix"},
		"oss:///prefix":                                      {"bucket"},
		"oss:bucket":                                         {"bucket"},
		"oss://host:9000/bucket":                             {"endpoint="},
		"oss://abc?region=r#hush":                            {"fragment"},
		"oss://me:hush@abc":                                  credentials,
		"oss://hush@abc":                                     credentials,
		"oss://abc?accesskeyid=hush":                         credentials,
		"oss://abc?AccessKeySecret=hush":                     credentials,
		"oss://abc?OSSAccessKeyId=hush":                      credentials,
		"oss://abc?x-oss-credential=hush":                    credentials,
		"oss://abc?Signature=hush":                           credentials,
		"oss://abc?security-token=hush":                      credentials,
		"oss://abc?password=hush":                            credentials,
		"oss://abc?pathstyle=hush":                           {`"pathstyle"`, "cname, endpoint, internal, path-style, region, signature, skip-verify"},
		"oss://abc?region=r&path-style=hush":                 {"path-style", "neither true nor false"},
		"oss://abc?region=r&signature=hush":                  {"signature", "neither v4 nor v1"},
		"oss://abc?region=":                                  {"region", "one value"},
		"oss://abc?region=a&region=b":                        {"region", "one value"},
		"oss://abc?region=%zz":                               {"key=value"},
		"oss://abc?region=r&endpoint=http://x:hush":          {"endpoint", "https://host:port"},
		"oss://abc":                                          {"no region"},
		"oss://abc?signature=v1":                             {"no region"},
		"oss://Abc?region=r":                                 {`"Abc"`},
		"oss://abc?region=r&cname=true":                      {"endpoint"},
		"oss://abc?region=r&endpoint=h&cname=1&path-style=1": {"choose one"},
	} {
		_, err := parse(t, raw)
		t.Run(raw, func(t *testing.T) { wantSays(t, err, says...) })
	}
}

// Where requests go.
func TestEndpoints(t *testing.T) {
	for _, c := range []struct {
		give Config
		want string
	}{
		{Config{Region: "cn-hangzhou"}, "https://abc.oss-cn-hangzhou.aliyuncs.com/key"},
		{Config{Region: "oss-cn-hangzhou", Insecure: true}, "http://abc.oss-cn-hangzhou.aliyuncs.com/key"},
		{Config{Region: "cn-hangzhou", Internal: true}, "https://abc.oss-cn-hangzhou-internal.aliyuncs.com/key"},
		{Config{Region: "vpc100-oss-cn-hangzhou"}, "https://abc.oss-cn-hangzhou-internal.aliyuncs.com/key"},
		{Config{Region: "r", Endpoint: "abc.oss-r.aliyuncs.com", Internal: true}, "https://abc.oss-r.aliyuncs.com/key"},
		{Config{Region: "r", Endpoint: "oss-r.aliyuncs.com", PathStyle: true}, "https://oss-r.aliyuncs.com/abc/key"},
		{Config{Region: "r", Endpoint: "abc.vpc100-oss-r.aliyuncs.com"}, "https://abc.vpc100-oss-r.aliyuncs.com/key"},
		{Config{Endpoint: "http://vpc100-oss-cn-x.aliyuncs.com"}, "http://abc.vpc100-oss-cn-x.aliyuncs.com/key"},
		{Config{Region: "r", Endpoint: "abc.host:81", Insecure: true}, "http://abc.host:81/key"},
		{Config{Region: "r", Endpoint: "https://host", Insecure: true}, "https://abc.host/key"},
		{Config{Region: "r", Endpoint: "own.host", CName: true}, "https://own.host/key"},
		{Config{Region: "r", Endpoint: "abc.own.host", CName: true}, "https://abc.own.host/key"},
		{Config{Region: "r", Endpoint: "127.0.0.1:82"}, "https://127.0.0.1:82/abc/key"},
		{Config{Region: "r", Endpoint: "http://[::1]:82/"}, "http://[::1]:82/abc/key"},
		{Config{Region: "r", Endpoint: "localhost:83"}, "https://localhost:83/abc/key"},
		{Config{Region: "r", Endpoint: "http://abc.localhost:83"}, "http://localhost:83/abc/key"},
		{Config{SignatureV1: true, Endpoint: "http://host"}, "http://abc.host/key"},
	} {
		c.give.Bucket, c.give.AccessKeyID, c.give.AccessKeySecret = "abc", "id", "secret"
		resolved, err := c.give.resolve()
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		b := newBucket(resolved, httpClient(false))
		signed, err := b.client.Presign(t.Context(), &oss.GetObjectRequest{Bucket: &b.name, Key: oss.Ptr("key")})
		if err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(signed.URL, "?"); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		give Config
		says string
	}{
		{Config{}, "no bucket"},
		{Config{Bucket: "abc"}, "no region"},
		{Config{Bucket: "ab", Region: "r"}, "cannot exist"},
		{Config{Bucket: "abc", Region: "r", AccessKeyID: "hush"}, "go together"},
		{Config{Bucket: "abc", Region: "r", AccessKeySecret: "hush"}, "go together"},
		{Config{Bucket: "abc", Region: "r", SecurityToken: "hush"}, "security token"},
	} {
		_, err := New(t.Context(), c.give)
		wantSays(t, err, c.says)
	}
}

// The key of a request is that of the registry:
// TrimLeft(TrimRight(root, "/")+path, "/").
func TestRoot(t *testing.T) {
	const path = "/docker/registry/v2/x"
	for _, root := range []string{"", "/", "//", "a", "/a", "a/", "/a/b//", "a//b", " a "} {
		d := open(t, Config{Bucket: "abc", Region: "r", Root: root})
		want := strings.TrimLeft(strings.TrimRight(root, "/")+path, "/")
		if got := d.Root + path[1:]; got != want {
			t.Errorf("root %q: %q, want %q", root, got, want)
		}
	}
	if name := open(t, Config{Bucket: "abc", Region: "r", Root: "/d/e/"}).Name(); name != "oss://abc/d/e" {
		t.Errorf("the name is %q", name)
	}
}

func TestConfigShowsNoSecret(t *testing.T) {
	c := Config{Bucket: "abc", Root: "/root/", AccessKeyID: "hush", AccessKeySecret: "hush", SecurityToken: "hush"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("opening", "config", c)
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", &c), fmt.Sprintf("%#v", c), log.String()} {
		if !strings.Contains(shown, "oss://abc/root") || strings.Contains(shown, "hush") {
			t.Errorf("shown as %s", shown)
		}
	}
}
