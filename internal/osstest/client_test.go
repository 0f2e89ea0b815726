package osstest_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/retry"
	"github.com/blobsweep/blobsweep/internal/osstest"
)

// roundTrip alters requests that are signed already.
type roundTrip func(r *http.Request)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return http.DefaultTransport.RoundTrip(r)
}

// client is the maker's SDK on the server, without retries.
func client(s *osstest.Server, change func(*oss.Config)) *oss.Client {
	c := oss.NewConfig().WithRegion(osstest.Region).WithEndpoint(s.URL).WithRetryer(retry.NopRetryer{}).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(osstest.AccessKeyID, osstest.AccessKeySecret))
	if change != nil {
		change(c)
	}
	return oss.NewClient(c)
}

// hosted sends requests to the server whatever host they are for.
func hosted(s *osstest.Server) func(*oss.Config) {
	address := strings.TrimPrefix(s.URL, "http://")
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return func(c *oss.Config) {
		c.WithEndpoint("http://oss-cn-hangzhou.aliyuncs.com").
			WithHttpClient(&http.Client{Transport: &http.Transport{DialContext: dial}})
	}
}

func keys(id, secret string, token ...string) func(*oss.Config) {
	return func(c *oss.Config) {
		c.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(id, secret, token...))
	}
}

func put(t *testing.T, s *osstest.Server, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := s.Put(t.Context(), key, []byte("content of "+key), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// wantError wants an error answer with everything that OSS tells in one.
func wantError(t *testing.T, err error, status int, code string) *oss.ServiceError {
	t.Helper()
	var e *oss.ServiceError
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want %s", err, code)
	}
	if e.StatusCode != status || e.Code != code || e.Message == "" || e.RequestID == "" || e.EC == "" ||
		e.RequestID != e.Headers.Get("x-oss-request-id") || !strings.Contains(string(e.Snapshot), "<HostId>") {
		t.Errorf("error is %d %s %q, request %q, EC %q: %s; want %d %s",
			e.StatusCode, e.Code, e.Message, e.RequestID, e.EC, e.Snapshot, status, code)
	}
	return e
}
