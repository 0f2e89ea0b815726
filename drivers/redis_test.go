package drivers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// How the registry reaches its Redis, in the words of version 3 and of version
// 2, and in the environment's.
func TestRedis(t *testing.T) {
	root := registry(t)
	cached := filesystem(root) + "  cache:\n    blobdescriptor: redis\n"
	for _, test := range []struct {
		name, content string
		env           map[string]string
		addrs         []string
		password      string
	}{
		{"version 3", cached + "redis:\n  addrs: [a:1, b:2]\n  password: own\n", nil, []string{"a:1", "b:2"}, "own"},
		{"version 2", cached + "redis:\n  addr: a:1\n  password: own\n  dialtimeout: 10ms\n  pool: {maxidle: 1}\n  tls: {enabled: false}\n", nil, []string{"a:1"}, "own"},
		{"version 2 with TLS", cached + "redis:\n  addr: a:1\n  tls:\n    enabled: true\n", nil, nil, ""},
		{"nothing", cached, nil, nil, ""},
		{"overrides of version 3", cached + "redis:\n  addrs: [a:1]\n", map[string]string{"REGISTRY_REDIS_ADDRS": "[b:2]", "REGISTRY_REDIS_PASSWORD": "env"}, []string{"b:2"}, "env"},
		{"overrides of version 2", cached + "redis:\n  addr: a:1\n", map[string]string{"REGISTRY_REDIS_ADDR": "b:2", "REGISTRY_REDIS_PASSWORD": "env"}, []string{"b:2"}, "env"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			r := open(t, write(t, t.TempDir(), "config.yml", test.content), root)
			if r.Redis == nil {
				t.Fatal("there is none")
			}
			if diff := cmp.Diff(test.addrs, r.Redis.Options.Addrs); diff != "" {
				t.Error(diff)
			}
			if r.Redis.Options.Password != test.password {
				t.Errorf("password %q, want %q", r.Redis.Options.Password, test.password)
			}
		})
	}
	// A redis section alone is of no account here.
	if r := open(t, write(t, t.TempDir(), "config.yml", filesystem(root)+"redis:\n  addrs: [a:1]\n"), root); r.Redis != nil || r.Cache != "" {
		t.Errorf("cache %q, redis %v", r.Cache, r.Redis)
	}
}
