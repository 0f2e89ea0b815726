package oss

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage"
)

// isolate empties the environment of everything that names credentials.
func isolate(t *testing.T, set map[string]string) {
	t.Helper()
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "OSS_") || strings.HasPrefix(name, "ALIBABA_CLOUD_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", t.TempDir())
	for name, value := range set {
		t.Setenv(name, value)
	}
}

// The first source that is there is chosen, and no other.
func TestEnvironment(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(profile, []byte(`{"current":"p","profiles":[{"name":"p","mode":"AK","access_key_id":"pid","access_key_secret":"ps"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	own := map[string]string{"OSS_ACCESS_KEY_ID": "a", "OSS_ACCESS_KEY_SECRET": "b"}
	both := map[string]string{"OSS_ACCESS_KEY_ID": "a", "OSS_ACCESS_KEY_SECRET": "b", "OSS_SESSION_TOKEN": "c",
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "x", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "y", "ALIBABA_CLOUD_CONFIG_FILE": profile}
	rrsa := map[string]string{"ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1:oidc-provider/p",
		"ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/token"}
	with := func(set map[string]string, more ...string) map[string]string {
		all := map[string]string{}
		for name, value := range set {
			all[name] = value
		}
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	for _, c := range []struct {
		name string
		give map[string]string
		want providers.CredentialsProvider
	}{
		{"OSS", both, static{"a", "b", "c"}},
		{"without a token", own, static{"a", "b", ""}},
		{"Alibaba Cloud", map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "x", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "y",
			"ALIBABA_CLOUD_SECURITY_TOKEN": "z"}, static{"x", "y", "z"}},
		{"keys come before RRSA", with(rrsa, "OSS_ACCESS_KEY_ID", "a", "OSS_ACCESS_KEY_SECRET", "b"), static{"a", "b", ""}},
		{"a role to assume", with(own, "ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"), &providers.RAMRoleARNCredentialsProvider{}},
		{"RRSA", rrsa, &providers.OIDCCredentialsProvider{}},
		{"RRSA comes before a profile", with(rrsa, "ALIBABA_CLOUD_CONFIG_FILE", profile), &providers.OIDCCredentialsProvider{}},
		{"a profile", map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": profile}, &providers.CLIProfileCredentialsProvider{}},
		{"no profile wanted", map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": profile, "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"},
			&providers.ECSRAMRoleCredentialsProvider{}},
		{"the machine", nil, &providers.ECSRAMRoleCredentialsProvider{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			isolate(t, c.give)
			got, err := environment()
			if err != nil || fmt.Sprintf("%T", got.provider) != fmt.Sprintf("%T", c.want) || got.name == "" {
				t.Fatalf("%q %T, %v", got.name, got.provider, err)
			}
			if keys, ok := c.want.(static); ok && got.provider != keys {
				t.Errorf("%+v, want %+v", got.provider, keys)
			}
		})
	}
	isolate(t, nil)
	file := filepath.Join(os.Getenv("HOME"), ".aliyun", "config.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(profile, file); err != nil {
		t.Fatal(err)
	}
	got, err := newKeyring(Config{}).GetCredentials(t.Context())
	if err != nil || got.AccessKeyID != "pid" || got.AccessKeySecret != "ps" {
		t.Errorf("from the profile at home: %+v, %v", got, err)
	}
}

// Without credentials, that is said at once, by one attempt without a request.
func TestNoCredentials(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(broken, []byte(`{"access_key_secret": "hush"`), 0o600); err != nil {
		t.Fatal(err)
	}
	off := "ALIBABA_CLOUD_ECS_METADATA_DISABLED"
	for _, c := range []struct {
		name string
		give map[string]string
		says []string
	}{
		{"none", map[string]string{off: "true"},
			[]string{"no credentials were found", "accesskeyid", "OSS_ACCESS_KEY_ID", "profile", "role"}},
		{"half", map[string]string{"OSS_ACCESS_KEY_ID": "hush", "ALIBABA_CLOUD_ACCESS_KEY_ID": "x", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "y"},
			[]string{"OSS_ACCESS_KEY_ID is set", "OSS_ACCESS_KEY_SECRET is not"}},
		{"other half", map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "hush"},
			[]string{"ALIBABA_CLOUD_ACCESS_KEY_ID is not"}},
		{"part of RRSA", map[string]string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/hush", "ALIBABA_CLOUD_ROLE_ARN": "r"},
			[]string{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN is not"}},
		{"no token", map[string]string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/hush", "ALIBABA_CLOUD_ROLE_ARN": "r",
			"ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p"},
			[]string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE"}},
		{"broken profile", map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": broken}, []string{broken}},
		{"no profile", map[string]string{"ALIBABA_CLOUD_CONFIG_FILE": broken + "x"}, []string{broken + "x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			isolate(t, c.give)
			s := osstest.Start(t, osstest.Config{})
			config := of(s)
			config.AccessKeyID, config.AccessKeySecret = "", ""
			d := open(t, config)
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					_, err := d.Get(t.Context(), "key", 1)
					wantClass(t, err, objectstore.Failed, c.says...)
				})
			}
			wg.Wait()
			if n := d.Requests().Get; n != 8 || s.Total() != 0 {
				t.Errorf("%d attempts, %d requests", n, s.Total())
			}
		})
	}
}

// metadata is the service of an ECS instance, reached through a proxy.
func metadata(t *testing.T, credentials http.HandlerFunc) source {
	t.Helper()
	const path = "/latest/meta-data/ram/security-credentials/"
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /latest/api/token", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "session") })
	mux.HandleFunc("GET "+path+"{$}", func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "100.100.100.200" || r.Header.Get("X-Aliyun-Ecs-Metadata-Token") != "session" {
			t.Errorf("asked %s with %v", r.Host, r.Header)
		}
		fmt.Fprint(w, "my-role")
	})
	mux.HandleFunc("GET "+path+"my-role", credentials)
	proxy := httptest.NewServer(mux)
	t.Cleanup(proxy.Close)
	p, err := providers.NewECSRAMRoleCredentialsProviderBuilder().
		WithHttpOptions(&providers.HttpOptions{Proxy: proxy.URL}).Build()
	if err != nil {
		t.Fatal(err)
	}
	return source{"the ECS instance", p}
}

// on opens a driver with credentials from a source.
func on(t *testing.T, s *osstest.Server, from source) *Driver {
	t.Helper()
	d := open(t, of(s))
	d.API.(*bucket).keyring.choose = func() (source, error) { return from, nil }
	return d
}

// Temporary credentials of a role are fetched once, renewed when they end, and
// used to their end where that fails.
func TestRoleOfTheInstance(t *testing.T) {
	isolate(t, nil)
	s := osstest.Start(t, osstest.Config{SecurityToken: "the-token"})
	put(t, s, "key")
	var fetched int
	var life time.Duration
	status := 200
	d := on(t, s, metadata(t, func(w http.ResponseWriter, _ *http.Request) {
		fetched++
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":%q,"AccessKeySecret":%q,"SecurityToken":"the-token","Expiration":%q}`,
			osstest.AccessKeyID, osstest.AccessKeySecret, time.Now().Add(life).UTC().Format(time.RFC3339))
	}))
	get := func(want int) {
		t.Helper()
		for range 3 {
			if _, err := d.Get(t.Context(), "key", 100); err != nil {
				t.Fatal(err)
			}
		}
		if fetched != want {
			t.Errorf("fetched %d times, want %d", fetched, want)
		}
	}
	life = time.Minute // which is too soon to last
	get(3)
	life = time.Hour
	get(4)
	isolate(t, nil)
	d = on(t, s, d.API.(*bucket).keyring.source)
	life, status = time.Minute, 500
	get(4)
	k := d.API.(*bucket).keyring
	k.source.provider = failing{errors.New("hush")}
	get(4)
	if k.retry.IsZero() {
		t.Error("the source is asked again without a pause")
	}
}

