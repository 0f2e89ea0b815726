package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// Driver is a storage.Driver over a bucket, with all the optional powers that
// package storage has for object stores.
type Driver struct {
	*objectstore.Driver
}

// New returns a driver. It reads the SDK's configuration from the environment
// and from files, and sends no request: whether the bucket is there shows when
// it is listed.
func New(ctx context.Context, c Config) (*Driver, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	store, err := newBucket(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Driver{objectstore.New(objectstore.Config{
		API: store, Scheme: "s3", Bucket: c.Bucket, Root: objectstore.NormalRoot(c.Root),
		MaxRequests: c.MaxRequests, Logger: c.Logger,
		Permissions: map[objectstore.Op]string{
			objectstore.OpList:       "s3:ListBucket",
			objectstore.OpGet:        "s3:GetObject",
			objectstore.OpWrite:      "s3:PutObject",
			objectstore.OpStat:       "s3:GetObject and s3:ListBucket",
			objectstore.OpDelete:     "s3:DeleteObject",
			objectstore.OpUploads:    "s3:ListBucketMultipartUploads",
			objectstore.OpParts:      "s3:ListMultipartUploadParts",
			objectstore.OpAbort:      "s3:AbortMultipartUpload",
			objectstore.OpVersioning: "s3:GetBucketVersioning",
		},
	})}, nil
}

// newBucket makes the SDK's client. It does not retry, does not log, and does
// not adapt to a wrong clock: the ages of objects are told by the same clock.
func newBucket(ctx context.Context, c Config) (*bucket, error) {
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	switch {
	case c.Anonymous:
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	case c.AccessKey != "":
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, c.SessionToken)))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("s3: the SDK's configuration (AWS_* in the environment, ~/.aws/config, the profile): %w",
			&unread{objectstore.Redact(err.Error(), c.SecretKey, c.SessionToken, c.AccessKey), err})
	}
	if loaded.Region == "" && c.Endpoint != "" {
		loaded.Region = defaultRegion
	}
	if loaded.Region == "" {
		return nil, errors.New("s3: no region is named; set it, or AWS_REGION")
	}
	b := &bucket{name: c.Bucket, keyring: keyring{chain: loaded.Credentials}, writing: c.writing()}
	b.client = s3.NewFromConfig(loaded, func(o *s3.Options) {
		if !c.Anonymous {
			o.Credentials = &b.keyring
		}
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
		o.EndpointResolverV2 = &endpoints{rules: o.EndpointResolverV2}
		o.HTTPClient = httpClient(loaded.HTTPClient, c.SkipVerify)
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = append(o.APIOptions, withoutRetries)
		o.DisableClockSkewCorrection = true
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.DisableLogOutputChecksumValidationSkipped = true
		o.UsePathStyle = c.PathStyle
		o.UseAccelerate = c.Accelerate
		o.EndpointOptions.DisableHTTPS = c.Insecure && c.Endpoint == ""
		if c.UseDualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
		if c.UseFIPS {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if c.UserAgent != "" {
			o.APIOptions = append(o.APIOptions, awsmiddleware.AddUserAgentKey(c.UserAgent))
		}
	})
	return b, nil
}

// withoutRetries takes out the step of the SDK that repeats requests. With a
// retryer that never does it would still copy each.
func withoutRetries(stack *middleware.Stack) error {
	_, err := stack.Finalize.Remove("Retry")
	return err
}

// unread is an error of reading the configuration, whose text may repeat URLs
// and credentials.
type unread struct {
	text  string // without them
	cause error
}

func (e *unread) Error() string { return e.text }
func (e *unread) Unwrap() error { return e.cause }

// maxIdle connections to one host are kept for the next request: more than
// there are requests in flight.
const maxIdle = 512

// httpClient derives the client for the store from that of the SDK, which knows
// the AWS_CA_BUNDLE and also talks to the sources of credentials: for those,
// certificates are always verified.
func httpClient(shared aws.HTTPClient, skipVerify bool) aws.HTTPClient {
	client, ok := shared.(*awshttp.BuildableClient)
	if !ok {
		client = awshttp.NewBuildableClient()
	}
	return client.WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = maxIdle, maxIdle
		t.TLSClientConfig.InsecureSkipVerify = skipVerify
	})
}
