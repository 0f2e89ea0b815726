package oss

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// queryKeys are what an oss:// URL knows.
var queryKeys = []string{"cname", "endpoint", "internal", "path-style", "region", "signature", "skip-verify"}

// ParseURL makes a Config of oss://bucket/prefix?key=value&… The keys are:
//
//	region       of the bucket, such as cn-hangzhou; needed unless the endpoint
//	             tells it
//	endpoint     URL or host in place of the region's own; a host alone is
//	             reached by https
//	internal     true: the region's endpoint for machines of Alibaba Cloud
//	path-style   true: the bucket's name goes into the path
//	cname        true: the endpoint is a domain that is bound to the bucket
//	signature    v4, the default, or v1
//	skip-verify  true: any certificate of the store will do
//
// Credentials are not among them: URLs end up in logs and process lists.
func ParseURL(u *url.URL) (Config, error) {
	c, err := parseURL(u)
	if err == nil {
		_, err = c.resolve()
	}
	if err != nil {
		return Config{}, fmt.Errorf("the oss:// URL: %w; write oss://bucket/prefix?region=…", err)
	}
	return c, nil
}

// errCredentials does not show them.
var errCredentials = errors.New("it must not hold credentials; they come from the environment (OSS_ACCESS_KEY_ID, " +
	"OSS_ACCESS_KEY_SECRET), the profile of the aliyun command or the role of the machine")

func parseURL(u *url.URL) (c Config, err error) {
	query, queryErr := url.ParseQuery(u.RawQuery)
	switch {
	case u.User != nil:
		return c, errCredentials
	case u.Scheme != "oss":
		return c, fmt.Errorf("its scheme is %q", u.Scheme)
	case u.Opaque != "" || u.Host == "":
		return c, errors.New("it names no bucket")
	case strings.Contains(u.Host, ":"):
		return c, errors.New("it names a host and port in place of a bucket; those go into endpoint=")
	case u.Fragment != "":
		return c, errors.New("it has a fragment; in a prefix, # is written %23")
	case queryErr != nil:
		return c, errors.New("its query is not of the form key=value&key=value, with special characters escaped")
	}
	c.Bucket, c.Root = u.Host, u.Path
	for _, key := range slices.Sorted(maps.Keys(query)) {
		switch {
		case !slices.Contains(queryKeys, key) && objectstore.Secretive(key):
			return c, errCredentials
		case !slices.Contains(queryKeys, key):
			return c, fmt.Errorf("the key %q is not known; known are %s", key, strings.Join(queryKeys, ", "))
		case len(query[key]) > 1 || query[key][0] == "":
			return c, fmt.Errorf("the key %s must have one value", key)
		}
		if err := c.setQuery(key, query[key][0]); err != nil {
			return c, fmt.Errorf("the key %s is %w", key, err)
		}
	}
	return c, nil
}

// setQuery takes over one key of a query.
func (c *Config) setQuery(key, value string) (err error) {
	switch key {
	case "region":
		c.Region = value
		c.plainRegion()
	case "endpoint":
		c.Endpoint = value
	case "internal":
		c.Internal, err = boolean(value, false)
	case "path-style":
		c.PathStyle, err = boolean(value, false)
	case "cname":
		c.CName, err = boolean(value, false)
	case "skip-verify":
		c.SkipVerify, err = boolean(value, false)
	case "signature":
		if c.SignatureV1 = value == "v1"; !c.SignatureV1 && value != "v4" {
			return errors.New("neither v4 nor v1")
		}
	}
	return err
}
