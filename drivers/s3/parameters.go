package s3

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// irrelevant are parameters that make no difference here: they are about writing
// large objects, about redirecting clients to them, and about logs. Of the two
// versions of signatures, only the newer one is spoken.
// Source: registry/storage/driver/s3-aws of CNCF Distribution v3.1.2.
var irrelevant = []string{
	"chunksize", "loglevel", "multipartcopychunksize", "multipartcopymaxconcurrency",
	"multipartcopythresholdsize", "redirectendpoint", "v4auth",
}

// ParseParameters makes a Config of the section s3 or s3aws in a registry's
// configuration, with the registry's defaults. It knows every parameter of
// Distribution v3.1.2, takes those that are no matter to a collector in
// silence, and returns the names of all others. As in the registry, booleans
// may be strings, accesskey and secretkey only count together, and an endpoint
// overrides what chooses among Amazon's.
func ParseParameters(p map[string]any) (c Config, unknown []string, err error) {
	texts := map[string]*string{
		"accesskey": &c.AccessKey, "secretkey": &c.SecretKey, "sessiontoken": &c.SessionToken,
		"bucket": &c.Bucket, "rootdirectory": &c.Root, "region": &c.Region, "regionendpoint": &c.Endpoint,
		"useragent": &c.UserAgent, "keyid": &c.KeyID, "storageclass": &c.StorageClass, "objectacl": &c.ObjectACL,
	}
	secure := true
	switches := map[string]*bool{
		"secure": &secure, "skipverify": &c.SkipVerify, "forcepathstyle": &c.PathStyle,
		"encrypt": &c.Encrypt, "usedualstack": &c.UseDualStack, "accelerate": &c.Accelerate, "usefipsendpoint": &c.UseFIPS,
	}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		value := p[name]
		text, isText := texts[name]
		on, isSwitch := switches[name]
		switch {
		case value == nil && (isText || isSwitch):
		case isText:
			*text = fmt.Sprint(value) // YAML makes numbers of some names
		case isSwitch:
			if err = parseSwitch(on, value); err != nil {
				return Config{}, nil, fmt.Errorf("the s3 parameter %s: %w", name, err)
			}
		case !slices.Contains(irrelevant, name):
			unknown = append(unknown, name)
		}
	}
	c.Insecure = !secure
	if c.AccessKey == "" || c.SecretKey == "" {
		c.AccessKey, c.SecretKey, c.SessionToken = "", "", ""
	}
	if c.Endpoint != "" {
		c.UseDualStack, c.UseFIPS, c.Accelerate = false, false, false
	}
	if c.Accelerate {
		c.PathStyle = false
	}
	if c.Bucket == "" {
		return Config{}, nil, errors.New("the s3 parameter bucket is missing; set it, or REGISTRY_STORAGE_S3_BUCKET")
	}
	if c.Region == "" && c.Endpoint == "" {
		return Config{}, nil, errors.New("the s3 parameter region is missing; set it, or REGISTRY_STORAGE_S3_REGION")
	}
	checked := c
	if err := checked.check(); err != nil {
		return Config{}, nil, fmt.Errorf("the s3 parameters: %w", err)
	}
	return c, unknown, nil
}

// parseSwitch reads a YAML boolean or a string. An empty string, which the
// environment may hold, changes nothing.
func parseSwitch(on *bool, value any) error {
	switch value := value.(type) {
	case bool:
		*on = value
		return nil
	case string:
		if value == "" {
			return nil
		}
		if parsed, err := strconv.ParseBool(value); err == nil {
			*on = parsed
			return nil
		}
	}
	return errors.New("neither true nor false; write one of them")
}
