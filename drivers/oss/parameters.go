package oss

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// ParseParameters makes a Config of the section oss in a registry's
// configuration. It knows every parameter of the driver of Distribution v2.8,
// which is also Harbor's; takes chunksize in silence, which is about writing large
// objects; and returns the names of all others. As there, a region may begin with oss-, and an endpoint is a whole
// host: with the bucket's name in front, or a domain that is bound to the
// bucket. Booleans may be strings. Without accesskeyid and accesskeysecret,
// credentials are looked for elsewhere, see the package's documentation.
func ParseParameters(p map[string]any) (c Config, unknown []string, err error) {
	secure := true
	for _, name := range slices.Sorted(maps.Keys(p)) {
		value := p[name]
		switch name {
		case "accesskeyid":
			c.AccessKeyID = text(value)
		case "accesskeysecret":
			c.AccessKeySecret = text(value)
		case "region":
			c.Region = text(value)
		case "bucket":
			c.Bucket = text(value)
		case "endpoint":
			c.Endpoint = text(value)
		case "rootdirectory":
			c.Root = text(value)
		case "internal":
			c.Internal, err = boolean(value, false)
		case "secure":
			secure, err = boolean(value, true)
		case "encrypt":
			c.Encrypt, err = boolean(value, false)
		case "encryptionkeyid":
			c.EncryptionKeyID = text(value)
		case "chunksize":
		default:
			unknown = append(unknown, name)
		}
		if err != nil {
			return Config{}, nil, fmt.Errorf("the oss parameter %s is %w", name, err)
		}
	}
	c.Insecure = !secure
	c.plainRegion()
	c.CName = ownDomain(c.Endpoint, c.Bucket)
	for _, needed := range []struct {
		name, variable string
		missing        bool
	}{
		{"bucket", "BUCKET", c.Bucket == ""},
		{"accesskeyid", "ACCESSKEYID", c.AccessKeyID == "" && c.AccessKeySecret != ""},
		{"accesskeysecret", "ACCESSKEYSECRET", c.AccessKeySecret == "" && c.AccessKeyID != ""},
		{"region", "REGION", c.Region == "" && c.Endpoint == ""},
	} {
		if needed.missing {
			return Config{}, nil, fmt.Errorf("the oss parameter %s is missing; set it, or REGISTRY_STORAGE_OSS_%s",
				needed.name, needed.variable)
		}
	}
	if _, err := c.resolve(); err != nil {
		return Config{}, nil, fmt.Errorf("the oss parameters: %w", err)
	}
	return c, unknown, nil
}

// text reads a parameter: YAML makes numbers of some names.
func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// boolean reads a parameter that is true or false. One without a value, as the
// environment may have it, is the default.
func boolean(value any, otherwise bool) (bool, error) {
	if b, ok := value.(bool); ok {
		return b, nil
	}
	s, ok := value.(string)
	if value == nil || ok && s == "" {
		return otherwise, nil
	}
	b, err := strconv.ParseBool(s)
	if !ok || err != nil {
		return false, fmt.Errorf("neither true nor false; write one of them")
	}
	return b, nil
}
