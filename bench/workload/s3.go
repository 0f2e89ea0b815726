package workload

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	bucket "github.com/blobsweep/blobsweep/drivers/s3"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// S3 is a Sink that fills a bucket, which has to be there. It is configured as
// blobsweep's driver is; MaxRequests and Logger make no difference. The times
// of the objects are those of writing.
func S3(ctx context.Context, c bucket.Config) (Sink, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(c.Region), config.WithSharedConfigProfile(c.Profile)}
	switch {
	case c.Anonymous:
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	case c.AccessKey != "":
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(c.AccessKey, c.SecretKey, c.SessionToken)))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("workload: the configuration of the S3 client: %w", err)
	}
	if loaded.Region == "" {
		loaded.Region = "us-east-1" // what stores other than Amazon's do not ask for
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(endpointURL(c.Endpoint, c.Insecure))
		}
		client, ok := loaded.HTTPClient.(*awshttp.BuildableClient) // it knows AWS_CA_BUNDLE
		if !ok {
			client = awshttp.NewBuildableClient()
		}
		o.HTTPClient = client.WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns, t.MaxIdleConnsPerHost = storeWorkers, storeWorkers
			t.TLSClientConfig.InsecureSkipVerify = c.SkipVerify
		})
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.UsePathStyle = c.PathStyle
		o.UseAccelerate = c.Accelerate
		o.EndpointOptions.DisableHTTPS = c.Insecure && c.Endpoint == ""
		if c.UseDualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
		if c.UseFIPS {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
	})
	return s3Sink{client, c.Bucket, objectstore.NormalRoot(c.Root)}, nil
}

// endpointURL gives the endpoint a scheme where it has none.
func endpointURL(endpoint string, insecure bool) string {
	switch {
	case strings.Contains(endpoint, "://"):
		return endpoint
	case insecure:
		return "http://" + endpoint
	}
	return "https://" + endpoint
}

// storeWorkers is how many objects are sent to an object store at a time.
const storeWorkers = 64

type s3Sink struct {
	client *s3.Client
	bucket string
	root   string // empty, or with a slash at its end
}

// Workers implements [Parallel].
func (s s3Sink) Workers() int { return storeWorkers }

// Put implements [Sink].
func (s s3Sink) Put(ctx context.Context, o Object) error {
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: aws.String(s.root + o.Key), Body: bytes.NewReader(o.Content),
	})
	if err != nil {
		return fmt.Errorf("lay out %s: %w", o.Key, err)
	}
	return nil
}
