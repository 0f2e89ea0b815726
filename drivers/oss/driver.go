package oss

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/retry"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// Driver is a storage.Driver over a bucket, with all the optional powers that
// package storage has for object stores.
type Driver struct {
	*objectstore.Driver
}

// New returns a driver. It sends no request: whether there are credentials, and
// the bucket, shows when it is listed.
func New(ctx context.Context, c Config) (*Driver, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := c.resolve()
	if err != nil {
		return nil, fmt.Errorf("oss: %w", err)
	}
	return &Driver{objectstore.New(objectstore.Config{
		API: newBucket(c, httpClient(c.SkipVerify)), Scheme: "oss", Bucket: c.Bucket, Root: objectstore.NormalRoot(c.Root),
		MaxRequests: c.MaxRequests, Logger: c.Logger,
		Permissions: map[objectstore.Op]string{
			objectstore.OpList:       "oss:ListObjects",
			objectstore.OpGet:        "oss:GetObject",
			objectstore.OpWrite:      "oss:PutObject",
			objectstore.OpStat:       "oss:GetObject",
			objectstore.OpDelete:     "oss:DeleteObject",
			objectstore.OpUploads:    "oss:ListMultipartUploads",
			objectstore.OpParts:      "oss:ListParts",
			objectstore.OpAbort:      "oss:AbortMultipartUpload",
			objectstore.OpVersioning: "oss:GetBucketVersioning",
		},
	})}, nil
}

// newBucket makes the SDK's client of a resolved configuration.
func newBucket(c Config, client *http.Client) *bucket {
	b := &bucket{name: c.Bucket, region: c.Region, keyring: newKeyring(c), encrypt: c.Encrypt, keyID: c.EncryptionKeyID}
	config := oss.NewConfig().
		WithRegion(c.Region).
		WithCredentialsProvider(b.keyring).
		WithRetryer(retry.NopRetryer{}).
		WithHttpClient(client).
		WithUsePathStyle(c.PathStyle).
		WithUseCName(c.CName).
		WithUseInternalEndpoint(c.Internal).
		WithDisableSSL(c.Insecure).
		WithUserAgent("blobsweep")
	if c.Endpoint != "" {
		config = config.WithEndpoint(c.Endpoint)
	}
	if c.SignatureV1 {
		config = config.WithSignatureVersion(oss.SignatureVersionV1)
	}
	b.client = oss.NewClient(config)
	return b
}

// maxIdle connections are kept for the next request: more than there are
// requests in flight.
const maxIdle = 512

// httpClient keeps many connections, follows no redirects, and leaves time
// limits to the context.
func httpClient(skipVerify bool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: skipVerify},
			MaxIdleConns:        maxIdle,
			MaxIdleConnsPerHost: maxIdle,
			IdleConnTimeout:     90 * time.Second,
			DisableCompression:  true, // sizes are those of the objects
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
