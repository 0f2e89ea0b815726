package oss

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// Config says which bucket to work on, and how to reach it. Bucket is required,
// and Region unless the Endpoint tells it.
type Config struct {
	Bucket string
	// Root is the prefix that the registry calls rootdirectory. Slashes at its
	// beginning and end make no difference.
	Root string

	// Region of the bucket, such as cn-hangzhou or oss-cn-hangzhou.
	Region string
	// Endpoint is the URL or the host to use in place of the region's own, with
	// the bucket's name in front or without. A host alone is reached by https.
	Endpoint string
	// Internal uses the region's endpoint for machines of Alibaba Cloud. It
	// makes no difference where there is an Endpoint.
	Internal bool
	// Insecure uses plain http where Endpoint does not say which.
	Insecure bool
	// PathStyle puts the bucket's name into the path of requests, not in front
	// of the host. Where the endpoint is an address or localhost this is always
	// so.
	PathStyle bool
	// CName says that Endpoint is a domain of one's own that is bound to the
	// bucket: its name is put nowhere.
	CName bool
	// SkipVerify accepts any certificate of the store.
	SkipVerify bool
	// SignatureV1 signs as old stores demand it, without a region.
	SignatureV1 bool

	// AccessKeyID, AccessKeySecret and, for temporary credentials,
	// SecurityToken take precedence over all other credentials.
	AccessKeyID, AccessKeySecret, SecurityToken string

	// Encrypt and EncryptionKeyID (of a key in KMS) are those of the registry, for
	// the links that [Driver.Write] repairs. Without them the bucket's own rule
	// holds, as it does for the access to them.
	Encrypt         bool
	EncryptionKeyID string

	// MaxRequests per second; zero means no limit.
	MaxRequests int
	// Logger receives what is tried again; nil discards it.
	Logger *slog.Logger
}

// String is the bucket and its prefix as a URL, without credentials.
func (c Config) String() string {
	return strings.TrimSuffix("oss://"+c.Bucket+"/"+objectstore.NormalRoot(c.Root), "/")
}

// GoString is [Config.String].
func (c Config) GoString() string { return c.String() }

// LogValue is [Config.String].
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// resolve finds what cannot work, and fills in what follows from the rest.
func (c Config) resolve() (Config, error) {
	switch {
	case c.Bucket == "":
		return c, errors.New("no bucket is named")
	case !oss.IsValidBucketName(&c.Bucket):
		return c, fmt.Errorf("the bucket %q cannot exist: the name of one is 3 to 63 lower case letters, digits and hyphens; "+
			"what follows the bucket's name belongs into the root directory", c.Bucket)
	case (c.AccessKeyID == "") != (c.AccessKeySecret == ""):
		return c, errors.New("an access key ID and an access key secret go together; " +
			"give both, or neither for those of the environment")
	case c.SecurityToken != "" && c.AccessKeyID == "":
		return c, errors.New("a security token needs its access key ID and secret; " +
			"give all three, or none for those of the environment")
	case c.CName && c.Endpoint == "":
		return c, errors.New("a domain of one's own (CName) goes into the endpoint, which is missing")
	case c.CName && c.PathStyle:
		return c, errors.New("a domain of one's own (CName) does not take path style; choose one")
	}
	c.plainRegion()
	if c.Endpoint != "" {
		if err := c.resolveEndpoint(); err != nil {
			return c, err
		}
	}
	switch {
	case c.Region == "" && (c.Endpoint == "" || !c.SignatureV1):
		return c, errors.New("no region is named; set it to that of the bucket, such as cn-hangzhou")
	case c.Region != "" && !oss.IsValidRegion(c.Region):
		return c, fmt.Errorf("the region %q cannot exist; set it to that of the bucket, such as cn-hangzhou", c.Region)
	}
	return c, nil
}

// plainRegion takes off what old configurations have around a region: oss- in
// front, or vpc100-oss-, and -internal behind it.
func (c *Config) plainRegion() {
	if before, after, found := strings.Cut(c.Region, "oss-"); found {
		c.Region = after
		c.Internal = c.Internal || before != ""
	}
	plain, internal := strings.CutSuffix(c.Region, "-internal")
	c.Region, c.Internal = plain, c.Internal || internal
}
