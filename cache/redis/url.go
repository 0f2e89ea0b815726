package redis

import (
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
// password is used where the URL has none. Other parameters of go-redis are
// taken, and of no use here. Errors hold nothing of the URL but the names of its parameters. It
// sends nothing.
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
	opts, err := parse(text, u)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "redis: "))
	}
	if opts.Password == "" {
		opts.Password = password
	}
	return open(*opts, tlsFiles{on: opts.TLSConfig != nil}, timeout), nil
}

// parse translates to the options that are the same for all three.
func parse(text string, u *url.URL) (*redis.UniversalOptions, error) {
	switch q := u.Query(); {
	case q.Has("master_name"):
		o, err := redis.ParseFailoverURL(text)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			Addrs: o.SentinelAddrs, MasterName: o.MasterName, DB: o.DB, TLSConfig: o.TLSConfig,
			Username: o.Username, Password: o.Password,
			SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
		}, nil
	case q.Has("addr"):
		o, err := redis.ParseClusterURL(text)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			Addrs: o.Addrs, IsClusterMode: true, TLSConfig: o.TLSConfig,
			Username: o.Username, Password: o.Password,
		}, nil
	}
	o, err := redis.ParseURL(text)
	if err != nil {
		return nil, err
	}
	return &redis.UniversalOptions{
		Addrs: []string{o.Addr}, DB: o.DB, TLSConfig: o.TLSConfig,
		Username: o.Username, Password: o.Password,
	}, nil
}
