package redis

import (
	"crypto/tls"
	"errors"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// OpenURL makes a store of a URL:
//
//	redis://host:6379/0                                 a single server, and a database
//	rediss://user@host:6380                             with TLS, and a user
//	redis://host:6379?addr=host2:6379                   a cluster
//	redis://host:26379/0?master_name=m&addr=host2:26379 sentinels
//
// User and password are those of the servers, and password is used where the URL
// has none: sentinels are asked without. Errors hold nothing of the URL but the
// names of its parameters. It sends nothing.
func OpenURL(text, password string) (*Store, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("it is no URL that can be read; write redis://host:6379/0, special characters escaped")
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" {
		return nil, errors.New("it must begin with redis:// or rediss://")
	}
	if u.Host == "" || u.Opaque != "" {
		return nil, errors.New("it names no host; write redis://host:6379/0")
	}
	if db := strings.Trim(u.Path, "/"); strings.Trim(db, "0123456789") != "" { // or a part of a password with a slash
		return nil, errors.New("what follows the host is no number of a database; special characters in a password must be escaped")
	}
	query := u.Query()
	addrs, master := query["addr"], query.Get("master_name")
	query.Del("addr")
	query.Del("master_name")
	u.RawQuery = query.Encode()
	o, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "redis: "))
	}
	if o.Password == "" {
		o.Password = password
	}
	return open(redis.UniversalOptions{
		Addrs: append([]string{o.Addr}, addrs...), MasterName: master, DB: o.DB,
		Username: o.Username, Password: o.Password, TLSConfig: withoutName(o.TLSConfig),
	}, tlsFiles{on: o.TLSConfig != nil}, timeout), nil
}

// withoutName lets each server be verified by its own address: that of the URL
// is not the only one.
func withoutName(config *tls.Config) *tls.Config {
	if config != nil {
		config.ServerName = ""
	}
	return config
}
