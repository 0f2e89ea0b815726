package redis

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/redis/go-redis/v9"
)

func section(addrs ...string) configuration.Redis {
	return configuration.Redis{Options: configuration.RedisOptions{Addrs: addrs}}
}

// The kind of client is the one that the registry makes.
func TestKinds(t *testing.T) {
	kind := func(s *Store) string {
		switch client := s.client.(type) {
		case *redis.ClusterClient:
			return "cluster"
		case *redis.Client:
			if client.Options().Addr == "FailoverClient" {
				return "sentinel"
			}
			return client.Options().Addr
		}
		return "another"
	}
	sentinel := section("a:1", "b:2")
	sentinel.Options.MasterName, sentinel.Options.RouteRandomly = "m", true
	for want, c := range map[string]configuration.Redis{
		"a:1": section("a:1"), "cluster": section("a:1", "b:2"), "sentinel": sentinel,
	} {
		s, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		if got := kind(s); got != want {
			t.Errorf("%v: %s, want %s", c.Options.Addrs, got, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for text, want := range map[string]string{
		"redis://a":                            "a:6379",
		"REDISS://a:1/2":                       "a:1",
		"redis://a:1?addr=b:2":                 "cluster",
		"redis://a:1/0?master_name=m&addr=b:2": "sentinel",
	} {
		s, err := OpenURL(text, "")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := kind(s); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOptions(t *testing.T) {
	c := section("a:1")
	c.Options.DB, c.Options.Username, c.Options.Password = 3, "u", "p"
	c.Options.ReadTimeout, c.Options.WriteTimeout, c.Options.DialTimeout = 10*time.Millisecond, -1, time.Minute
	c.Options.MinIdleConns = 7
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	o := s.client.(*redis.Client).Options()
	if o.DB != 3 || o.Username != "u" || o.Password != "p" || o.TLSConfig != nil || !o.ContextTimeoutEnabled || o.MinIdleConns != 0 {
		t.Errorf("%+v", o)
	}
	// No batch is answered in 10 ms, and none is waited for without end.
	if o.ReadTimeout != timeout || o.WriteTimeout != timeout || o.DialTimeout != timeout {
		t.Errorf("timeouts %v, %v, %v", o.ReadTimeout, o.WriteTimeout, o.DialTimeout)
	}
	if _, err := Open(configuration.Redis{}); !errors.Is(err, ErrNoAddress) {
		t.Errorf("without addresses: %v", err)
	}
}

func TestPasswords(t *testing.T) {
	for _, test := range []struct{ url, password, want string }{
		{"redis://a", "env", "env"}, {"redis://:own@a", "env", "own"}, {"redis://a", "", ""},
	} {
		s, err := OpenURL(test.url, test.password)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.client.(*redis.Client).Options().Password; got != test.want {
			t.Errorf("%s: %q, want %q", test.url, got, test.want)
		}
		if strings.Contains(s.Remedy(), test.want) && test.want != "" {
			t.Errorf("the remedy shows the password: %s", s.Remedy())
		}
	}
}

func TestBadURLs(t *testing.T) {
	for _, text := range []string{"", "localhost:6379", "http://:hushed@a", "redis://:hushed@", "redis:a", "redis://x/hushed@a:1", "redis://:hushed@a:b", "redis://:hushed@a/b",
		"redis://:hushed@a/1/2", "redis://:hushed@a?fast=1", "redis://:hushed@a?db=x", "redis://:hushed@a?read_timeout=x", "redis://:hushed@a?addr=b&x=1", "unix:///tmp/x"} {
		if _, err := OpenURL(text, ""); err == nil || strings.Contains(err.Error(), "hushed") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TLS is on under the conditions of the registry.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	absent, empty, ca := filepath.Join(dir, "absent"), file("empty", ""), file("ca", testCA)
	for _, test := range []struct {
		name string
		tls  configuration.RedisTLSOptions
		on   bool
		err  string
	}{
		{"nothing", configuration.RedisTLSOptions{}, false, ""},
		{"authorities", configuration.RedisTLSOptions{RootCAs: []string{ca}}, true, ""},
		{"a key alone", configuration.RedisTLSOptions{Key: absent}, true, ""},
		{"a certificate alone", configuration.RedisTLSOptions{Certificate: absent}, true, ""},
		{"no file", configuration.RedisTLSOptions{RootCAs: []string{ca, absent}}, false, "redis.tls.rootcas: open "},
		{"no certificate in it", configuration.RedisTLSOptions{RootCAs: []string{empty}}, false, "empty holds no certificate"},
		{"no pair", configuration.RedisTLSOptions{Certificate: empty, Key: empty}, false, "redis.tls.certificate and redis.tls.key: "},
	} {
		c := section("a:1")
		c.TLS = test.tls
		s, err := Open(c)
		switch {
		case err != nil && (test.err == "" || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s: %v, want %q", test.name, err, test.err)
		case err == nil && test.err != "":
			t.Errorf("%s: no error, want %q", test.name, test.err)
		case err == nil && (s.client.(*redis.Client).Options().TLSConfig != nil) != test.on:
			t.Errorf("%s: TLS is not %v", test.name, test.on)
		}
	}
}

func TestRemedy(t *testing.T) {
	sentinel := section("s:26379")
	sentinel.Options.MasterName = "my master"
	secured := section("h:6380")
	secured.Options.Username, secured.Options.DB = "ann", 2
	files := tlsFiles{on: true, ca: "/ca.pem", certificate: "/c.pem", key: "/k.pem"}
	for _, test := range []struct {
		c     configuration.Redis
		files tlsFiles
		want  string
	}{
		{section("h"), tlsFiles{}, `for pattern in 'blobs::*' 'repository::*'; do
  redis-cli -h h --scan --pattern "$pattern" | xargs -r -n 500 redis-cli -h h unlink
done`},
		{secured, files, `for pattern in 'blobs::*' 'repository::*'; do
  redis-cli -h h -p 6380 -n 2 --user ann --tls --cacert /ca.pem --cert /c.pem --key /k.pem --scan --pattern "$pattern" | xargs -r -n 500 redis-cli -h h -p 6380 -n 2 --user ann --tls --cacert /ca.pem --cert /c.pem --key /k.pem unlink
done`},
		{section("h:1", "h:2"), tlsFiles{}, `for node in $(redis-cli -h h -p 1 cluster nodes | awk '$3 ~ /master/ { sub(/@.*/, "", $2); print $2 }'); do
  for pattern in 'blobs::*' 'repository::*'; do
    redis-cli -h "${node%:*}" -p "${node##*:}" --scan --pattern "$pattern" | xargs -r -n 1 redis-cli -h "${node%:*}" -p "${node##*:}" unlink
  done
done`},
		{sentinel, tlsFiles{}, `set -- $(redis-cli -h s -p 26379 sentinel get-master-addr-by-name 'my master')
for pattern in 'blobs::*' 'repository::*'; do
  redis-cli -h "$1" -p "$2" --scan --pattern "$pattern" | xargs -r -n 500 redis-cli -h "$1" -p "$2" unlink
done`},
	} {
		o := test.c.Options
		got := remedy(&redis.UniversalOptions{Addrs: o.Addrs, MasterName: o.MasterName, DB: o.DB, Username: o.Username}, test.files, len(o.Addrs) > 1)
		if got != test.want {
			t.Errorf("got\n%s\nwant\n%s", got, test.want)
		}
	}
	if got := quote("it's"); got != `'it'\''s'` {
		t.Errorf("quoted: %s", got)
	}
}

// testCA is a certificate that nothing trusts.
const testCA = `-----BEGIN CERTIFICATE-----
MIIBJDCBy6ADAgECAgEBMAoGCCqGSM49BAMCMAAwIhgPMDAwMTAxMDEwMDAwMDBa
GA8yMTIwMDEwMTAwMDAwMFowADBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCH2
CxjMAt9T99ByWk3B+CY+FnBfCyQGt3HZSkkWefzhhsp15t5uaxNFQ3vtzW9Ydun0
y0BvXIXpxdb0sLMMa6KjMjAwMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFKcr
4yio8cqRoDh3Pfq0XeqUv5KIMAoGCCqGSM49BAMCA0gAMEUCIQCaQINvhZ2HykcH
g85qrD3PLSj0xu9pAMp+RlZbyv3y1QIgWDBPsi9zoqkk8D77hIxiF+zTatuuMlY1
gVtzgft0N8s=
-----END CERTIFICATE-----
`
