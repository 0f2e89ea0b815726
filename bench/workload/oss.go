package workload

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	bucket "github.com/blobsweep/blobsweep/drivers/oss"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// OSS is a Sink that fills a bucket, which has to be there. It is configured as
// blobsweep's driver is, but without keys it takes those of the environment
// alone; MaxRequests and Logger make no difference. The times of the objects
// are those of writing.
func OSS(c bucket.Config) (Sink, error) {
	var keys credentials.CredentialsProvider = credentials.NewEnvironmentVariableCredentialsProvider()
	if c.AccessKeyID != "" {
		keys = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.AccessKeySecret, c.SecurityToken)
	}
	config := oss.NewConfig().
		WithRegion(c.Region).
		WithCredentialsProvider(keys).
		WithHttpClient(&http.Client{Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.SkipVerify},
			MaxIdleConnsPerHost: storeWorkers,
		}}).
		WithUsePathStyle(c.PathStyle).
		WithUseCName(c.CName).
		WithUseInternalEndpoint(c.Internal).
		WithDisableSSL(c.Insecure)
	if c.Endpoint != "" {
		u, err := url.Parse(endpointURL(c.Endpoint, c.Insecure))
		if err != nil || u.Host == "" {
			return nil, errors.New("workload: the endpoint of the OSS bucket is no URL and no host")
		}
		if !c.CName {
			u.Host = strings.TrimPrefix(u.Host, c.Bucket+".")
		}
		config.WithEndpoint(u.Scheme + "://" + u.Host)
		config.WithUsePathStyle(c.PathStyle || u.Hostname() == "localhost")
		if region, ok := strings.CutPrefix(u.Hostname(), "oss-"); ok && c.Region == "" {
			region, _, _ = strings.Cut(region, ".")
			config.WithRegion(strings.TrimSuffix(region, "-internal"))
		}
	}
	if c.SignatureV1 {
		config.WithSignatureVersion(oss.SignatureVersionV1)
	}
	return ossSink{oss.NewClient(config), c.Bucket, objectstore.NormalRoot(c.Root)}, nil
}

type ossSink struct {
	client *oss.Client
	bucket string
	root   string // empty, or with a slash at its end
}

// Workers implements [Parallel].
func (s ossSink) Workers() int { return storeWorkers }

// Put implements [Sink].
func (s ossSink) Put(ctx context.Context, o Object) error {
	_, err := s.client.PutObject(ctx, &oss.PutObjectRequest{
		Bucket: &s.bucket, Key: oss.Ptr(s.root + o.Key), Body: bytes.NewReader(o.Content),
	})
	if err != nil {
		return fmt.Errorf("lay out %s: %w", o.Key, err)
	}
	return nil
}
