package drivers_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage"
)

// bucketServer is an OSS server with one object of a registry under reg/.
func bucketServer(t *testing.T) *osstest.Server {
	t.Helper()
	server := osstest.Start(t, osstest.Config{})
	for _, key := range []string{"reg/" + tree + "/file", "reg-2/" + tree + "/other"} {
		if err := server.Put(t.Context(), key, []byte("content"), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	return server
}

// ossConfig is the configuration of a registry in that bucket.
func ossConfig(s *osstest.Server, more string) string {
	return config("  oss:\n    accesskeyid: " + osstest.AccessKeyID + "\n    region: oss-" + osstest.Region +
		"\n    bucket: " + osstest.Bucket + "\n    rootdirectory: /reg\n    secure: \"false\"\n    endpoint: " +
		strings.TrimPrefix(s.URL, "http://") + "\n" + more)
}

// openBucket opens the registry in the bucket, and looks whether it has its one
// object.
func openBucket(t *testing.T, what string, opts drivers.Options) *drivers.Registry {
	t.Helper()
	r, err := drivers.Open(t.Context(), what, opts)
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "oss://"+osstest.Bucket+"/reg" {
		t.Errorf("its name is %q", r.Name)
	}
	var keys []string
	for o, err := range r.Driver.List(t.Context(), "", storage.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	if len(keys) != 1 || keys[0] != tree+"/file" {
		t.Errorf("it lists %q", keys)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return r
}

func TestOpenBucketConfig(t *testing.T) {
	s := bucketServer(t)
	t.Setenv("REGISTRY_STORAGE_OSS_ACCESSKEYSECRET", osstest.AccessKeySecret) // as secrets are given
	file := write(t, t.TempDir(), "config.yml", ossConfig(s, "    colour: red\n  cache:\n    blobdescriptor: redis\n"))
	var log bytes.Buffer
	r := openBucket(t, file, drivers.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if r.Cache != "redis" {
		t.Errorf("its cache is %q", r.Cache)
	}
	if out := log.String(); strings.Count(out, "\n") != 1 || !strings.Contains(out, "colour") || !strings.Contains(out, file) {
		t.Errorf("it logs %q", out)
	}
	if strings.Contains(log.String(), osstest.AccessKeySecret) {
		t.Error("it logs the secret")
	}
}

func TestOpenBucketURL(t *testing.T) {
	s := bucketServer(t)
	t.Setenv("OSS_ACCESS_KEY_ID", osstest.AccessKeyID)
	t.Setenv("OSS_ACCESS_KEY_SECRET", osstest.AccessKeySecret)
	openBucket(t, "OSS://"+osstest.Bucket+"/reg/?region="+osstest.Region+"&endpoint="+s.URL, drivers.Options{})
}

func TestOpenS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "ak")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush")
	for _, what := range []string{
		"s3://bucket/reg?region=us-east-1",
		write(t, t.TempDir(), "config.yml", config("  s3:\n    bucket: bucket\n    region: us-east-1\n    rootdirectory: /reg/\n")),
		write(t, t.TempDir(), "config.yml", config("  s3aws: {bucket: bucket, regionendpoint: 127.0.0.1:1, rootdirectory: reg}\n")),
	} {
		r, err := drivers.Open(t.Context(), what, drivers.Options{})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if r.Name != "s3://bucket/reg" {
			t.Errorf("%s has the name %q", what, r.Name)
		}
		if _, ok := r.Driver.(storage.MultipartAborter); !ok {
			t.Errorf("%s hides the powers of its driver", what)
		}
	}
}

// MaxRequests counts what is sent, on disks as in buckets.
func TestOpenLimitsRequests(t *testing.T) {
	s := bucketServer(t)
	const perSecond, requests = 50, 15
	for name, what := range map[string]string{
		"directory": registry(t),
		"bucket": write(t, t.TempDir(), "config.yml",
			ossConfig(s, "    accesskeysecret: "+osstest.AccessKeySecret+"\n")),
	} {
		r, err := drivers.Open(t.Context(), what, drivers.Options{MaxRequests: perSecond})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for range requests {
			if _, err := r.Driver.Get(t.Context(), tree+"/file", 10); err != nil {
				t.Fatal(err)
			}
		}
		// A tenth of a second's worth may go at once.
		if least := time.Second * (requests - perSecond/10 - 1) / perSecond; time.Since(start) < least {
			t.Errorf("%s: %d requests took %v, less than %v", name, requests, time.Since(start), least)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What a store refuses is told by the names that an operator knows.
func TestOpenBucketDenied(t *testing.T) {
	s := bucketServer(t)
	file := write(t, t.TempDir(), "config.yml", ossConfig(s, "    accesskeysecret: wrong-and-hushed\n"))
	r, err := drivers.Open(t.Context(), file, drivers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range r.Driver.List(t.Context(), tree+"/", storage.ListOptions{}) {
		if !errors.Is(err, fs.ErrPermission) {
			t.Fatalf("it lists, with the error %v", err)
		}
		for _, want := range []string{"list", osstest.Bucket, "reg/" + tree} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
		if strings.Contains(err.Error(), "hushed") {
			t.Errorf("%q tells the secret", err)
		}
	}
}
