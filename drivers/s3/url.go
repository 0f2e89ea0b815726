package s3

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// ParseURL makes a Config of s3://bucket/prefix?key=value&… The keys are:
//
//	region       of the bucket; else that of the SDK's configuration
//	endpoint     URL or host of another store; a host alone is reached by https
//	path-style   true: the bucket's name goes into the path
//	profile      of the SDK's shared configuration
//	anonymous    true: requests are not signed
//	skip-verify  true: any certificate of the store will do
//	dual-stack, fips, accelerate
//	             true: that one of Amazon's endpoints
//
// Credentials are not among them: URLs end up in logs and process lists. They
// come from the SDK's chain.
func ParseURL(u *url.URL) (Config, error) {
	fail := func(format string, args ...any) (Config, error) {
		return Config{}, fmt.Errorf("an s3:// URL %w; write s3://bucket/prefix?region=…", fmt.Errorf(format, args...))
	}
	switch {
	case u.Scheme != "s3":
		return fail("cannot have the scheme %q", u.Scheme)
	case u.User != nil:
		return fail("takes no credentials, %s", elsewhere)
	case u.Opaque != "" || u.Host == "":
		return fail("has to name a bucket")
	case strings.Contains(u.Host, ":"):
		return fail("names a bucket, not a host and port (those go into endpoint=)")
	case u.Fragment != "":
		return fail("has no fragment (in a prefix, # is written %%23)")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fail("has to have a query of the form key=value&key=value, with special characters escaped")
	}
	c := Config{Bucket: u.Host, Root: u.Path}
	if err := c.setQuery(query); err != nil {
		return fail("%w", err)
	}
	checked := c
	if err := checked.check(); err != nil {
		return Config{}, fmt.Errorf("the s3:// URL: %w", err)
	}
	return c, nil
}

// elsewhere is where credentials belong.
const elsewhere = "they come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), " +
	"a profile (profile=…) or the role of the machine"

func (c *Config) setQuery(query url.Values) error {
	texts := map[string]*string{"region": &c.Region, "endpoint": &c.Endpoint, "profile": &c.Profile}
	switches := map[string]*bool{
		"path-style": &c.PathStyle, "anonymous": &c.Anonymous, "skip-verify": &c.SkipVerify,
		"dual-stack": &c.UseDualStack, "fips": &c.UseFIPS, "accelerate": &c.Accelerate,
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		text, isText := texts[key]
		on, isSwitch := switches[key]
		switch values := query[key]; {
		case objectstore.Secretive(key):
			return errors.New("takes no credentials, " + elsewhere)
		case !isText && !isSwitch:
			known := slices.Concat(slices.Collect(maps.Keys(texts)), slices.Collect(maps.Keys(switches)))
			slices.Sort(known)
			return fmt.Errorf("does not have the key %q; it has %s", key, strings.Join(known, ", "))
		case len(values) > 1:
			return fmt.Errorf("has the key %s only once", key)
		case values[0] == "":
			return fmt.Errorf("has no empty value of %s", key)
		case isText:
			*text = values[0]
		default:
			if err := parseSwitch(on, values[0]); err != nil {
				return fmt.Errorf("has the key %s, which is %w", key, err)
			}
		}
	}
	return nil
}
