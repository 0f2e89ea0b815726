package s3

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// Config says which bucket to work on, and how to reach it. Bucket is required,
// and Region where there is neither an Endpoint nor a region in the SDK's own
// configuration.
type Config struct {
	Bucket string
	// Root is the prefix that the registry calls rootdirectory. Slashes at its
	// beginning and end make no difference.
	Root string

	Region string
	// Endpoint is the URL or the host of a store other than Amazon's, or of a
	// private endpoint. A host alone is reached by https.
	Endpoint string
	// Insecure uses plain http where Endpoint does not say which.
	Insecure bool
	// PathStyle puts the bucket's name into the path of requests, not in front
	// of the host. Where the endpoint is an address this is always so.
	PathStyle bool
	// SkipVerify accepts any certificate of the store.
	SkipVerify bool
	// UseDualStack, UseFIPS and Accelerate choose among Amazon's endpoints.
	UseDualStack, UseFIPS, Accelerate bool

	// AccessKey, SecretKey and, for temporary credentials, SessionToken take
	// precedence over all other credentials.
	AccessKey, SecretKey, SessionToken string
	// Profile of the SDK's shared configuration; empty means AWS_PROFILE.
	Profile string
	// Anonymous sends requests without a signature.
	Anonymous bool

	// Encrypt, KeyID (of a key in KMS), StorageClass and ObjectACL are those of the
	// registry, for the links that [Driver.Write] repairs. Empty ones are left to
	// the bucket.
	Encrypt                        bool
	KeyID, StorageClass, ObjectACL string

	// UserAgent is added to that of the SDK.
	UserAgent string
	// MaxRequests per second; zero means no limit.
	MaxRequests int
	// Logger receives what is tried again; nil discards it.
	Logger *slog.Logger
}

// defaultRegion is what requests to an endpoint are signed for when nothing
// else is said: most stores other than Amazon's do not care.
const defaultRegion = "us-east-1"

// String is the bucket and its prefix as a URL, without credentials.
func (c Config) String() string {
	return strings.TrimSuffix("s3://"+c.Bucket+"/"+objectstore.NormalRoot(c.Root), "/")
}

// GoString is [Config.String].
func (c Config) GoString() string { return c.String() }

// LogValue is [Config.String].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// check finds what cannot work, and fills in the scheme of the endpoint.
func (c *Config) check() error {
	switch {
	case c.Bucket == "":
		return errors.New("no bucket is named")
	case strings.Contains(c.Bucket, "/") && !strings.HasPrefix(c.Bucket, "arn:"):
		return fmt.Errorf("the bucket %q has a slash in it; what follows its name belongs into the root directory", c.Bucket)
	case (c.AccessKey == "") != (c.SecretKey == ""):
		return errors.New("an access key and a secret key go together; give both, or neither for the SDK's own chain")
	case c.SessionToken != "" && c.AccessKey == "":
		return errors.New("a session token needs its access key and secret key; give all three, or none of them")
	case c.Anonymous && c.AccessKey != "":
		return errors.New("requests are either anonymous or signed with an access key; choose one")
	case c.Endpoint != "" && (c.UseDualStack || c.UseFIPS || c.Accelerate):
		return errors.New("dual stack, FIPS and accelerated endpoints are Amazon's own; leave out the endpoint, or those")
	case c.Accelerate && c.PathStyle:
		return errors.New("the accelerated endpoint does not take path style; choose one")
	}
	return c.checkEndpoint()
}

func (c *Config) checkEndpoint() error {
	if c.Endpoint == "" {
		return nil
	}
	if !strings.Contains(c.Endpoint, "://") {
		scheme := "https://"
		if c.Insecure {
			scheme = "http://"
		}
		c.Endpoint = scheme + c.Endpoint
	}
	u, err := url.Parse(c.Endpoint)
	// What cannot be read may hold a password, so it is not shown.
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("the endpoint is not of the form https://host:port, without user, query or fragment")
	}
	return nil
}
