package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/redis/go-redis/v9"
)

// ErrNoAddress says that a registry's configuration has a redis section without
// addresses, or none. A registry that is to cache in Redis does not start with
// it.
var ErrNoAddress = errors.New("redis.addrs names no server")

// tlsFiles are what redis-cli is told of certificates.
type tlsFiles struct {
	on               bool
	ca               string
	certificate, key string
}

// Open makes a store of the redis section of a registry's configuration, read
// as the registry reads it: one address is a single server, several are a
// cluster, and with mastername they are sentinels. It fails when files with
// certificates cannot be read, and sends nothing: whether the server can be
// reached shows when it is asked.
//
// What only matters to a server of many requests is left out: the sizes of the
// pool, and reading from replicas. Timeouts and retries are this package's own,
// since a batch is no single command: what does not answer for five seconds has
// failed.
func Open(c configuration.Redis) (*Store, error) {
	if len(c.Options.Addrs) == 0 {
		return nil, ErrNoAddress
	}
	o := c.Options
	opts := redis.UniversalOptions{
		Addrs:            o.Addrs,
		ClientName:       o.ClientName,
		DB:               o.DB,
		Protocol:         o.Protocol,
		Username:         o.Username,
		Password:         o.Password,
		SentinelUsername: o.SentinelUsername,
		SentinelPassword: o.SentinelPassword,
		MaxRedirects:     o.MaxRedirects,
		MasterName:       o.MasterName,
		DisableIdentity:  o.DisableIdentity,
		IdentitySuffix:   o.IdentitySuffix,
	}
	config, files, err := readTLS(c.TLS)
	if err != nil {
		return nil, err
	}
	opts.TLSConfig = config
	return open(opts, files, timeout), nil
}

// readTLS reads the certificates, under the conditions of the registry: one of
// the three settings turns TLS on, and a certificate without its key, or a key
// alone, is not used.
func readTLS(c configuration.RedisTLSOptions) (*tls.Config, tlsFiles, error) {
	var files tlsFiles
	if c.Certificate == "" && c.Key == "" && len(c.RootCAs) == 0 {
		return nil, files, nil
	}
	config := &tls.Config{}
	files.on = true
	if c.Certificate != "" && c.Key != "" {
		pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err != nil {
			return nil, files, fmt.Errorf("redis.tls.certificate and redis.tls.key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
		files.certificate, files.key = c.Certificate, c.Key
	}
	for _, file := range c.RootCAs {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, files, fmt.Errorf("redis.tls.rootcas: %w", err)
		}
		if config.RootCAs == nil {
			config.RootCAs = x509.NewCertPool()
			files.ca = file
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, files, fmt.Errorf("redis.tls.rootcas: %s holds no certificate", file)
		}
	}
	return config, files, nil
}

// timeout is how long a server may say nothing.
const timeout = 5 * time.Second

// open makes a client that gives up when its context ends. Sentinels do not see
// the context: for them the timeout counts.
func open(opts redis.UniversalOptions, files tlsFiles, timeout time.Duration) *Store {
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout = timeout, timeout, timeout
	opts.MaxRetries = 1 // for a connection that was closed meanwhile
	opts.ContextTimeoutEnabled = true
	opts.Dialer = dialer(opts)
	return &Store{redis.NewUniversalClient(&opts), remedy(&opts, files, len(opts.Addrs) > 1)}
}

// dialer connects as the client would, but no longer than the context lasts,
// the handshake of TLS included.
func dialer(opts redis.UniversalOptions) func(context.Context, string, string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: opts.DialTimeout}
	if opts.TLSConfig == nil {
		return plain.DialContext
	}
	return (&tls.Dialer{NetDialer: plain, Config: opts.TLSConfig}).DialContext
}
