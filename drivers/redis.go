package drivers

import (
	"fmt"
	"os"

	"github.com/distribution/distribution/v3/configuration"
	"go.yaml.in/yaml/v2"
)

// oldRedis is the redis section of a registry of version 2, as far as it is not
// that of version 3: one address.
type oldRedis struct {
	Redis struct {
		Addr string `yaml:"addr"`
		TLS  struct {
			Enabled bool `yaml:"enabled"`
		} `yaml:"tls"`
	} `yaml:"redis"`
}

// redisOf is the redis section of a configuration. It may come out without an
// address: that of a registry of version 2 with TLS cannot be said in the terms
// of version 3, and is not to be taken for one without.
func redisOf(content []byte, config configuration.Redis) (*configuration.Redis, error) {
	if len(config.Options.Addrs) > 0 {
		return &config, nil
	}
	var old oldRedis
	if err := yaml.Unmarshal(content, &old); err != nil {
		return nil, fmt.Errorf("the redis section: %w", err)
	}
	if addr := os.Getenv("REGISTRY_REDIS_ADDR"); addr != "" {
		old.Redis.Addr = addr
	}
	if old.Redis.Addr != "" && !old.Redis.TLS.Enabled {
		config.Options.Addrs = []string{old.Redis.Addr}
	}
	return &config, nil
}
