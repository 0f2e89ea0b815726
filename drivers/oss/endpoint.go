package oss

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// resolveEndpoint makes the endpoint a URL without the bucket in it, and learns
// from it what it tells.
func (c *Config) resolveEndpoint() error {
	endpoint := c.Endpoint
	if !strings.Contains(endpoint, "://") {
		scheme := "https://"
		if c.Insecure {
			scheme = "http://"
		}
		endpoint = scheme + endpoint
	}
	u, err := url.Parse(endpoint)
	// What cannot be read may hold a password, so it is not shown.
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" ||
		u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("the endpoint is not of the form https://host:port, without user, path, query or fragment")
	}
	if !c.CName {
		u.Host = strings.TrimPrefix(u.Host, c.Bucket+".")
	}
	c.Endpoint = u.Scheme + "://" + u.Host
	c.Insecure, c.Internal = u.Scheme == "http", false
	if u.Hostname() == "localhost" {
		c.PathStyle, c.CName = true, false
	}
	if c.Region == "" {
		c.Region = regionOf(u.Hostname())
	}
	return nil
}

// regional are the endpoints of a region.
// Source: "Regions and endpoints", OSS user guide.
var regional = regexp.MustCompile(`^(?:vpc100-)?oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$`)

// regionOf is the region that a host tells, if any.
func regionOf(host string) string {
	m := regional.FindStringSubmatch(host)
	if m == nil || strings.HasPrefix(m[1], "accelerate") {
		return ""
	}
	return m[1]
}

// ownDomain tells whether an endpoint with no more than a host in it is neither
// Alibaba's nor one that the bucket's name goes in front of.
func ownDomain(endpoint, bucket string) bool {
	host := endpoint
	if _, after, found := strings.Cut(host, "://"); found {
		host = after
	}
	host, _, _ = strings.Cut(host, "/")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host != "" && host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil &&
		!strings.HasSuffix(host, ".aliyuncs.com") && !strings.HasPrefix(host, bucket+".")
}