// failing is a provider that gives nothing.
type failing struct{ err error }

func (f failing) GetCredentials() (*providers.Credentials, error) { return nil, f.err }
func (failing) GetProviderName() string                           { return "failing" }

// What a source says of itself is not shown, but for the code of an error.
func TestSourcesThatFail(t *testing.T) {
	isolate(t, nil)
	s := osstest.Start(t, osstest.Config{})
	role := func(body string) source {
		return metadata(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	for name, c := range map[string]struct {
		give source
		says []string
	}{
		"an error": {source{"the source", failing{errors.New(`refused: {"Code":"EntityNotExist.Role","Message":"hush"}`)}},
			[]string{"EntityNotExist.Role", "the source"}},
		"nothing": {source{"the source", failing{}}, []string{"the source"}},
		"no role": {role(`{"Code":"Failed"}`), []string{"no credentials were found"}},
		"parts missing": {role(`{"AccessKeyId":"hush","AccessKeySecret":"hush","SecurityToken":"hush"}`),
			[]string{"no credentials were found"}},
		"no expiry": {role(`{"Code":"Success","AccessKeyId":"hush","AccessKeySecret":"hush","SecurityToken":"hush"}`),
			[]string{"no credentials were found"}},
		"another service": {role("<html>hush"), []string{"no credentials were found"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := on(t, s, c.give)
			for range 3 {
				wantClass(t, list(t.Context(), d), objectstore.Failed, c.says...)
			}
			if s.Total() != 0 {
				t.Error("a request was sent")
			}
		})
	}
}

// waiting is a provider that does not answer.
type waiting struct{ failing }

func (waiting) GetCredentials() (*providers.Credentials, error) { select {} }

// The context ends the wait for a source that knows none.
func TestSourceThatHangs(t *testing.T) {
	s := osstest.Start(t, osstest.Config{})
	d := on(t, s, source{"the source", waiting{}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := d.Get(ctx, "key", 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

// After a failure, the next attempt may succeed.
func TestSourceThatRecovers(t *testing.T) {
	s := osstest.Start(t, osstest.Config{})
	d := on(t, s, source{"the source", failing{errors.New("later")}})
	wantClass(t, list(t.Context(), d), objectstore.Failed)
	k := d.API.(*bucket).keyring
	k.source.provider, k.retry = static{osstest.AccessKeyID, osstest.AccessKeySecret, ""}, time.Time{}
	for range 2 {
		if err := list(t.Context(), d); err != nil {
			t.Error(err)
		}
	}
}

// Signatures are refused with a remedy, and the engine does not insist.
func TestRefusedCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		server osstest.Config
		class  objectstore.Class
		says   []string
	}{
		"secret": {func(c *Config) { c.AccessKeySecret = "hush" }, osstest.Config{}, objectstore.Denied,
			[]string{"SignatureDoesNotMatch", "check the access key secret"}},
		"key": {func(c *Config) { c.AccessKeyID = "hush" }, osstest.Config{}, objectstore.Denied,
			[]string{"InvalidAccessKeyId"}},
		"token": {func(c *Config) { c.SecurityToken = "hush" }, osstest.Config{SecurityToken: "token"}, objectstore.Denied,
			[]string{"InvalidSecurityToken"}},
		"region": {func(c *Config) { c.Region = "cn-beijing" }, osstest.Config{}, objectstore.Failed,
			[]string{"set region", "cn-beijing"}},
		"clock": {func(*Config) {}, osstest.Config{Now: func() time.Time { return time.Now().Add(time.Hour) }}, objectstore.Denied,
			[]string{"check the clock"}},
		"bucket": {func(c *Config) { c.Bucket = "another" }, osstest.Config{}, objectstore.Failed,
			[]string{"NoSuchBucket", "check the bucket"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := osstest.Start(t, c.server)
			put(t, s, "key")
			config := of(s)
			c.change(&config)
			d := open(t, config)
			_, getErr := d.Get(t.Context(), "key", 100)
			_, statErr := d.Stat(t.Context(), "key")
			_, versionErr := d.KeepsVersions(t.Context())
			errs := []error{getErr, statErr, versionErr, d.Delete(t.Context(), "key")}
			for _, err := range d.List(t.Context(), "", storage.ListOptions{}) {
				errs = append(errs, err)
			}
			for _, err := range d.ListMultipartUploads(t.Context(), "") {
				errs = append(errs, err)
			}
			for _, err := range errs {
				wantClass(t, err, c.class, c.says...)
				if errors.Is(err, storage.ErrNotFound) {
					t.Errorf("taken for absence: %v", err)
				}
			}
			if len(errs) != 6 || s.Total() != 6 || len(s.Keys()) != 1 {
				t.Errorf("%d errors of %d requests, %q left", len(errs), s.Total(), s.Keys())
			}
		})
	}
}
