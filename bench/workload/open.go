package workload

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/blobsweep/blobsweep/drivers/oss"
	"github.com/blobsweep/blobsweep/drivers/s3"
)

// OpenSink makes a Sink of what users of the command name a registry by: a
// directory, which need not be there yet, or a file://, s3:// or oss:// URL.
// Credentials come from the environment. Nothing is sent to an object store.
func OpenSink(ctx context.Context, target string) (Sink, error) {
	scheme, _, isURL := strings.Cut(target, "://")
	if !isURL {
		if target == "" {
			return nil, errors.New("workload: nothing is named to write to: give a directory, or an s3:// or oss:// URL")
		}
		return Dir(target), nil
	}
	u, err := url.Parse(target)
	if err != nil {
		// The URL may hold a password, so it is not shown.
		return nil, fmt.Errorf("workload: this is no %s:// URL that can be read", scheme)
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" || u.Path == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return nil, errors.New("workload: write file:///absolute/directory, with three slashes and nothing else")
		}
		return Dir(u.Path), nil
	case "s3":
		c, err := s3.ParseURL(u)
		if err != nil {
			return nil, fmt.Errorf("workload: %w", err)
		}
		return S3(ctx, c)
	case "oss":
		c, err := oss.ParseURL(u)
		if err != nil {
			return nil, fmt.Errorf("workload: %w", err)
		}
		return OSS(c)
	}
	return nil, fmt.Errorf("workload: cannot write to the scheme %s://; write to a directory, or to an s3:// or oss:// URL", u.Scheme)
}
