package drivers

import (
	"context"
	"net/url"

	"github.com/blobsweep/blobsweep/drivers/oss"
	"github.com/blobsweep/blobsweep/drivers/s3"
	"github.com/distribution/distribution/v3/configuration"
)

// openBucketURL opens the bucket that an s3:// or oss:// URL names.
func openBucketURL(ctx context.Context, u *url.URL, opts Options) (*Registry, error) {
	if u.Scheme == "oss" {
		c, err := oss.ParseURL(u)
		if err != nil {
			return nil, usage(err, "%v", err)
		}
		return openOSS(ctx, c, opts)
	}
	c, err := s3.ParseURL(u)
	if err != nil {
		return nil, usage(err, "%v", err)
	}
	return openS3(ctx, c, opts)
}

// openBucketConfig opens the bucket that a section of a registry's
// configuration names, and warns of parameters that are not known.
func openBucketConfig(ctx context.Context, file string, config configuration.Storage, opts Options) (*Registry, error) {
	var unknown []string
	var err error
	defer func() {
		for _, name := range unknown {
			opts.Logger.Warn("a parameter of the storage driver is not known, and ignored",
				"file", file, "driver", config.Type(), "parameter", name)
		}
	}()
	if config.Type() == "oss" {
		var c oss.Config
		if c, unknown, err = oss.ParseParameters(config.Parameters()); err != nil {
			return nil, usage(err, "%s: %v", file, err)
		}
		return openOSS(ctx, c, opts)
	}
	var c s3.Config
	if c, unknown, err = s3.ParseParameters(config.Parameters()); err != nil {
		return nil, usage(err, "%s: %v", file, err)
	}
	return openS3(ctx, c, opts)
}

func openS3(ctx context.Context, c s3.Config, opts Options) (*Registry, error) {
	c.MaxRequests, c.Logger = opts.MaxRequests, opts.Logger
	driver, err := s3.New(ctx, c)
	if err != nil {
		return nil, usage(err, "%v", err)
	}
	return &Registry{Driver: driver, Name: driver.Name()}, nil
}

func openOSS(ctx context.Context, c oss.Config, opts Options) (*Registry, error) {
	c.MaxRequests, c.Logger = opts.MaxRequests, opts.Logger
	driver, err := oss.New(ctx, c)
	if err != nil {
		return nil, usage(err, "%v", err)
	}
	return &Registry{Driver: driver, Name: driver.Name()}, nil
}
